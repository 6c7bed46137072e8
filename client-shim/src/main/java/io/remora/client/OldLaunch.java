// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.Arrays;

/**
 * What a function keeps for launches as they were before CUDA 4.0, when the shape of its blocks and
 * its parameters were set one by one. Threads that set up the same function at the same time get
 * each other's values, as with CUDA's own.
 */
final class OldLaunch {
  private final byte[] parameters;
  private int[] block = {0, 0, 0};
  private int sharedBytes;
  private int parameterBytes;

  /**
   * @param parameterBytes the size of the kernel's parameters
   */
  OldLaunch(int parameterBytes) {
    parameters = new byte[parameterBytes];
  }

  /**
   * What one launch takes.
   *
   * @param parameters null if fewer bytes were announced than the kernel has
   */
  record Values(
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes,
      byte @org.jspecify.annotations.Nullable [] parameters) {}

  synchronized void setBlock(int x, int y, int z) {
    block = new int[] {x, y, z};
  }

  synchronized void setSharedBytes(int bytes) {
    sharedBytes = bytes;
  }

  /** How many bytes of parameters the program says it has set. */
  synchronized void setParameterBytes(int bytes) {
    parameterBytes = bytes;
  }

  /** Sets some bytes; false if they lie outside of the kernel's parameters. */
  synchronized boolean set(int offset, byte[] bytes) {
    if (offset < 0 || bytes.length > parameters.length - offset) {
      return false;
    }
    System.arraycopy(bytes, 0, parameters, offset, bytes.length);
    return true;
  }

  synchronized Values values() {
    return new Values(
        block[0],
        block[1],
        block[2],
        sharedBytes,
        parameterBytes < parameters.length ? null : Arrays.copyOf(parameters, parameters.length));
  }
}
