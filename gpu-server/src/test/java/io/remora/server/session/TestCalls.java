// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUresult;
import io.remora.v1.CuEventCreate;
import io.remora.v1.CuEventRecord;
import io.remora.v1.CuLaunchKernel;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemFree;
import io.remora.v1.CuMemcpyDtoH;
import io.remora.v1.CuMemcpyHtoD;
import io.remora.v1.CuModuleGetFunction;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.CuStreamCreate;
import io.remora.v1.CuStreamSynchronize;
import io.remora.v1.CuStreamWaitEvent;
import io.remora.v1.RemoraUploadImage;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;

/** The calls that tests make most, on a {@link SessionHarness}. */
final class TestCalls {
  private final SessionHarness harness;

  TestCalls(SessionHarness harness) {
    this.harness = harness;
  }

  long allocate(long bytes) {
    Answer answer =
        harness.answer(Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(bytes).build());
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return address(answer);
  }

  static long address(Answer answer) {
    try {
      return CuMemAlloc.parseFrom(answer.getOutputs()).getDptr();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  long free(long address) {
    return harness.call(Calls.CU_MEM_FREE, CuMemFree.newBuilder().setDptr(address).build());
  }

  long stream(int flags) {
    long handle = harness.newHandle();
    harness.call(
        Calls.CU_STREAM_CREATE,
        CuStreamCreate.newBuilder().setPhStream(handle).setFlags(flags).build());
    return handle;
  }

  long event() {
    long handle = harness.newHandle();
    harness.call(Calls.CU_EVENT_CREATE, CuEventCreate.newBuilder().setPhEvent(handle).build());
    return handle;
  }

  long record(long event, long stream) {
    return harness.call(
        Calls.CU_EVENT_RECORD,
        CuEventRecord.newBuilder().setHEvent(event).setHStream(stream).build());
  }

  long waitEvent(long stream, long event) {
    return harness.call(
        Calls.CU_STREAM_WAIT_EVENT,
        CuStreamWaitEvent.newBuilder().setHEvent(event).setHStream(stream).build());
  }

  /** A kernel without parameters. */
  long kernel() {
    return function(module("kernel:f:0"), "f");
  }

  long module(String image) {
    return tryModule(image).orElseThrow();
  }

  /** Loads a module; empty if there is no memory for it. */
  Optional<Long> tryModule(String image) {
    byte[] bytes = image.getBytes(StandardCharsets.UTF_8);
    long handle = harness.newHandle();
    CuModuleLoadData load =
        CuModuleLoadData.newBuilder()
            .setModule(handle)
            .setImageSha256(ByteString.copyFrom(sha256(bytes)))
            .setImageBytes(bytes.length)
            .build();
    harness.call(
        Calls.REMORA_UPLOAD_IMAGE,
        RemoraUploadImage.newBuilder()
            .setSha256(load.getImageSha256())
            .setTotalBytes(bytes.length)
            .setData(ByteString.copyFrom(bytes))
            .build());
    long sequence = harness.call(Calls.CU_MODULE_LOAD_DATA, load);
    harness.runLoads();
    int result = harness.answerTo(sequence).getResult();
    assertThat(result).isIn(0, CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    return result == 0 ? Optional.of(handle) : Optional.empty();
  }

  long function(long module, String name) {
    long handle = harness.newHandle();
    Answer answer =
        harness.answer(
            Calls.CU_MODULE_GET_FUNCTION,
            CuModuleGetFunction.newBuilder()
                .setHfunc(handle)
                .setHmod(module)
                .setName(name)
                .build());
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return handle;
  }

  static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** A launch that the driver's log knows by {@code mark}. */
  long launch(long function, long stream, int mark) {
    return harness.call(Calls.CU_LAUNCH_KERNEL, launchOf(function, stream, mark).build());
  }

  static CuLaunchKernel.Builder launchOf(long function, long stream, int mark) {
    return CuLaunchKernel.newBuilder()
        .setF(function)
        .setHStream(stream)
        .setGridDimX(mark)
        .setGridDimY(1)
        .setGridDimZ(1)
        .setBlockDimX(1)
        .setBlockDimY(1)
        .setBlockDimZ(1);
  }

  long synchronize(long stream) {
    return harness.call(
        Calls.CU_STREAM_SYNCHRONIZE, CuStreamSynchronize.newBuilder().setHStream(stream).build());
  }

  long upload(long destination, byte[] bytes) {
    return harness.call(
        Calls.CU_MEMCPY_HTO_D,
        CuMemcpyHtoD.newBuilder()
            .setDstDevice(destination)
            .setSrcHost(ByteString.copyFrom(bytes))
            .setByteCount(bytes.length)
            .build());
  }

  long download(long source, long bytes) {
    return harness.call(
        Calls.CU_MEMCPY_DTO_H,
        CuMemcpyDtoH.newBuilder().setSrcDevice(source).setByteCount(bytes).build());
  }

  /** All pieces of a download joined. */
  byte[] downloaded(long sequence, int bytes) {
    byte[] all = new byte[bytes];
    for (Answer answer : harness.answers) {
      if (answer.getSequence() == sequence) {
        try {
          CuMemcpyDtoH piece = CuMemcpyDtoH.parseFrom(answer.getOutputs());
          piece.getDstHost().copyTo(all, (int) piece.getChunkOffset());
        } catch (InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    return all;
  }
}
