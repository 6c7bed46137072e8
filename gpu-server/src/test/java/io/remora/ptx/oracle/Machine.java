// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import static java.util.Objects.requireNonNull;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Interprets one block of a kernel, thread by thread, each until it waits or ends. Takes the
 * instructions as the parser gives them; all arithmetic is that of its groups.
 */
final class Machine {
  private static final int WARP = 32;
  private static final int SHARED_BYTES = 4096;
  private static final int STEPS_MAX = 200_000;

  /** Generic addresses from here on are those of shared memory. */
  private static final long SHARED_WINDOW = 1L << 62;

  private static final List<Group> GROUPS =
      List.of(
          new VideoGroup(),
          new CompareGroup(),
          new ConversionGroup(),
          new LogicGroup(),
          new IntegerGroup(),
          new FloatGroup());

  private final PtxFunction kernel;
  private final ByteBuffer global;
  private final long base;
  private final ByteBuffer shared =
      ByteBuffer.allocate(SHARED_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final List<Lane> lanes = new ArrayList<>();
  private int steps;

  /**
   * @param global global memory, changed in place; its address is the kernel's only parameter
   * @param base address of its first byte
   * @param place which block it is
   */
  Machine(PtxFunction kernel, ByteBuffer global, long base, Place place) {
    this.kernel = kernel;
    this.global = global;
    this.base = base;
    for (int thread = 0; thread < place.threads(); thread++) {
      lanes.add(new Lane(thread, place, kernel.registers().size()));
    }
  }

  /** Runs the block to its end. */
  void run() {
    while (lanes.stream().anyMatch(lane -> !lane.ended)) {
      for (Lane lane : lanes) {
        while (!lane.ended && lane.waiting == null) {
          step(lane);
        }
      }
      release();
    }
  }

  /** Lets those go whose warp operation is complete, or the block at a barrier. */
  private void release() {
    boolean released = false;
    for (int first = 0; first < lanes.size(); first += WARP) {
      released |= WarpGroup.release(lanes.subList(first, Math.min(first + WARP, lanes.size())));
    }
    List<Lane> alive = lanes.stream().filter(lane -> !lane.ended).toList();
    boolean all =
        alive.stream()
            .allMatch(
                lane -> lane.waiting != null && !WarpGroup.isOf(requireNonNull(lane.waiting)));
    if (all) {
      alive.forEach(lane -> lane.waiting = null);
    } else if (!released) {
      throw new AssertionError("the program waits for ever");
    }
  }

  private void step(Lane lane) {
    if (++steps > STEPS_MAX) {
      throw new AssertionError("the program doesn't end");
    }
    int index = lane.next++;
    if (index >= kernel.code().size()) {
      lane.ended = true;
      return;
    }
    Instruction at = kernel.code().get(index);
    if (at.guard() != null && lane.bits(at.guard(), PtxType.PRED) == 0) {
      return;
    }
    switch (at.opcode()) {
      case "bra" -> lane.next = target(at);
      case "ret", "exit" -> lane.ended = true;
      case "bar", "shfl", "vote", "match", "redux", "activemask", "elect" -> lane.waiting = at;
      case "ld" -> load(at, lane);
      case "st" -> store(at, lane);
      case "atom", "red" -> {
        long address = address(at, lane);
        AtomicGroup.execute(at, lane, memory(at, address), isShared(at, address));
      }
      case "cvta" -> {
        boolean toGeneric = at.has("shared") && !at.has("to");
        lane.store(at, lane.bits(at, 1, PtxType.U64) + (toGeneric ? SHARED_WINDOW : 0));
      }
      default -> compute(at, lane);
    }
  }

  private int target(Instruction at) {
    var label = (Operand.Label) at.operands().get(0);
    return requireNonNull(kernel.labels().get(label.name()));
  }

  private static void compute(Instruction at, Lane lane) {
    if (at.opcode().equals("mov") && at.operands().get(1) instanceof Operand.Symbol) {
      lane.store(at, 0); // The only variable lies at the start of shared memory.
      return;
    }
    for (Group group : GROUPS) {
      if (group.execute(at, lane)) {
        return;
      }
    }
    throw new AssertionError("no group for " + at.name());
  }

  /** What the address operand of an access names. */
  private static long address(Instruction at, Lane lane) {
    var address =
        (Operand.Address)
            at.operands().stream().filter(Operand.Address.class::isInstance).findFirst().get();
    var register = ((Operand.Reg) address.base()).register();
    return lane.registers[register.id()] + address.offset();
  }

  private static boolean isShared(Instruction at, long address) {
    return at.has("shared") || !at.has("global") && address >= SHARED_WINDOW;
  }

  /** The memory from an address on. */
  private ByteBuffer memory(Instruction at, long address) {
    boolean isShared = isShared(at, address);
    long offset = isShared ? address & Lane.mask(32) : address - base;
    ByteBuffer memory = isShared ? shared : global;
    return memory
        .slice(Math.toIntExact(offset), memory.capacity() - (int) offset)
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private void load(Instruction at, Lane lane) {
    PtxType type = at.types().get(0);
    if (at.has("param")) {
      lane.store(at, base);
      return;
    }
    lane.store(at, read(memory(at, address(at, lane)), type, 0));
  }

  /** The n-th value of a type. */
  static long read(ByteBuffer memory, PtxType type, int n) {
    return switch (type.bits()) {
      case 16 -> memory.getShort(2 * n) & Lane.mask(16);
      case 32 -> memory.getInt(4 * n) & Lane.mask(32);
      default -> memory.getLong(8 * n);
    };
  }

  /** Puts the n-th value of a type. */
  static void write(ByteBuffer memory, PtxType type, int n, long value) {
    switch (type.bits()) {
      case 16 -> memory.putShort(2 * n, (short) value);
      case 32 -> memory.putInt(4 * n, (int) value);
      default -> memory.putLong(8 * n, value);
    }
  }

  private void store(Instruction at, Lane lane) {
    PtxType type = at.types().get(0);
    write(memory(at, address(at, lane)), type, 0, lane.bits(at, 1, type));
  }
}
