// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUresult;
import io.remora.v1.CuLaunchKernel;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemcpyDtoH;
import io.remora.v1.CuModuleGetFunction;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.CuStreamSynchronize;
import io.remora.v1.RemoraUploadImage;
import io.remora.v1.SessionImage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A session whose kernel has failed, on another server. */
class SessionMoveFaultTest {
  private static final long WAIT_SECONDS = MovingClient.WAIT_SECONDS;
  private static final int FAULT = CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE;
  private static final long MODULE = HandleTable.FIRST_HANDLE;
  private static final long FUNCTION = MODULE + 1;

  private static final byte[] WILD =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .visible .entry wild()
      {
        .reg .b64 %at;
        mov.u64 %at, 4096;
        st.global.u64 [%at], %at;
        ret;
      }
      """
          .getBytes(StandardCharsets.US_ASCII);

  private final MoveRoom here = new MoveRoom(64L << 20);
  private final MoveRoom there = new MoveRoom(64L << 20);

  @SuppressWarnings("NullAway.Init") // Opened before each test.
  private MovingClient client;

  private long memory;

  @BeforeEach
  void open() throws Exception {
    client = new MovingClient(here.sessions, MovingClient.grant(here.account, here.closed));
    Answer allocated =
        client.wait(Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(4096).build());
    memory = CuMemAlloc.parseFrom(allocated.getOutputs()).getDptr();
    ByteString hash = ByteString.copyFrom(TestCalls.sha256(WILD));
    client.call(
        Calls.REMORA_UPLOAD_IMAGE,
        RemoraUploadImage.newBuilder()
            .setSha256(hash)
            .setTotalBytes(WILD.length)
            .setData(ByteString.copyFrom(WILD))
            .build());
    client.wait(
        Calls.CU_MODULE_LOAD_DATA,
        CuModuleLoadData.newBuilder()
            .setModule(MODULE)
            .setImageSha256(hash)
            .setImageBytes(WILD.length)
            .build());
    client.wait(
        Calls.CU_MODULE_GET_FUNCTION,
        CuModuleGetFunction.newBuilder()
            .setHfunc(FUNCTION)
            .setHmod(MODULE)
            .setName("wild")
            .build());
    fail();
  }

  private void fail() throws Exception {
    client.call(
        Calls.CU_LAUNCH_KERNEL,
        CuLaunchKernel.newBuilder()
            .setF(FUNCTION)
            .setGridDimX(1)
            .setGridDimY(1)
            .setGridDimZ(1)
            .setBlockDimX(1)
            .setBlockDimY(1)
            .setBlockDimZ(1)
            .build());
  }

  @AfterEach
  void closeRooms() {
    here.close();
    there.close();
  }

  private Answer answer(int number, MessageLite arguments) throws Exception {
    List<Answer> pieces = client.pieces(client.call(number, arguments));
    return pieces.get(pieces.size() - 1);
  }

  private Answer synchronize() throws Exception {
    return answer(Calls.CU_STREAM_SYNCHRONIZE, CuStreamSynchronize.getDefaultInstance());
  }

  private Answer read() throws Exception {
    return answer(
        Calls.CU_MEMCPY_DTO_H,
        CuMemcpyDtoH.newBuilder().setSrcDevice(memory).setByteCount(4).build());
  }

  private String depart(Hand hand) throws Exception {
    client.session.depart(TimeUnit.SECONDS.toNanos(WAIT_SECONDS), hand);
    CompletableFuture<String> outcome =
        hand.stays.applyToEither(
            hand.arrived.thenApply(
                moved -> {
                  try {
                    client.follow(moved);
                  } catch (Exception e) {
                    throw new AssertionError(e);
                  }
                  return "";
                }),
            why -> why);
    return outcome.get(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  @Test
  void itsErrorIsTheSameAndToldOnce() throws Exception {
    Answer before = synchronize();
    assertThat(before.getResult()).isEqualTo(FAULT);
    assertThat(depart(new Hand(there))).isEmpty();

    Answer after = synchronize();
    assertThat(after.getResult()).isEqualTo(FAULT);
    assertThat(after.getDetail()).isEqualTo(before.getDetail()).contains("wild");
    assertThat(read().getResult()).isEqualTo(FAULT);
    fail();
    assertThat(synchronize().getResult()).isEqualTo(FAULT);
    assertThat(client.errors).hasSize(1);
    assertThat(here.closed.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    here.expectNothingHeld();
    client.session.onEnd("test");
    assertThat(there.closed.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    there.expectNothingHeld();
  }

  @Test
  void aServerThatDoesNotKnowFaultsOrIsToldOfAnotherRefuses() throws Exception {
    assertThat(synchronize().getResult()).isEqualTo(FAULT);
    SessionImage[] sent = new SessionImage[1];
    assertThat(
            depart(
                new Hand(
                    there,
                    image -> {
                      sent[0] = image;
                      SessionImage.Builder other = image.toBuilder();
                      other.getDevicesBuilder(0).getFaultBuilder().setResult(1);
                      return other.build();
                    })))
        .contains("such a fault");
    assertThat(sent[0].getFormat()).as("not one that every server reads").isEqualTo(2);
    there.expectNothingHeld();
    assertThat(read().getResult()).isEqualTo(FAULT);
    client.session.onEnd("test");
  }
}
