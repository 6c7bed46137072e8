// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.DeviceCopy.End;
import io.remora.client.DirectCopies.Attempt;
import io.remora.client.Lanes.Lane;
import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import jcuda.driver.CUresult;

/** Copies between two servers, and others whose stream and memory are of two. Any thread. */
final class AcrossCopies {
  /** So much of a copy is in this process at once. */
  private static final int PIECE_BYTES_MAX = 4 << 20;

  private final ClientCore core;
  private final OwnCalls calls;
  private final Lanes lanes;
  private final AcrossThread thread;
  private final DirectCopies direct;
  private final AcrossCounters counters;

  AcrossCopies(
      ClientCore core,
      OwnCalls calls,
      Lanes lanes,
      AcrossThread thread,
      DirectCopies direct,
      AcrossCounters counters) {
    this.core = core;
    this.calls = calls;
    this.lanes = lanes;
    this.thread = thread;
    this.direct = direct;
    this.counters = counters;
  }

  /**
   * Makes a copy, for whoever has a current context: now, or when the stream gets there. It is the
   * stream's work then as any other; what goes wrong is told by a later waiting call.
   *
   * @param stream on the wire
   * @param now whether nobody has given it a stream
   */
  int copy(DeviceCopy copy, long stream, boolean now) {
    int result = core.refusal(core.thread());
    if (result != CUresult.CUDA_SUCCESS || copy.width() == 0 || copy.height() == 0) {
      return result;
    }
    // A capture is of one server.
    if (core.captures().get() != 0) {
      return CUresult.CUDA_ERROR_NOT_SUPPORTED;
    }
    if (now && stream == 0) {
      return copyNow(copy);
    }
    long token =
        core.hostFunctions()
            .registerHeld(
                (status, held) ->
                    thread.post(
                        // After an error on the stream there is nothing to copy for.
                        () -> status == CUresult.CUDA_SUCCESS ? copyHeld(copy) : 0,
                        end ->
                            held.letGo(
                                end,
                                Calls.CU_MEMCPY_DTO_D_ASYNC,
                                "a copy between two servers failed")));
    result =
        core.tell(
            Calls.CU_STREAM_ADD_CALLBACK,
            out -> CallWriter.cuStreamAddCallback(out, stream, 0, token));
    if (result != CUresult.CUDA_SUCCESS) {
      core.hostFunctions().forget(token);
    }
    return result;
  }

  /** As a copy of CUDA's that nobody has given a stream: behind what was, before what comes. */
  private int copyNow(DeviceCopy copy) {
    int result = calls.awaitStream(core.thread().contextHandle(), 0);
    return result == CUresult.CUDA_SUCCESS
        ? travel(copy, defaultEnd(copy.to()), defaultEnd(copy.from()))
        : result;
  }

  /** The default stream of the current context if that is a device's, else of its primary one. */
  private End defaultEnd(long address) {
    ClientContext current = core.thread().current();
    int device = core.servers().numbering().deviceOfAddress(address);
    return new End(current != null && current.device() == device ? current.handle() : device, 0);
  }

  /** On the client's own thread: the stream that holds the copy stands still. */
  private int copyHeld(DeviceCopy copy) {
    Numbering numbering = core.servers().numbering();
    Lane to = lanes.take(numbering.deviceOfAddress(copy.to()));
    Lane from = lanes.take(numbering.deviceOfAddress(copy.from()));
    int result = travel(copy, to.end(), from.end());
    if (result == CUresult.CUDA_SUCCESS) {
      result = calls.awaitStream(to.context(), to.stream());
    }
    lanes.give(from);
    lanes.give(to);
    return result;
  }

  /** How bytes get from one server to another is decided here, and nowhere else. */
  private int travel(DeviceCopy copy, End to, End from) {
    Numbering numbering = core.servers().numbering();
    if (numbering.home(to.context()) == numbering.home(from.context())) {
      return copyThere(copy, to);
    }
    Attempt attempt = direct.copy(copy, to, from);
    Detour detour = attempt.detour();
    return detour == null ? attempt.result() : carry(copy, to, from, detour);
  }

  /** Both places are of one server, though the stream isn't. */
  private int copyThere(DeviceCopy copy, End to) {
    return calls.tell(
        to.context(),
        Calls.REMORA_COPY_ROWS_ON_DEVICE,
        out ->
            CallWriter.remoraCopyRowsOnDevice(
                out,
                copy.to(),
                copy.toPitch(),
                copy.from(),
                copy.fromPitch(),
                copy.width(),
                copy.height(),
                to.stream()));
  }

  /** Through this process, piece by piece. */
  private int carry(DeviceCopy copy, End to, End from, Detour why) {
    long width = Math.min(copy.width(), PIECE_BYTES_MAX);
    long height = Math.min(PIECE_BYTES_MAX / width, copy.height());
    byte[] buffer = new byte[(int) (width * height)];
    for (long row = 0; row < copy.height(); row += height) {
      for (long column = 0; column < copy.width(); column += width) {
        int result = carryPiece(copy.part(row, column, width, height), to, from, buffer);
        if (result != CUresult.CUDA_SUCCESS) {
          return result;
        }
      }
    }
    counters.bridged(copy.bytes(), why);
    return CUresult.CUDA_SUCCESS;
  }

  private int carryPiece(DeviceCopy piece, End to, End from, byte[] buffer) {
    PieceBuffer bytes = new PieceBuffer(buffer, (int) piece.bytes());
    int result =
        new BulkCopy(core, core.servers().destination(from.context()))
            .download(
                bytes,
                Calls.REMORA_COPY_ROWS_TO_HOST,
                out ->
                    CallWriter.remoraCopyRowsToHost(
                        out,
                        piece.from(),
                        piece.fromPitch(),
                        piece.width(),
                        piece.height(),
                        from.stream()),
                (outputs, target) -> {
                  Outputs.RemoraCopyRowsToHost found = Outputs.remoraCopyRowsToHost(outputs);
                  target.accept(found.chunkOffset(), found.rows());
                });
    return result != CUresult.CUDA_SUCCESS ? result : upload(piece, to, bytes);
  }

  private int upload(DeviceCopy piece, End to, PieceBuffer bytes) {
    return new BulkCopy(core, core.servers().destination(to.context()))
        .upload(
            bytes,
            Calls.REMORA_COPY_ROWS_TO_DEVICE,
            (out, part, offset, tail) -> {
              if (tail) {
                CallWriter.remoraCopyRowsToDeviceTail(
                    out,
                    piece.to(),
                    piece.toPitch(),
                    piece.width(),
                    piece.height(),
                    to.stream(),
                    part,
                    offset);
              } else {
                CallWriter.remoraCopyRowsToDevice(
                    out,
                    piece.to(),
                    piece.toPitch(),
                    piece.width(),
                    piece.height(),
                    to.stream(),
                    part,
                    offset);
              }
            });
  }
}
