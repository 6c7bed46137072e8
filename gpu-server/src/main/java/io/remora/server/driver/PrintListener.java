// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

/** Takes what the kernels of a domain print. */
@FunctionalInterface
public interface PrintListener {
  /** For those who want none of it. */
  PrintListener NONE = text -> {};

  /**
   * Called for each {@code printf} of a kernel, before the observer of its launch is told of the
   * end; on any driver thread, by several at once. Must not block.
   *
   * @param text the bytes printed, which are the listener's from now on
   */
  void onPrint(byte[] text);
}
