// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import io.remora.ptx.ir.Variable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;

/**
 * A {@link PtxModule} bound to an {@link AddressSpace}: its variables have addresses. Immutable.
 */
public final class PtxInstance {
  private static final int PIECE_BYTES = 1 << 16;

  private final PtxModule module;
  private final AddressSpace memory;
  private final Map<String, Long> addresses;
  private final long[] inOrder;

  private PtxInstance(PtxModule module, AddressSpace memory, Map<String, Long> addresses) {
    this.module = module;
    this.memory = memory;
    this.addresses = addresses;
    inOrder = addresses.values().stream().mapToLong(Long::longValue).toArray();
  }

  static PtxInstance create(
      PtxModule module, AddressSpace memory, ToLongFunction<PtxGlobal> placement) {
    var addresses = new LinkedHashMap<String, Long>();
    for (PtxGlobal global : module.globals()) {
      long address = placement.applyAsLong(global);
      if (address % global.alignment() != 0) {
        throw new IllegalArgumentException(
            global.name() + " needs an alignment of " + global.alignment() + " bytes");
      }
      addresses.put(global.name(), address);
    }
    var instance = new PtxInstance(module, memory, addresses);
    List<Variable> variables = module.compiled().variables();
    variables.forEach(instance::initialise);
    return instance;
  }

  /** Writes a variable's initial value: zeros, and the pieces that the text gives. */
  private void initialise(Variable variable) {
    long address = addressOf(variable.name());
    long bytes = Math.max(1, variable.bytes());
    memory.fill(address, 0, 1, bytes);
    var buffer = ByteBuffer.allocate(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    long start = address;
    for (Variable.Piece piece : variable.initialiser()) {
      long at = address + piece.offset();
      // Pieces that follow one another are written together.
      if (at != start + buffer.position() || buffer.remaining() < 8) {
        memory.write(start, buffer.flip());
        buffer.clear();
        start = at;
      }
      put(buffer, piece);
    }
    memory.write(start, buffer.flip());
  }

  private void put(ByteBuffer buffer, Variable.Piece piece) {
    long value = piece.value() + (piece.symbol().isEmpty() ? 0 : symbolValue(piece.symbol()));
    switch (piece.bytes()) {
      case 1 -> buffer.put((byte) value);
      case 2 -> buffer.putShort((short) value);
      case 4 -> buffer.putInt((int) value);
      default -> buffer.putLong(value);
    }
  }

  private long symbolValue(String symbol) {
    Long address = addresses.get(symbol);
    return address != null ? address : module.compiled().functionAddress(symbol);
  }

  private long addressOf(String name) {
    Long address = addresses.get(name);
    if (address == null) {
      throw new IllegalArgumentException("the module has no variable named " + name);
    }
    return address;
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
    Long address = addresses.get(name);
    return address == null ? OptionalLong.empty() : OptionalLong.of(address);
  }

  /** Addresses of all variables in the module's order, for the engine, which only reads them. */
  long[] addresses() {
    return inOrder;
  }
}
