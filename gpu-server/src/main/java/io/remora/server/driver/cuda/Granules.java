// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.util.BitSet;

/** Which granules of a slab are backed. Thread-safe: copies ask while others commit. */
final class Granules {
  private final long address;
  private final long bytes;
  private final long granuleBytes;
  private final BitSet committed = new BitSet();

  Granules(long address, long bytes, long granuleBytes) {
    this.address = address;
    this.bytes = bytes;
    this.granuleBytes = granuleBytes;
  }

  /** The number of the granule that begins at an address of the slab. */
  int indexOf(long at) {
    return (int) ((at - address) / granuleBytes);
  }

  void require(long at, long length) {
    long offset = at - address;
    if (length <= 0
        || length % granuleBytes != 0
        || offset < 0
        || offset % granuleBytes != 0
        || offset > bytes - length) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_VALUE_VALUE,
          "not granules of the slab: 0x" + Long.toHexString(at) + " + " + length);
    }
  }

  synchronized boolean get(int index) {
    return committed.get(index);
  }

  synchronized void set(int index, boolean isCommitted) {
    committed.set(index, isCommitted);
  }

  /** The first granule from {@code from} on that is backed, or -1. */
  synchronized int nextCommitted(int from) {
    return committed.nextSetBit(from);
  }

  synchronized boolean covers(long at, long length) {
    long offset = at - address;
    if (length < 0 || offset < 0 || offset > bytes - length) {
      return false;
    }
    int first = (int) (offset / granuleBytes);
    int end = (int) ((offset + length + granuleBytes - 1) / granuleBytes);
    return committed.nextClearBit(first) >= end;
  }
}
