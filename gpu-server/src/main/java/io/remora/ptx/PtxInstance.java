// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A {@link PtxModule} bound to an {@link AddressSpace}: its variables have addresses. Immutable.
 */
public final class PtxInstance {
  private final PtxModule module;
  private final AddressSpace memory;

  PtxInstance(PtxModule module, AddressSpace memory) {
    this.module = module;
    this.memory = memory;
  }

  /** The module. */
  public PtxModule module() {
    return module;
  }

  /** The memory in which its kernels run. */
  public AddressSpace memory() {
    return memory;
  }

  /** A kernel by name. */
  public Optional<PtxKernel> kernel(String name) {
    return Optional.ofNullable(module.kernels().get(name));
  }

  /** The address of a module-scope variable. */
  public OptionalLong address(String name) {
    return OptionalLong.empty();
  }
}
