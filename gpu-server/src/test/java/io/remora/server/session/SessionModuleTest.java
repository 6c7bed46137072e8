// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUresult;
import io.remora.v1.CuLaunchKernel;
import io.remora.v1.CuLaunchKernelEx;
import io.remora.v1.CuLibraryGetKernel;
import io.remora.v1.CuLibraryLoadData;
import io.remora.v1.CuLibraryUnload;
import io.remora.v1.CuModuleGetFunction;
import io.remora.v1.CuModuleGetGlobal;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.CuModuleUnload;
import io.remora.v1.LaunchAttribute;
import io.remora.v1.RemoraUploadImage;
import io.remora.v1.RemoteResult;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SessionModuleTest {
  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);

  @Test
  void anUnknownImageIsAskedForOnceAndThenKnownToEverySession() {
    byte[] image = "kernel:f:0".getBytes(StandardCharsets.UTF_8);
    CuModuleLoadData load = loadOf(image, harness.newHandle());

    assertThat(harness.answer(Calls.CU_MODULE_LOAD_DATA, load).getResult())
        .isEqualTo(RemoteResult.IMAGE_NEEDED_VALUE);
    upload(image, TestCalls.sha256(image));
    long sequence = harness.call(Calls.CU_MODULE_LOAD_DATA, load);
    assertThat(harness.isAnswered(sequence)).isFalse();
    harness.runLoads();
    assertThat(harness.answerTo(sequence).getResult()).isZero();
  }

  private static CuModuleLoadData loadOf(byte[] image, long handle) {
    return CuModuleLoadData.newBuilder()
        .setModule(handle)
        .setImageSha256(ByteString.copyFrom(TestCalls.sha256(image)))
        .setImageBytes(image.length)
        .build();
  }

  private void upload(byte[] image, byte[] sha256) {
    int half = image.length / 2;
    for (int part = 0; part < 2; part++) {
      int from = part * half;
      int bytes = part == 0 ? half : image.length - half;
      harness.call(
          Calls.REMORA_UPLOAD_IMAGE,
          RemoraUploadImage.newBuilder()
              .setSha256(ByteString.copyFrom(sha256))
              .setTotalBytes(image.length)
              .setOffset(from)
              .setData(ByteString.copyFrom(image, from, bytes))
              .build());
    }
  }

  @Test
  void anUploadThatDoesNotMatchItsHashIsRefused() {
    byte[] image = "kernel:f:0".getBytes(StandardCharsets.UTF_8);
    upload("kernel:g:0".getBytes(StandardCharsets.UTF_8), TestCalls.sha256(image));

    assertThat(harness.errors).hasSize(1);
    assertThat(harness.errors.get(0).getDetail()).contains("SHA-256");
    assertThat(
            harness
                .answer(Calls.CU_MODULE_LOAD_DATA, loadOf(image, harness.newHandle()))
                .getResult())
        .isEqualTo(RemoteResult.IMAGE_NEEDED_VALUE);
  }

  @Test
  void aModuleThatCannotBeCompiledSaysWhy() {
    byte[] image = "nonsense".getBytes(StandardCharsets.UTF_8);
    upload(image, TestCalls.sha256(image));
    long sequence = harness.call(Calls.CU_MODULE_LOAD_DATA, loadOf(image, harness.newHandle()));
    harness.runLoads();

    assertThat(harness.answerTo(sequence).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_PTX_VALUE);
    assertThat(harness.answerTo(sequence).getDetail()).isEqualTo("line 1");
  }

  @Test
  void otherCallsGoOnWhileAModuleIsCompiled() {
    byte[] image = "kernel:f:0".getBytes(StandardCharsets.UTF_8);
    upload(image, TestCalls.sha256(image));
    long sequence = harness.call(Calls.CU_MODULE_LOAD_DATA, loadOf(image, harness.newHandle()));

    assertThat(calls.allocate(100)).isNotZero();
    assertThat(harness.isAnswered(sequence)).isFalse();
    harness.runLoads();
    assertThat(harness.isAnswered(sequence)).isTrue();
  }

  @Test
  void variablesLieInTheSlabAndCannotBeFreed() throws InvalidProtocolBufferException {
    long module = calls.module("kernel:f:0 global:table:5000");
    CuModuleGetGlobal global =
        CuModuleGetGlobal.parseFrom(
            harness
                .answer(
                    Calls.CU_MODULE_GET_GLOBAL,
                    CuModuleGetGlobal.newBuilder().setHmod(module).setName("table").build())
                .getOutputs());

    assertThat(global.getBytes()).isEqualTo(5000);
    calls.upload(global.getDptr(), new byte[5000]);
    assertThat(harness.errors).isEmpty();
    calls.free(global.getDptr());
    assertThat(harness.errors).hasSize(1);
    harness.call(Calls.CU_MODULE_UNLOAD, CuModuleUnload.newBuilder().setHmod(module).build());
    assertThat(harness.domain().modulesLoaded).isEqualTo(1);
    harness.run();
    assertThat(harness.domain().modulesLoaded).isZero();
    assertThat(harness.ledger.reservedBytes()).isZero();
  }

  @Test
  void functionsEndWithTheirModule() {
    long module = calls.module("kernel:f:0");
    long function = calls.function(module, "f");
    calls.launch(function, 0, 1);
    harness.call(Calls.CU_MODULE_UNLOAD, CuModuleUnload.newBuilder().setHmod(module).build());
    calls.launch(function, 0, 2);

    assertThat(harness.errors).hasSize(1);
    assertThat(harness.errors.get(0).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    harness.run();
    assertThat(harness.domain().log).hasSize(1);
  }

  @Test
  void aLookUpTellsWhatALaunchNeeds() throws InvalidProtocolBufferException {
    long module = calls.module("kernel:f:24");
    CuModuleGetFunction get =
        CuModuleGetFunction.newBuilder()
            .setHfunc(harness.newHandle())
            .setHmod(module)
            .setName("f")
            .build();
    Answer answer = harness.answer(Calls.CU_MODULE_GET_FUNCTION, get);

    assertThat(CuModuleGetFunction.parseFrom(answer.getOutputs()).getInfo().getName())
        .isEqualTo("f");
    Answer again = harness.answer(Calls.CU_MODULE_GET_FUNCTION, get);
    assertThat(again.getResult()).isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    Answer missing =
        harness.answer(Calls.CU_MODULE_GET_FUNCTION, get.toBuilder().setName("g").build());
    assertThat(missing.getResult()).isEqualTo(CUresult.CUDA_ERROR_NOT_FOUND_VALUE);
  }

  @Test
  void launchesBeyondTheDeviceOrTheKernelAreRefused() {
    long function = calls.function(calls.module("kernel:f:8"), "f");
    CuLaunchKernel.Builder good =
        TestCalls.launchOf(function, 0, 1).setKernelParams(ByteString.copyFrom(new byte[8]));
    launch(good);
    assertThat(harness.errors).isEmpty();

    launch(good.clone().setGridDimX(0));
    launch(good.clone().setGridDimY(65536));
    launch(good.clone().setBlockDimX(-1));
    launch(good.clone().setBlockDimX(512).setBlockDimY(4));
    launch(good.clone().setBlockDimX(65536).setBlockDimY(65536));
    launch(good.clone().setSharedMemBytes(65537));
    launch(good.clone().setSharedMemBytes(-1));
    launch(good.clone().setKernelParams(ByteString.copyFrom(new byte[9])));
    launch(good.clone().clearKernelParams());
    assertThat(harness.errors).hasSize(9);
    assertThat(harness.errors)
        .allMatch(error -> error.getResult() == CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    launch(good.clone().setHStream(4711));
    launch(good.clone().setF(4711));
    assertThat(harness.errors.subList(9, 11))
        .allMatch(error -> error.getResult() == CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    harness.run();
    assertThat(harness.domain().log).hasSize(1);
  }

  private void launch(CuLaunchKernel.Builder arguments) {
    harness.call(Calls.CU_LAUNCH_KERNEL, arguments.build());
  }

  @Test
  void launchAttributesThatWouldChangeTheMeaningAreNotSupported() {
    long function = calls.kernel();
    launchWith(function, attribute(4, 1, 1, 1));
    launchWith(function, attribute(6, 1));
    assertThat(harness.errors).isEmpty();
    launchWith(function, attribute(4, 2, 1, 1));
    launchWith(function, attribute(7, 1));
    launchWith(function, attribute(2, 1));

    assertThat(harness.errors).hasSize(3);
    assertThat(harness.errors)
        .allMatch(error -> error.getResult() == CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE);
  }

  private static LaunchAttribute attribute(int id, int... words) {
    byte[] value = new byte[words.length * 4];
    for (int i = 0; i < words.length; i++) {
      value[i * 4] = (byte) words[i];
    }
    return LaunchAttribute.newBuilder().setId(id).setValue(ByteString.copyFrom(value)).build();
  }

  private void launchWith(long function, LaunchAttribute attribute) {
    harness.call(
        Calls.CU_LAUNCH_KERNEL_EX,
        CuLaunchKernelEx.newBuilder()
            .setF(function)
            .setGridDimX(1)
            .setGridDimY(1)
            .setGridDimZ(1)
            .setBlockDimX(1)
            .setBlockDimY(1)
            .setBlockDimZ(1)
            .addAttributes(attribute)
            .build());
  }

  @Test
  void kernelsOfALibraryRunOnEveryDevice() {
    SessionHarness two =
        new SessionHarness(
            new ManualDriver(2),
            io.remora.server.queue.QueueConfig.DEFAULTS,
            SessionLimits.DEFAULTS);
    TestCalls on = new TestCalls(two);
    on.module("kernel:f:0");
    byte[] image = "kernel:f:0".getBytes(StandardCharsets.UTF_8);
    long library = two.newHandle();
    long load =
        two.call(
            Calls.CU_LIBRARY_LOAD_DATA,
            CuLibraryLoadData.newBuilder()
                .setLibrary(library)
                .setImageSha256(ByteString.copyFrom(TestCalls.sha256(image)))
                .setImageBytes(image.length)
                .addLibraryOptions(1)
                .build());
    two.runLoads();
    assertThat(two.answerTo(load).getResult()).isZero();
    long kernel = two.newHandle();
    Answer found =
        two.answer(
            Calls.CU_LIBRARY_GET_KERNEL,
            CuLibraryGetKernel.newBuilder()
                .setPKernel(kernel)
                .setLibrary(library)
                .setName("f")
                .build());
    assertThat(found.getResult()).isZero();
    on.launch(kernel, 0, 1);
    two.context = 1;
    on.launch(kernel, 0, 2);
    two.run();

    assertThat(two.errors).isEmpty();
    assertThat(two.driver.domains.get(0).log).hasSize(1);
    assertThat(two.driver.domains.get(1).log).hasSize(1);
    two.call(Calls.CU_LIBRARY_UNLOAD, CuLibraryUnload.newBuilder().setLibrary(library).build());
    on.launch(kernel, 0, 3);
    assertThat(two.errors).hasSize(1);
    assertThat(two.driver.domains.get(1).modulesLoaded).isZero();
  }
}
