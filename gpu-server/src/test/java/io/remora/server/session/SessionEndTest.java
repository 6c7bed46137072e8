// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.session.generated.Calls;
import io.remora.v1.AsyncError;
import io.remora.v1.CUresult;
import io.remora.v1.CuLaunchHostFunc;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemGetInfo;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.RemoraUploadImage;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SessionEndTest {
  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);

  @Test
  void anErrorInCallNNamesCallN() {
    long function = calls.kernel();
    harness.domain().kernel =
        launch -> launch.gridX() == 2 ? CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES_VALUE : 0;
    calls.launch(function, 0, 1);
    long guilty = calls.launch(function, 0, 2);
    calls.launch(function, 0, 3);
    long waiting = calls.synchronize(0);
    harness.run();

    assertThat(harness.errors).hasSize(1);
    AsyncError error = harness.errors.get(0);
    assertThat(error.getSequence()).isEqualTo(guilty);
    assertThat(error.getCallNumber()).isEqualTo(Calls.CU_LAUNCH_KERNEL);
    assertThat(error.getSticky()).isFalse();
    assertThat(harness.isAnswered(waiting)).isTrue();
  }

  @Test
  void aStickyFaultIsToldOnceAndFailsEverythingLater() {
    long function = calls.kernel();
    long address = calls.allocate(16);
    harness.domain().kernel =
        launch -> {
          harness.domain().fail(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE, "kernel f, block 0");
          return CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE;
        };
    long guilty = calls.launch(function, 0, 1);
    calls.launch(function, 0, 2);
    long waiting = calls.synchronize(0);
    harness.run();

    assertThat(harness.errors).hasSize(1);
    assertThat(harness.errors.get(0).getSequence()).isEqualTo(guilty);
    assertThat(harness.errors.get(0).getSticky()).isTrue();
    assertThat(harness.errors.get(0).getDetail()).contains("kernel f");
    assertThat(harness.answerTo(waiting).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(harness.answerTo(calls.download(address, 16)).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(harness.answer(Calls.CU_MEM_GET_INFO, CuMemGetInfo.getDefaultInstance()).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    calls.launch(function, 0, 3);
    assertThat(harness.errors).hasSize(1);
  }

  @Test
  void aClientThatDiesInTheMiddleOfEverythingLeavesNothing() {
    long function = calls.kernel();
    long address = calls.allocate(4 * ManualDomain.GRANULE_BYTES);
    calls.allocate(ManualDomain.GRANULE_BYTES);
    calls.launch(function, 0, 1);
    calls.upload(address, new byte[1000]);
    calls.download(address, 1 << 18);
    calls.free(address);
    calls.synchronize(0);
    harness.call(Calls.CU_LAUNCH_HOST_FUNC, CuLaunchHostFunc.newBuilder().setToken(1).build());
    harness.call(
        Calls.CU_MEM_ALLOC,
        CuMemAlloc.newBuilder().setBytesize(SessionHarness.QUOTA_BYTES).build());
    harness.session.onEnd("killed");

    assertNothingIsLeft();
    harness.session.onEnd("again");
    harness.send(new byte[] {1, 2, 3});
    assertThat(harness.framesHeld.get()).isZero();
    assertThat(harness.slotsGivenBack.get()).isEqualTo(1);
  }

  private void assertNothingIsLeft() {
    assertThat(harness.ledger.reservedBytes()).isZero();
    assertThat(harness.framesHeld.get()).isZero();
    assertThat(harness.domain().closed).isTrue();
    assertThat(harness.slotsGivenBack.get()).isEqualTo(1);
  }

  @Test
  void aClientThatDiesInTheMiddleOfADownloadLeavesNothing() {
    long address = calls.allocate(1 << 20);
    calls.download(address, 1 << 20);
    harness.writableFrames = 0;
    harness.run();
    harness.session.onEnd("killed");

    assertNothingIsLeft();
    harness.becomeWritable(1);
    harness.run();
  }

  @Test
  void aClientThatDiesWhileAModuleIsLoadedLeavesNothing() {
    byte[] image = "kernel:f:0 global:g:70000".getBytes(StandardCharsets.UTF_8);
    harness.call(
        Calls.REMORA_UPLOAD_IMAGE,
        RemoraUploadImage.newBuilder()
            .setSha256(com.google.protobuf.ByteString.copyFrom(TestCalls.sha256(image)))
            .setTotalBytes(image.length)
            .setData(com.google.protobuf.ByteString.copyFrom(image))
            .build());
    harness.call(
        Calls.CU_MODULE_LOAD_DATA,
        CuModuleLoadData.newBuilder()
            .setModule(harness.newHandle())
            .setImageSha256(com.google.protobuf.ByteString.copyFrom(TestCalls.sha256(image)))
            .setImageBytes(image.length)
            .build());
    harness.session.onEnd("killed");

    assertThat(harness.domain().closed).as("a load still uses the domain").isFalse();
    harness.runLoads();
    assertNothingIsLeft();
  }

  @Test
  void anUploadThatWasNotFinishedGivesItsMemoryBack() {
    ModuleImageCache images = harness.session.services().images();
    harness.call(
        Calls.REMORA_UPLOAD_IMAGE,
        RemoraUploadImage.newBuilder()
            .setSha256(com.google.protobuf.ByteString.copyFrom(new byte[32]))
            .setTotalBytes(1000)
            .setData(com.google.protobuf.ByteString.copyFrom(new byte[10]))
            .build());

    assertThat(images.heldBytes()).isPositive();
    harness.session.onEnd("killed");
    assertThat(images.heldBytes()).isZero();
  }
}
