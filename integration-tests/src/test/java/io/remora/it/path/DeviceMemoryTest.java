// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.RemoteCuda;
import io.remora.it.process.ServerProcess;
import io.remora.it.remote.DeviceAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY3D_PEER;
import jcuda.driver.CUaccessPolicyWindow;
import jcuda.driver.CUarray_format;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUmemAccessDesc;
import jcuda.driver.CUmemAccess_flags;
import jcuda.driver.CUmemAllocationProp;
import jcuda.driver.CUmemAllocationType;
import jcuda.driver.CUmemGenericAllocationHandle;
import jcuda.driver.CUmemLocation;
import jcuda.driver.CUmemLocationType;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUpointer_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamAttrID;
import jcuda.driver.CUstreamAttrValue;
import jcuda.driver.CUstreamWaitValue_flags;
import jcuda.driver.CUsynchronizationPolicy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Memory and streams by the Java client, on a server with two devices. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeviceMemoryTest {
  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) throws Exception {
    Path config = folder.resolve("server.yaml");
    Files.writeString(config, "software: {devices: 2, memory: 1GiB}\n");
    server = ServerProcess.start(folder, List.of(), List.of("--config", config.toString()));
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private static CUmemLocation firstDevice() {
    return new CUmemLocation(CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, 0);
  }

  private static CUmemAllocationProp pinned() {
    CUmemAllocationProp prop = new CUmemAllocationProp();
    prop.type = CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED;
    prop.location = firstDevice();
    return prop;
  }

  private static CUmemGenericAllocationHandle create(TestSession session, long bytes) {
    CUmemGenericAllocationHandle handle = new CUmemGenericAllocationHandle();
    session.expectSuccess(session.cuda().cuMemCreate(handle, bytes, pinned(), 0));
    return handle;
  }

  @Test
  void twoPiecesOfMemoryAreJoinedAndMovedToOtherAddresses() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      long[] granule = new long[1];
      session.expectSuccess(cuda.cuMemGetAllocationGranularity(granule, pinned(), 0));
      assertThat(granule[0]).isPositive();
      long size = granule[0];
      DeviceAddress old = new DeviceAddress();
      session.expectSuccess(cuda.cuMemAddressReserve(old, 2 * size, 0, new DeviceAddress(), 0));
      CUmemGenericAllocationHandle first = create(session, size);
      CUmemGenericAllocationHandle second = create(session, size);
      DeviceAddress middle = new DeviceAddress(old.value() + size);
      session.expectSuccess(cuda.cuMemMap(old, size, 0, first, 0));
      session.expectSuccess(cuda.cuMemMap(middle, size, 0, second, 0));
      CUmemAccessDesc[] both = {
        new CUmemAccessDesc(firstDevice(), CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
      };
      long[] access = new long[1];
      session.expectSuccess(cuda.cuMemGetAccess(access, firstDevice(), middle));
      assertThat(access[0]).isZero();
      session.expectSuccess(cuda.cuMemSetAccess(old, 2 * size, both, 1));
      session.expectSuccess(cuda.cuMemGetAccess(access, firstDevice(), middle));
      assertThat(access[0]).isEqualTo(CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
      session.expectSuccess(cuda.cuMemsetD32(new DeviceAddress(middle.value() - 4), 7, 2));

      CUmemAllocationProp found = new CUmemAllocationProp();
      session.expectSuccess(cuda.cuMemGetAllocationPropertiesFromHandle(found, second));
      assertThat(found.location.id).isZero();
      assertThat(found.type).isEqualTo(CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED);
      CUmemGenericAllocationHandle same = new CUmemGenericAllocationHandle();
      session.expectSuccess(cuda.cuMemRetainAllocationHandle(same, middle));
      assertThat(same).isEqualTo(second);
      session.expectSuccess(cuda.cuMemRelease(same));

      session.expectSuccess(cuda.cuMemUnmap(old, 2 * size));
      DeviceAddress place = new DeviceAddress();
      session.expectSuccess(cuda.cuMemAddressReserve(place, size, 0, new DeviceAddress(), 0));
      session.expectSuccess(cuda.cuMemMap(place, size, 0, second, 0));
      session.expectSuccess(cuda.cuMemSetAccess(place, size, both, 1));
      assertThat(session.readInt(place)).isEqualTo(7);
      session.expectSuccess(cuda.cuMemUnmap(place, size));
      session.expectSuccess(cuda.cuMemRelease(first));
      session.expectSuccess(cuda.cuMemRelease(second));
      session.expect(cuda.cuMemRelease(second), CUresult.CUDA_ERROR_INVALID_VALUE);
    }
  }

  @Test
  void memoryOfAKindThatThereIsNotIsRefused() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      CUmemAllocationProp forNetworkCards = pinned();
      forNetworkCards.allocFlags.gpuDirectRDMACapable = 1;
      CUmemGenericAllocationHandle handle = new CUmemGenericAllocationHandle();
      session.expect(
          session.cuda().cuMemCreate(handle, 1 << 21, forNetworkCards, 0),
          CUresult.CUDA_ERROR_NOT_SUPPORTED);
      assertThat(session.cuda().lastErrorDetail()).contains("GPUDirect RDMA");
      session.expect(
          session.cuda().cuMemCreate(handle, 1 << 21, new CUmemAllocationProp(), 0),
          CUresult.CUDA_ERROR_INVALID_VALUE);
      session.expect(
          session
              .cuda()
              .cuMemSetAccess(new DeviceAddress(), 1 << 21, new CUmemAccessDesc[] {null}, 1),
          CUresult.CUDA_ERROR_INVALID_VALUE);
    }
  }

  @Test
  void aStreamWaitsForTheWordThatAnotherOneWrites() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      DeviceAddress words = session.allocateZeros(32);
      DeviceAddress wide = new DeviceAddress(words.value() + 8);
      DeviceAddress after = new DeviceAddress(words.value() + 16);
      session.expectSuccess(cuda.cuCtxSynchronize());
      CUstream waiting = session.stream();
      CUstream writing = session.stream();
      session.expectSuccess(
          cuda.cuStreamWaitValue32(
              waiting, words, -3, CUstreamWaitValue_flags.CU_STREAM_WAIT_VALUE_EQ));
      session.expectSuccess(
          cuda.cuStreamWaitValue64(
              waiting, wide, 1L << 40, CUstreamWaitValue_flags.CU_STREAM_WAIT_VALUE_GEQ));
      session.expectSuccess(cuda.cuStreamWriteValue32(waiting, after, 21, 0));
      session.expectSuccess(cuda.cuStreamWriteValue32(writing, words, -3, 0));
      session.expectSuccess(cuda.cuStreamSynchronize(writing));
      session.expect(cuda.cuStreamQuery(waiting), CUresult.CUDA_ERROR_NOT_READY);
      session.expectSuccess(cuda.cuStreamWriteValue64(writing, wide, (1L << 40) + 5, 0));
      session.expectSuccess(cuda.cuStreamSynchronize(waiting));
      assertThat(session.readInt(after)).isEqualTo(21);
    }
  }

  @Test
  void attributesOfStreamsAreKeptForEachStream() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      CUstream stream = session.stream();
      CUstream other = session.stream();
      DeviceAddress base = session.allocate(1024);
      CUstreamAttrValue value = new CUstreamAttrValue();
      value.syncPolicy = CUsynchronizationPolicy.CU_SYNC_POLICY_YIELD;
      int policy = CUstreamAttrID.CU_STREAM_ATTRIBUTE_SYNCHRONIZATION_POLICY;
      int window = CUstreamAttrID.CU_STREAM_ATTRIBUTE_ACCESS_POLICY_WINDOW;
      session.expectSuccess(cuda.cuStreamSetAttribute(stream, policy, value));
      value.accessPolicyWindow = new CUaccessPolicyWindow(base, 1024, 0.5f, 2, 1);
      session.expectSuccess(cuda.cuStreamSetAttribute(stream, window, value));
      value.syncPolicy = 9;
      session.expect(
          cuda.cuStreamSetAttribute(stream, policy, value), CUresult.CUDA_ERROR_INVALID_VALUE);
      value.accessPolicyWindow.num_bytes = 1;

      CUstreamAttrValue found = new CUstreamAttrValue();
      session.expectSuccess(cuda.cuStreamGetAttribute(null, policy, found));
      assertThat(found.syncPolicy).isEqualTo(CUsynchronizationPolicy.CU_SYNC_POLICY_AUTO);
      session.expectSuccess(cuda.cuStreamCopyAttributes(other, stream));
      session.expectSuccess(cuda.cuStreamGetAttribute(other, policy, found));
      session.expectSuccess(cuda.cuStreamGetAttribute(other, window, found));
      assertThat(found.syncPolicy).isEqualTo(CUsynchronizationPolicy.CU_SYNC_POLICY_YIELD);
      assertThat(found.accessPolicyWindow.num_bytes).isEqualTo(1024);
      assertThat(found.accessPolicyWindow.hitRatio).isEqualTo(0.5f);
      int priority = 8;
      session.expect(
          cuda.cuStreamGetAttribute(other, priority, found), CUresult.CUDA_ERROR_NOT_SUPPORTED);
      session.expectSuccess(cuda.cuStreamDestroy(other));
      session.expect(
          cuda.cuStreamGetAttribute(other, policy, found), CUresult.CUDA_ERROR_INVALID_HANDLE);
      session.expectSuccess(cuda.cuCtxResetPersistingL2Cache());
    }
  }

  @Test
  void boxesGoFromOneDeviceToTheOtherAndKernelsDoNot() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      CUcontext here = new CUcontext();
      session.expectSuccess(cuda.cuCtxGetCurrent(here));
      DeviceAddress from = session.allocateZeros(64);
      session.writeInt(new DeviceAddress(from.value() + 20), 5);
      CUdevice device = new CUdevice();
      CUcontext there = new CUcontext();
      session.expectSuccess(cuda.cuDeviceGet(device, 1));
      session.expectSuccess(cuda.cuDevicePrimaryCtxRetain(there, device));
      session.expectSuccess(cuda.cuCtxSetCurrent(there));
      DeviceAddress to = session.allocateZeros(64);
      CUDA_MEMCPY3D_PEER copy = new CUDA_MEMCPY3D_PEER();
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.srcDevice = from;
      copy.srcContext = here;
      copy.srcPitch = 16;
      copy.srcXInBytes = 4;
      copy.srcHeight = 4;
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.dstDevice = to;
      copy.dstContext = there;
      copy.dstPitch = 8;
      copy.dstHeight = 2;
      copy.WidthInBytes = 4;
      copy.Height = 2;
      copy.Depth = 1;
      session.expectSuccess(cuda.cuMemcpy3DPeer(copy));
      assertThat(session.readInt(new DeviceAddress(to.value() + 8))).isEqualTo(5);
      copy.dstContext = here;
      session.expect(cuda.cuMemcpy3DPeer(copy), CUresult.CUDA_ERROR_INVALID_VALUE);
      copy.dstContext = null;
      session.expect(cuda.cuMemcpy3DPeer(copy), CUresult.CUDA_ERROR_INVALID_CONTEXT);

      session.expect(
          cuda.cuCtxEnablePeerAccess(here, 0), CUresult.CUDA_ERROR_PEER_ACCESS_UNSUPPORTED);
      session.expect(cuda.cuCtxEnablePeerAccess(here, 1), CUresult.CUDA_ERROR_INVALID_VALUE);
      session.expect(cuda.cuCtxEnablePeerAccess(there, 0), CUresult.CUDA_ERROR_INVALID_CONTEXT);
      session.expect(
          cuda.cuCtxDisablePeerAccess(here), CUresult.CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
      session.expect(cuda.cuCtxDisablePeerAccess(null), CUresult.CUDA_ERROR_INVALID_CONTEXT);
    }
  }

  @Test
  void severalAttributesOfAPointerAreAskedAtOnce() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      DeviceAddress memory = session.allocate(4096);
      int[] type = new int[1];
      int[] ordinal = new int[1];
      long[] size = new long[1];
      int[] attributes = {
        CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
        CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
        CUpointer_attribute.CU_POINTER_ATTRIBUTE_RANGE_SIZE
      };
      Pointer places = Pointer.to(Pointer.to(type), Pointer.to(ordinal), Pointer.to(size));
      session.expectSuccess(cuda.cuPointerGetAttributes(3, attributes, places, memory));
      assertThat(type[0]).isEqualTo(CUmemorytype.CU_MEMORYTYPE_DEVICE);
      assertThat(ordinal[0]).isZero();
      assertThat(size[0]).isEqualTo(4096);
      session.expectSuccess(
          cuda.cuPointerGetAttributes(3, attributes, places, new DeviceAddress(4096)));
      assertThat(type[0]).isZero();
      assertThat(ordinal[0]).as("CU_DEVICE_INVALID").isEqualTo(-2);
      assertThat(size[0]).isZero();
      session.expect(
          cuda.cuPointerGetAttributes(4, attributes, places, memory),
          CUresult.CUDA_ERROR_INVALID_VALUE);
    }
  }

  @Test
  void synchronousOperationsOnMemoryCanBeAskedToBeOver() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      DeviceAddress memory = session.allocate(4096);
      int attribute = CUpointer_attribute.CU_POINTER_ATTRIBUTE_SYNC_MEMOPS;
      DeviceAddress inside = new DeviceAddress(memory.value() + 100);
      byte[] found = new byte[1];
      session.expectSuccess(
          cuda.cuPointerSetAttribute(Pointer.to(new int[] {1}), attribute, inside));
      session.expectSuccess(cuda.cuPointerGetAttribute(Pointer.to(found), attribute, memory));
      assertThat(found[0]).isEqualTo((byte) 1);
      session.expectSuccess(
          cuda.cuPointerSetAttribute(Pointer.to(new byte[] {0}), attribute, memory));
      session.expectSuccess(cuda.cuPointerGetAttribute(Pointer.to(found), attribute, inside));
      assertThat(found[0]).isZero();
      session.expect(
          cuda.cuPointerSetAttribute(Pointer.to(new int[] {1}), attribute, new DeviceAddress(4096)),
          CUresult.CUDA_ERROR_INVALID_VALUE);
      int type = CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE;
      session.expect(
          cuda.cuPointerSetAttribute(Pointer.to(new int[] {1}), type, memory),
          CUresult.CUDA_ERROR_INVALID_VALUE);
    }
  }

  @Test
  void texturesOfLinearMemoryHaveALimitForEveryFormat() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      CUdevice device = new CUdevice();
      session.expectSuccess(cuda.cuDeviceGet(device, 0));
      long[] width = new long[1];
      session.expectSuccess(
          cuda.cuDeviceGetTexture1DLinearMaxWidth(
              width, CUarray_format.CU_AD_FORMAT_FLOAT, 4, device));
      assertThat(width[0]).isEqualTo(1 << 28);
      session.expect(
          cuda.cuDeviceGetTexture1DLinearMaxWidth(
              width, CUarray_format.CU_AD_FORMAT_FLOAT, 3, device),
          CUresult.CUDA_ERROR_INVALID_VALUE);
    }
  }
}
