// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;

/**
 * The slab of a device without virtual memory management: one allocation, all of it taken from the
 * start, so it is smaller than what was asked for, and not at a multiple of its size.
 */
final class PlainSlab implements Slab {
  private static final long GRANULE_BYTES = 64 << 10;
  private static final long BYTES_MIN = 16 << 20;

  /** So many sessions find room on an empty device. */
  private static final int SHARE = 8;

  private final long allocation;
  private final long address;
  private final long bytes;
  private final Granules granules;

  PlainSlab(long wantedBytes, long deviceBytes) {
    long size = Math.min(wantedBytes, Long.highestOneBit(Math.max(deviceBytes / SHARE, BYTES_MIN)));
    long[] out = new long[1];
    int result = CudaCalls.cuMemAlloc_v2(out, size + GRANULE_BYTES);
    while (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE && size > BYTES_MIN) {
      size /= 2;
      result = CudaCalls.cuMemAlloc_v2(out, size + GRANULE_BYTES);
    }
    if (result != CUresult.CUDA_SUCCESS_VALUE) {
      throw new DriverException(
          result,
          "the device has no "
              + size
              + " bytes for another session; without virtual memory management each session takes"
              + " its memory at the start");
    }
    this.allocation = out[0];
    this.address = (allocation + GRANULE_BYTES - 1) & -GRANULE_BYTES;
    this.bytes = size;
    this.granules = new Granules(address, bytes, GRANULE_BYTES);
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public long granuleBytes() {
    return GRANULE_BYTES;
  }

  @Override
  public void commit(long from, long length) {
    granules.require(from, length);
    mark(from, length, true);
  }

  @Override
  public void decommit(long from, long length) {
    granules.require(from, length);
    mark(from, length, false);
  }

  private void mark(long from, long length, boolean isCommitted) {
    for (long at = from; at < from + length; at += GRANULE_BYTES) {
      granules.set(granules.indexOf(at), isCommitted);
    }
  }

  @Override
  public boolean isCommitted(long at, long length) {
    return granules.covers(at, length);
  }

  @Override
  public void close() {
    int unused = CudaCalls.cuMemFree_v2(allocation);
  }
}
