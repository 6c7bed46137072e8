// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.Domain.DeviceBytes;
import io.remora.server.driver.Domain.HostReader;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The stream stands still while a host reader takes device memory at its own pace. Each piece is
 * copied on the stream itself into staging memory, and on from there; staging memory is held for
 * that long only.
 */
final class Download extends StreamStop implements DeviceBytes {
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;

  private record Read(long offset, ByteBuffer into, WorkObserver done) {}

  private final CudaDomain domain;
  private final StagingPool staging;
  private final long source;
  private final long bytes;
  private final HostReader reader;

  // Guarded by this.
  private final ArrayDeque<Read> reads = new ArrayDeque<>();
  private @Nullable CudaStream stream;
  private int filled;
  private boolean busy;

  Download(
      CudaDomain domain,
      StagingPool staging,
      long source,
      long bytes,
      HostReader reader,
      WorkObserver observer) {
    super(observer);
    this.domain = domain;
    this.staging = staging;
    this.source = source;
    this.bytes = bytes;
    this.reader = reader;
  }

  @Override
  void reached(CudaStream at) {
    stream = at;
    int fault = domain.fault();
    if (fault != OK) {
      resume(fault);
    } else {
      reader.begin(this);
    }
  }

  @Override
  public void read(long offset, ByteBuffer into, WorkObserver done) {
    if (offset < 0 || offset > bytes || into.remaining() > bytes - offset) {
      done.onDone(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, 0);
      return;
    }
    synchronized (this) {
      reads.addLast(new Read(offset, into, done));
      if (busy) {
        return;
      }
      busy = true;
    }
    goOn();
  }

  /** Starts the copy of the next piece of the first read; one is under way at a time. */
  private void goOn() {
    Read read;
    CudaStream at;
    int wanted;
    synchronized (this) {
      read = reads.peekFirst();
      at = stream;
      if (read == null || at == null) {
        busy = false;
        return;
      }
      wanted = read.into.remaining() - filled;
    }
    if (wanted == 0) {
      end(read, OK);
      return;
    }
    StagingPool.Slot slot = staging.take(wanted, this::goOn);
    if (slot == null) {
      return;
    }
    int piece = Math.min(wanted, slot.buffer().capacity());
    boolean accepted =
        at.issueWhileStopped(
            () ->
                CudaCalls.cuMemcpyDtoHAsync_v2(
                    slot.address(), source + read.offset + filled, piece, at.handle().address()),
            (result, nanos) -> pieceEnded(read, slot, piece, result));
    if (!accepted) {
      staging.giveBack(slot);
      end(read, at.endResult());
    }
  }

  private void pieceEnded(Read read, StagingPool.Slot slot, int piece, int result) {
    if (result == OK) {
      read.into.put(read.into.position() + filled, slot.buffer(), 0, piece);
      filled += piece;
    }
    staging.giveBack(slot);
    if (result != OK || filled == read.into.remaining()) {
      end(read, result);
    } else {
      goOn();
    }
  }

  private void end(Read read, int result) {
    synchronized (this) {
      reads.removeFirst();
      filled = 0;
    }
    if (result == OK) {
      read.into.position(read.into.limit());
    }
    read.done.onDone(result, -1);
    goOn();
  }

  @Override
  public void finish() {
    resume(domain.fault());
  }
}
