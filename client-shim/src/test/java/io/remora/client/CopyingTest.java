// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static io.remora.client.TestCalls.ok;
import static io.remora.client.TestCalls.outputs;
import static io.remora.client.TestCalls.pointer;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.remora.client.FakeServer.Behaviour;
import io.remora.client.FakeServer.ReceivedCall;
import io.remora.client.FakeServer.Session;
import io.remora.client.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.ServerFrame;
import io.remora.wire.WireReader;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Copies to and from a server that has memory and nothing else. */
@Timeout(60)
final class CopyingTest {
  /** Keeps what is uploaded, and gives it back in pieces. */
  private static final class Memory implements Behaviour {
    private static final int PIECE_BYTES = 256 << 10;
    private static final int FIRST_ADDRESS = 4096;

    private final byte[] bytes = new byte[16 << 20];
    private final ConcurrentHashMap<Integer, Integer> largest = new ConcurrentHashMap<>();

    @Override
    public void onCall(Session session, ReceivedCall call) {
      largest.merge(call.number(), call.arguments().length, Math::max);
      switch (call.number()) {
        case Calls.CU_MEMCPY_HTO_D, Calls.CU_MEMCPY_HTO_D_ASYNC -> store(call);
        case Calls.CU_MEMCPY_DTO_H, Calls.CU_MEMCPY_DTO_H_ASYNC -> load(session, call);
        case Calls.REMORA_COPY_ROWS_TO_DEVICE -> storeRows(call);
        default -> Behaviour.super.onCall(session, call);
      }
    }

    private void store(ReceivedCall call) {
      WireReader in = call.reader();
      long address = 0;
      long offset = 0;
      byte[] data = new byte[0];
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        switch (tag >>> 3) {
          case 1 -> address = in.readVarint64();
          case 2 -> data = in.readBytes();
          case 15 -> offset = in.readVarint64();
          default -> in.skip(tag);
        }
      }
      System.arraycopy(data, 0, bytes, (int) (address - FIRST_ADDRESS + offset), data.length);
    }

    private void load(Session session, ReceivedCall call) {
      WireReader in = call.reader();
      long address = 0;
      long count = 0;
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        switch (tag >>> 3) {
          case 2 -> address = in.readVarint64();
          case 3 -> count = in.readVarint64();
          default -> in.skip(tag);
        }
      }
      for (long offset = 0; offset < count; offset += PIECE_BYTES) {
        int from = (int) (address - FIRST_ADDRESS + offset);
        int length = (int) Math.min(PIECE_BYTES, count - offset);
        long at = offset;
        byte[] piece =
            outputs(
                out -> {
                  out.varint(15, at);
                  out.bytes(1, ByteBuffer.wrap(bytes, from, length));
                });
        session.send(
            ServerFrame.newBuilder()
                .addAnswers(
                    Answer.newBuilder()
                        .setSequence(call.sequence())
                        .setOutputs(ByteString.copyFrom(piece))
                        .setMore(offset + length < count))
                .build());
      }
    }

    private void storeRows(ReceivedCall call) {
      WireReader in = call.reader();
      long[] numbers = new long[8];
      byte[] data = new byte[0];
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag >>> 3 == 6) {
          data = in.readBytes();
        } else {
          numbers[tag >>> 3] = in.readVarint64();
        }
      }
      int width = (int) numbers[3];
      for (int i = 0; i < data.length; i++) {
        int at = (int) numbers[7] + i;
        bytes[(int) (numbers[1] - FIRST_ADDRESS + at / width * numbers[2] + at % width)] = data[i];
      }
    }
  }

  private static byte[] noise(int bytes) {
    byte[] noise = new byte[bytes];
    new Random(bytes).nextBytes(noise);
    return noise;
  }

  @Test
  void copiesOfEverySizeArriveAndComeBack() throws Exception {
    Memory memory = new Memory();
    try (FakeServer server = new FakeServer(memory);
        RemoteCuda cuda = server.connect()) {
      int chunk = FakeServer.CHUNK_BYTES;
      for (int bytes : List.of(0, 1, 100, 8192, 8193, 65_537, chunk, chunk + 1, 5 * chunk + 3)) {
        byte[] sent = noise(bytes);
        byte[] received = new byte[bytes];
        ok(cuda.cuMemcpyHtoD(pointer(4096 + 512), Pointer.to(sent), bytes));
        ok(cuda.cuMemcpyDtoH(Pointer.to(received), pointer(4096 + 512), bytes));
        assertThat(received).as(bytes + " bytes").isEqualTo(sent);
      }
      assertThat(memory.largest.get(Calls.CU_MEMCPY_HTO_D)).isLessThan(chunk + 100);
    }
  }

  @Test
  void theCallersArrayIsFreeWhenAnAsynchronousCopyReturns() throws Exception {
    Memory memory = new Memory();
    try (FakeServer server = new FakeServer(memory);
        RemoteCuda cuda = server.connect()) {
      for (int bytes : List.of(5000, 3 << 20)) {
        byte[] sent = noise(bytes);
        byte[] expected = sent.clone();
        ok(cuda.cuMemcpyHtoDAsync(pointer(4096), Pointer.to(sent), bytes, null));
        Arrays.fill(sent, (byte) 0x55);
        byte[] received = new byte[bytes];
        ok(cuda.cuMemcpyDtoH(Pointer.to(received), pointer(4096), bytes));
        assertThat(received).isEqualTo(expected);
      }
    }
  }

  @Test
  void arraysOfNumbersAndDirectBuffersAreCopiedAtAnyOffset() throws Exception {
    Memory memory = new Memory();
    try (FakeServer server = new FakeServer(memory);
        RemoteCuda cuda = server.connect()) {
      float[] floats = new float[700_000];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = i * 0.5f;
      }
      long bytes = 4L * floats.length - 40;
      ok(cuda.cuMemcpyHtoD(pointer(4096), Pointer.to(floats).withByteOffset(40), bytes));
      ByteBuffer direct = ByteBuffer.allocateDirect((int) bytes + 3);
      ok(cuda.cuMemcpyDtoH(Pointer.to(direct).withByteOffset(3), pointer(4096), bytes));
      float[] received = new float[floats.length];
      ok(cuda.cuMemcpyHtoD(pointer(4096), Pointer.to(direct).withByteOffset(3), bytes));
      ok(cuda.cuMemcpyDtoH(Pointer.to(received).withByteOffset(40), pointer(4096), bytes));
      assertThat(Arrays.copyOfRange(received, 10, received.length))
          .isEqualTo(Arrays.copyOfRange(floats, 10, floats.length));
      assertThat(received[9]).isZero();
    }
  }

  @Test
  void hostMemoryOfCudaIsADirectBufferThatCopiesUse() throws Exception {
    Memory memory = new Memory();
    try (FakeServer server = new FakeServer(memory);
        RemoteCuda cuda = server.connect()) {
      Pointer host = new Pointer();
      ok(cuda.cuMemAllocHost(host, 1000));
      assertThat(host.getByteBuffer().isDirect()).isTrue();
      host.getByteBuffer().putInt(996, 77);
      ok(cuda.cuMemcpyHtoD(pointer(4096), host, 1000));
      int[] last = new int[1];
      ok(cuda.cuMemcpyDtoH(Pointer.to(last), pointer(4096 + 996), 4));
      assertThat(last[0]).isEqualTo(77);
      ok(cuda.cuMemFreeHost(host));
      assertThat(cuda.cuMemFreeHost(host)).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
    }
  }

  @Test
  void anAsynchronousCopyToHostMemoryOfCudaIsNotWaitedFor() throws Exception {
    Memory memory = new Memory();
    try (FakeServer server = new FakeServer(memory);
        RemoteCuda cuda = server.connect()) {
      byte[] sent = noise(300_000);
      Pointer host = new Pointer();
      ok(cuda.cuMemAllocHost(host, sent.length));
      ok(cuda.cuMemcpyHtoD(pointer(4096), Pointer.to(sent), sent.length));
      ok(cuda.cuMemcpyDtoHAsync(host, pointer(4096), sent.length, null));
      assertThat(cuda.stats().callsWaited()).isZero();
      ok(cuda.cuStreamSynchronize(null));
      byte[] received = new byte[sent.length];
      host.getByteBuffer().get(received);
      assertThat(received).isEqualTo(sent);
    }
  }

  @Test
  void aCopyBeyondTheCallersMemoryIsRefusedHere() throws Exception {
    try (FakeServer server = new FakeServer(new Memory());
        RemoteCuda cuda = server.connect()) {
      assertThat(cuda.cuMemcpyHtoD(pointer(4096), Pointer.to(new int[4]), 17))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
      assertThat(cuda.cuMemcpyDtoH(Pointer.to(new int[4]).withByteOffset(1), pointer(4096), 16))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
      assertThat(cuda.cuMemcpyDtoH(null, pointer(4096), 16))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
      assertThat(cuda.lastErrorDetail()).contains("host pointer");
      assertThat(server.session().calls).isEmpty();
    }
  }

  @Test
  void anAnswerWithTooFewBytesEndsTheSession() throws Exception {
    Behaviour stingy =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            session.answer(call, outputs(out -> out.bytes(1, new byte[10])));
          }
        };
    try (FakeServer server = new FakeServer(stingy);
        RemoteCuda cuda = server.connect()) {
      assertThat(cuda.cuMemcpyDtoH(Pointer.to(new byte[11]), pointer(4096), 11))
          .isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
      assertThat(cuda.lastErrorDetail()).contains("protocol");
    }
  }

  @Test
  void anAnswerWithTooManyBytesTouchesNothing() throws Exception {
    Behaviour generous =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            session.answer(
                call,
                outputs(
                    out -> {
                      out.varint(15, 4);
                      out.bytes(1, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
                    }));
          }
        };
    try (FakeServer server = new FakeServer(generous);
        RemoteCuda cuda = server.connect()) {
      byte[] into = new byte[16];
      assertThat(cuda.cuMemcpyDtoH(Pointer.to(into), pointer(4096), 11))
          .isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
      assertThat(into).containsOnly(0);
    }
  }

  @Test
  void rowsTravelWithoutWhatLiesBetweenThem() throws Exception {
    Memory memory = new Memory();
    try (FakeServer server = new FakeServer(memory);
        RemoteCuda cuda = server.connect()) {
      byte[] host = noise(3_000_000);
      CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
      copy.srcHost = Pointer.to(host);
      copy.srcPitch = 3000;
      copy.srcXInBytes = 10;
      copy.srcY = 2;
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.dstDevice = pointer(4096);
      copy.dstPitch = 4096;
      copy.WidthInBytes = 2000;
      copy.Height = 900;
      ok(cuda.cuMemcpy2D(copy));
      ok(cuda.cuCtxSynchronize());
      for (int row : List.of(0, 1, 523, 524, 525, 899)) {
        int from = (row + 2) * 3000 + 10;
        assertThat(Arrays.copyOfRange(memory.bytes, row * 4096, row * 4096 + 2000))
            .as("row " + row)
            .isEqualTo(Arrays.copyOfRange(host, from, from + 2000));
        assertThat(memory.bytes[row * 4096 + 2000]).isZero();
      }
    }
  }
}
