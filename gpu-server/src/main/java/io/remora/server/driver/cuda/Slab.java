// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

/** The address space of a domain, and the memory behind its parts. All calls with the context. */
interface Slab {
  long address();

  long bytes();

  long granuleBytes();

  /** Backs whole granules, with whatever was in that memory before. */
  void commit(long address, long bytes);

  /** Takes the memory behind whole granules away. */
  void decommit(long address, long bytes);

  /** Whether all of a range is backed. */
  boolean isCommitted(long address, long bytes);

  /** Gives everything back. */
  void close();
}
