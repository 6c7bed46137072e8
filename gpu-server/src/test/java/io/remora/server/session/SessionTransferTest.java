// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.queue.QueueConfig;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUresult;
import io.remora.v1.CuMemcpyDtoD;
import io.remora.v1.CuMemcpyHtoD;
import io.remora.v1.RemoraCopyRowsToDevice;
import io.remora.v1.RemoraCopyRowsToHost;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SessionTransferTest {
  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);

  private static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new SplittableRandom(count).nextBytes(bytes);
    return bytes;
  }

  @Test
  void bytesGoUpAndComeDown() {
    byte[] bytes = randomBytes(3000);
    long address = calls.allocate(3000);
    calls.upload(address, bytes);
    long download = calls.download(address, 3000);
    harness.run();

    assertThat(harness.answerTo(download).getMore()).isFalse();
    assertThat(calls.downloaded(download, 3000)).isEqualTo(bytes);
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void aFrameIsHeldUntilTheDriverHasConsumedIt() {
    long address = calls.allocate(100);
    assertThat(harness.framesHeld.get()).isZero();
    calls.upload(address, new byte[100]);

    assertThat(harness.framesHeld.get()).isEqualTo(1);
    harness.run();
    assertThat(harness.framesHeld.get()).isZero();
  }

  @Test
  void chunksOfOneCopyAreCheckedAgainstItsWholeRange() {
    long address = calls.allocate(100);
    chunk(address, 100, 50, 50);
    assertThat(harness.errors).isEmpty();

    chunk(address, 101, 0, 10);
    chunk(address, 100, 91, 10);
    chunk(address, 100, -1, 10);
    chunk(address, -1, 0, 10);
    chunk(address, 100, Long.MAX_VALUE, 10);
    assertThat(harness.errors).hasSize(5);
    assertThat(harness.errors)
        .allMatch(error -> error.getResult() == CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    harness.run();
    assertThat(harness.framesHeld.get()).isZero();
  }

  private void chunk(long address, long byteCount, long offset, int bytes) {
    harness.call(
        Calls.CU_MEMCPY_HTO_D,
        CuMemcpyHtoD.newBuilder()
            .setDstDevice(address)
            .setByteCount(byteCount)
            .setChunkOffset(offset)
            .setSrcHost(ByteString.copyFrom(new byte[bytes]))
            .build());
  }

  @Test
  void aLargeDownloadIsReadNoFasterThanTheClientTakesIt() {
    int size = 3 << 20;
    byte[] bytes = randomBytes(size);
    long address = calls.allocate(size);
    for (int offset = 0; offset < size; offset += 1 << 20) {
      harness.call(
          Calls.CU_MEMCPY_HTO_D,
          CuMemcpyHtoD.newBuilder()
              .setDstDevice(address)
              .setByteCount(size)
              .setChunkOffset(offset)
              .setSrcHost(ByteString.copyFrom(bytes, offset, 1 << 20))
              .build());
    }
    harness.run();
    harness.writableFrames = 0;
    long download = calls.download(address, size);
    harness.run();
    long piecesAtFirst = pieces(download);
    assertThat(piecesAtFirst).isLessThanOrEqualTo(1);
    harness.becomeWritable(1);
    assertThat(pieces(download)).isLessThanOrEqualTo(piecesAtFirst + 4);
    for (int turn = 0; turn < 12; turn++) {
      harness.becomeWritable(1);
    }
    harness.run();

    assertThat(calls.downloaded(download, size)).isEqualTo(bytes);
    assertThat(harness.answers.stream().filter(a -> a.getSequence() == download && !a.getMore()))
        .hasSize(1);
    assertThat(harness.domain().pendingSteps()).isZero();
  }

  private long pieces(long download) {
    return harness.answers.stream().filter(answer -> answer.getSequence() == download).count();
  }

  @Test
  void severalDownloadsShareTheLine() {
    long address = calls.allocate(1 << 20);
    long other = calls.stream(1);
    long first = calls.download(address, 1 << 20);
    long second =
        harness.call(
            Calls.CU_MEMCPY_DTO_H_ASYNC,
            io.remora.v1.CuMemcpyDtoHAsync.newBuilder()
                .setSrcDevice(address)
                .setByteCount(1 << 20)
                .setHStream(other)
                .build());
    harness.writableFrames = 0;
    harness.run();
    harness.becomeWritable(1);

    assertThat(pieces(first)).isPositive();
    assertThat(pieces(second)).isPositive();
  }

  @Test
  void answersThatNobodyReadsStopTheSessionFromReading() {
    SessionHarness slow =
        new SessionHarness(
            new ManualDriver(1),
            QueueConfig.DEFAULTS,
            new SessionLimits(8192, 16 << 20, 100, 100, 100, 10, 4, 2, 100));
    TestCalls on = new TestCalls(slow);
    long address = on.allocate(1024);
    slow.writableFrames = 0;
    int requested = slow.framesRequested;
    on.download(address, 1024);
    slow.run();

    assertThat(slow.framesRequested).isEqualTo(requested + 1);
    on.download(address, 1024);
    slow.run();
    assertThat(slow.framesRequested).isEqualTo(requested + 1);
    slow.becomeWritable(1);
    assertThat(slow.framesRequested).isEqualTo(requested + 2);
  }

  @Test
  void nothingIsCopiedFromOrToAddressesOfNobody() {
    Answer answer = harness.answerTo(calls.download(4096, 16));
    assertThat(answer.getResult()).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    long address = calls.allocate(16);
    harness.call(
        Calls.CU_MEMCPY_DTO_D,
        CuMemcpyDtoD.newBuilder()
            .setDstDevice(address)
            .setSrcDevice(address + 1024)
            .setByteCount(16)
            .build());
    assertThat(harness.errors).hasSize(1);
  }

  @Test
  void anotherSessionsAddressMeansNothing() {
    ManualDriver driver = harness.driver;
    SessionHarness other = new SessionHarness(driver, QueueConfig.DEFAULTS, SessionLimits.DEFAULTS);
    long foreign = new TestCalls(other).allocate(64);

    Answer answer = harness.answerTo(calls.download(foreign, 16));
    assertThat(answer.getResult()).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    calls.free(foreign);
    assertThat(harness.errors).hasSize(1);
    assertThat(other.errors).isEmpty();
  }

  @Test
  void rowsAreTakenApartAndPutTogether() throws InvalidProtocolBufferException {
    byte[] packed = randomBytes(7 * 10);
    long address = calls.allocate(10 * 16);
    for (int offset = 0; offset < packed.length; offset += 25) {
      int bytes = Math.min(25, packed.length - offset);
      harness.call(
          Calls.REMORA_COPY_ROWS_TO_DEVICE,
          RemoraCopyRowsToDevice.newBuilder()
              .setDstDevice(address)
              .setDstPitch(16)
              .setWidthBytes(7)
              .setHeight(10)
              .setChunkOffset(offset)
              .setRows(ByteString.copyFrom(packed, offset, bytes))
              .build());
    }
    harness.run();
    for (int row = 0; row < 10; row++) {
      byte[] expected = java.util.Arrays.copyOfRange(packed, row * 7, row * 7 + 7);
      assertThat(harness.domain().peek(address + row * 16L, 7)).isEqualTo(expected);
    }
    Answer answer = rowsToHost(address, 16);
    assertThat(RemoraCopyRowsToHost.parseFrom(answer.getOutputs()).getRows().toByteArray())
        .isEqualTo(packed);
    assertThat(rowsToHost(address, 6).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    assertThat(rowsToHost(address, Long.MAX_VALUE).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
  }

  private Answer rowsToHost(long address, long pitch) {
    long sequence =
        harness.call(
            Calls.REMORA_COPY_ROWS_TO_HOST,
            RemoraCopyRowsToHost.newBuilder()
                .setSrcDevice(address)
                .setSrcPitch(pitch)
                .setWidthBytes(7)
                .setHeight(10)
                .build());
    harness.run();
    return harness.answerTo(sequence);
  }
}
