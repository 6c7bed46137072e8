// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * An access to an {@link AddressSpace} that was refused; nothing was read or written at or after
 * the address named.
 */
public final class MemoryFault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why the access was refused. */
  public enum Kind {
    /** Outside the window, or in a page that isn't committed. */
    ILLEGAL_ADDRESS,
    /** Not a multiple of the access size. */
    MISALIGNED_ADDRESS
  }

  private final Kind kind;
  private final long address;

  /**
   * @param kind why the access was refused
   * @param address first address refused
   */
  public MemoryFault(Kind kind, long address) {
    super(kind + " 0x" + Long.toHexString(address));
    this.kind = kind;
    this.address = address;
  }

  /** Why the access was refused. */
  public Kind kind() {
    return kind;
  }

  /** First address refused. */
  public long address() {
    return address;
  }
}
