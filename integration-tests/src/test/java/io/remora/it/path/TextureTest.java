// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import io.remora.it.remote.DeviceAddress;
import java.nio.file.Path;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUDA_ARRAY3D_DESCRIPTOR;
import jcuda.driver.CUDA_ARRAY_DESCRIPTOR;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUDA_MEMCPY3D;
import jcuda.driver.CUDA_RESOURCE_DESC;
import jcuda.driver.CUDA_RESOURCE_VIEW_DESC;
import jcuda.driver.CUDA_TEXTURE_DESC;
import jcuda.driver.CUaddress_mode;
import jcuda.driver.CUarray;
import jcuda.driver.CUarray_format;
import jcuda.driver.CUfilter_mode;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresourcetype;
import jcuda.driver.CUresult;
import jcuda.driver.CUsurfObject;
import jcuda.driver.CUtexObject;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Arrays, textures and surfaces by the Java client, through the whole path. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TextureTest {
  private static final int WIDTH = 6;
  private static final int HEIGHT = 4;

  /**
   * Writes the texel between each two neighbours of a row to a surface, and the first to memory.
   */
  private static final String KERNEL =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .visible .entry halfway(.param .u64 texture, .param .u64 surface, .param .u64 out)
      {
        .reg .b64 %t, %s, %o; .reg .b32 %x, %y; .reg .f32 %fx, %fy, %v<5>;
        ld.param.u64 %t, [texture];
        ld.param.u64 %s, [surface];
        ld.param.u64 %o, [out];
        mov.u32 %x, %tid.x;
        mov.u32 %y, %ctaid.x;
        cvt.rn.f32.u32 %fx, %x;
        cvt.rn.f32.u32 %fy, %y;
        add.f32 %fx, %fx, 0f3F800000;
        add.f32 %fy, %fy, 0f3F000000;
        tex.2d.v4.f32.f32 {%v1, %v2, %v3, %v4}, [%t, {%fx, %fy}];
        shl.b32 %x, %x, 2;
        sust.b.2d.b32.trap [%s, {%x, %y}], {%v1};
        st.global.f32 [%o], %v1;
        ret;
      }
      """;

  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) {
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private static CUarray array(TestSession session, int flags) {
    CUDA_ARRAY3D_DESCRIPTOR shape = new CUDA_ARRAY3D_DESCRIPTOR();
    shape.Width = WIDTH;
    shape.Height = HEIGHT;
    shape.Format = CUarray_format.CU_AD_FORMAT_FLOAT;
    shape.NumChannels = 1;
    shape.Flags = flags;
    CUarray array = new CUarray();
    session.expectSuccess(session.cuda().cuArray3DCreate(array, shape));
    CUDA_ARRAY_DESCRIPTOR found = new CUDA_ARRAY_DESCRIPTOR();
    session.expectSuccess(session.cuda().cuArrayGetDescriptor(found, array));
    assertThat(found.Width).isEqualTo(WIDTH);
    return array;
  }

  private static float[] texels() {
    float[] texels = new float[WIDTH * HEIGHT];
    for (int i = 0; i < texels.length; i++) {
      texels[i] = i * i;
    }
    return texels;
  }

  private static CUDA_MEMCPY2D upload(float[] texels, CUarray array) {
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
    copy.srcHost = Pointer.to(texels);
    copy.srcPitch = WIDTH * 4;
    copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_ARRAY;
    copy.dstArray = array;
    copy.WidthInBytes = WIDTH * 4;
    copy.Height = HEIGHT;
    return copy;
  }

  private static CUDA_RESOURCE_DESC resource(CUarray array) {
    CUDA_RESOURCE_DESC resource = new CUDA_RESOURCE_DESC();
    resource.resType = CUresourcetype.CU_RESOURCE_TYPE_ARRAY;
    resource.array_hArray = array;
    return resource;
  }

  @Test
  void aKernelReadsATextureWithFilteringAndWritesASurface() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      CUarray source = array(session, 0);
      CUarray target = array(session, JCudaDriver.CUDA_ARRAY3D_SURFACE_LDST);
      float[] texels = texels();
      session.expectSuccess(session.cuda().cuMemcpy2D(upload(texels, source)));
      CUDA_TEXTURE_DESC how = new CUDA_TEXTURE_DESC();
      how.filterMode = CUfilter_mode.CU_TR_FILTER_MODE_LINEAR;
      how.addressMode[0] = CUaddress_mode.CU_TR_ADDRESS_MODE_CLAMP;
      how.addressMode[1] = CUaddress_mode.CU_TR_ADDRESS_MODE_CLAMP;
      CUtexObject texture = new CUtexObject();
      CUsurfObject surface = new CUsurfObject();
      session.expectSuccess(session.cuda().cuTexObjectCreate(texture, resource(source), how, null));
      session.expectSuccess(session.cuda().cuSurfObjectCreate(surface, resource(target)));
      expectDescriptions(session, texture, surface, source, target);
      CUmodule module = new CUmodule();
      CUfunction function = new CUfunction();
      session.expectSuccess(session.cuda().cuModuleLoadData(module, KERNEL));
      session.expectSuccess(session.cuda().cuModuleGetFunction(function, module, "halfway"));
      DeviceAddress out = session.allocateZeros(4);
      session.expectSuccess(
          session.launch(
              function,
              HEIGHT,
              WIDTH,
              null,
              Pointer.to(texture),
              Pointer.to(surface),
              Pointer.to(out)));
      session.expectSuccess(session.cuda().cuTexObjectDestroy(texture));
      session.expect(
          session.cuda().cuTexObjectGetTextureDesc(new CUDA_TEXTURE_DESC(), texture),
          CUresult.CUDA_ERROR_INVALID_VALUE);
      session.expectSuccess(session.cuda().cuSurfObjectDestroy(surface));
      float[] read = new float[WIDTH * HEIGHT];
      session.expectSuccess(
          session.cuda().cuMemcpyAtoH(Pointer.to(read), target, 0, read.length * 4L));
      for (int i = 0; i < read.length; i++) {
        float next = i % WIDTH == WIDTH - 1 ? texels[i] : texels[i + 1];
        assertThat(read[i]).isEqualTo((texels[i] + next) / 2);
      }
      session.expectSuccess(session.cuda().cuArrayDestroy(source));
      session.expectSuccess(session.cuda().cuArrayDestroy(target));
      session.expect(session.cuda().cuArrayDestroy(target), CUresult.CUDA_ERROR_INVALID_HANDLE);
    }
  }

  private static void expectDescriptions(
      TestSession session,
      CUtexObject texture,
      CUsurfObject surface,
      CUarray source,
      CUarray target) {
    CUDA_TEXTURE_DESC how = new CUDA_TEXTURE_DESC();
    CUDA_RESOURCE_DESC what = new CUDA_RESOURCE_DESC();
    session.expectSuccess(session.cuda().cuTexObjectGetTextureDesc(how, texture));
    assertThat(how.filterMode).isEqualTo(CUfilter_mode.CU_TR_FILTER_MODE_LINEAR);
    assertThat(how.addressMode[1]).isEqualTo(CUaddress_mode.CU_TR_ADDRESS_MODE_CLAMP);
    session.expectSuccess(session.cuda().cuTexObjectGetResourceDesc(what, texture));
    assertThat(what.array_hArray).isEqualTo(source);
    session.expectSuccess(session.cuda().cuSurfObjectGetResourceDesc(what, surface));
    assertThat(what.array_hArray).isEqualTo(target);
    session.expect(
        session.cuda().cuTexObjectGetResourceViewDesc(new CUDA_RESOURCE_VIEW_DESC(), texture),
        CUresult.CUDA_ERROR_INVALID_VALUE);
  }

  @Test
  void boxesAreCopiedAndWhatDoesNotFitIsRefused() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      CUDA_ARRAY3D_DESCRIPTOR shape = new CUDA_ARRAY3D_DESCRIPTOR();
      shape.Width = WIDTH;
      shape.Height = 2;
      shape.Depth = 2;
      shape.Format = CUarray_format.CU_AD_FORMAT_FLOAT;
      shape.NumChannels = 1;
      CUarray array = new CUarray();
      session.expectSuccess(session.cuda().cuArray3DCreate(array, shape));
      float[] texels = texels();
      session.expectSuccess(
          session.cuda().cuMemcpyHtoA(array, 0, Pointer.to(texels), texels.length * 4L));
      float[] read = new float[4];
      CUDA_MEMCPY3D copy = new CUDA_MEMCPY3D();
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_ARRAY;
      copy.srcArray = array;
      copy.srcXInBytes = 4;
      copy.srcY = 1;
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
      copy.dstHost = Pointer.to(read);
      copy.dstPitch = 8;
      copy.dstHeight = 1;
      copy.WidthInBytes = 8;
      copy.Height = 1;
      copy.Depth = 2;
      session.expectSuccess(session.cuda().cuMemcpy3D(copy));
      assertThat(read).containsExactly(texels[7], texels[8], texels[19], texels[20]);
      copy.srcZ = 1;
      session.expect(session.cuda().cuMemcpy3D(copy), CUresult.CUDA_ERROR_INVALID_VALUE);
      session.expect(
          session.cuda().cuMemcpyHtoA(array, 4, Pointer.to(texels), WIDTH * 4L),
          CUresult.CUDA_ERROR_NOT_SUPPORTED);
    }
  }
}
