// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.KernelFault;

/** Thrown inside compiled code to end the launch; never leaves this package. */
public final class KernelStop extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final KernelFault.Kind kind;

  /**
   * @param kind why
   * @param detail for people; may be empty
   */
  public KernelStop(KernelFault.Kind kind, String detail) {
    super(detail);
    this.kind = kind;
  }

  KernelFault.Kind kind() {
    return kind;
  }
}
