// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A copy to the device, piece by piece through staging memory. */
final class Upload implements StreamItem {
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;

  private final StagingPool staging;
  private final long destination;
  private final ByteBuffer source;
  private final WorkObserver observer;
  private int copied;
  private int firstFailure = OK;
  private boolean waits;

  Upload(StagingPool staging, long destination, ByteBuffer source, WorkObserver observer) {
    this.staging = staging;
    this.destination = destination;
    this.source = source;
    this.observer = observer;
  }

  @Override
  public boolean issue(CudaStream stream) {
    int bytes = source.remaining();
    while (copied < bytes) {
      if (waits) {
        return false;
      }
      StagingPool.Slot slot = staging.take(bytes - copied, () -> slotIsFree(stream));
      if (slot == null) {
        waits = true;
        return false;
      }
      copyPiece(stream, slot, Math.min(bytes - copied, slot.buffer().capacity()));
    }
    return true;
  }

  private void slotIsFree(CudaStream stream) {
    synchronized (stream) {
      waits = false;
    }
    stream.proceed();
  }

  private void copyPiece(CudaStream stream, StagingPool.Slot slot, int bytes) {
    slot.buffer().put(0, source, source.position() + copied, bytes);
    stream.begin();
    int result =
        CudaCalls.cuMemcpyHtoDAsync_v2(
            destination + copied, slot.address(), bytes, stream.handle().address());
    copied += bytes;
    boolean last = copied == source.remaining();
    stream.accepted(result, (end, nanos) -> pieceEnded(slot, end, last ? observer : null));
  }

  private void pieceEnded(StagingPool.Slot slot, int result, @Nullable WorkObserver told) {
    if (firstFailure == OK) {
      firstFailure = result;
    }
    staging.giveBack(slot);
    if (told != null) {
      told.onDone(firstFailure, -1);
    }
  }

  @Override
  public void dropped(int result) {
    observer.onDone(result, -1);
  }
}
