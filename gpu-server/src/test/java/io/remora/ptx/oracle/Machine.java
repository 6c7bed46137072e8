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
  /** Threads of the block: whole warps. */
  static final int THREADS = 96;

  private static final int SHARED_BYTES = 4096;
  private static final int STEPS_MAX = 200_000;
  private static final int RUNNING = -1;

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
  private final int[] waiting = new int[THREADS];
  private int steps;

  /**
   * @param global global memory, changed in place; its address is the kernel's only parameter
   * @param base address of its first byte
   */
  Machine(PtxFunction kernel, ByteBuffer global, long base) {
    this.kernel = kernel;
    this.global = global;
    this.base = base;
    for (int thread = 0; thread < THREADS; thread++) {
      lanes.add(new Lane(thread, kernel.registers().size()));
      waiting[thread] = RUNNING;
    }
  }

  /** Runs the block to its end. */
  void run() {
    while (lanes.stream().anyMatch(lane -> !lane.ended)) {
      for (Lane lane : lanes) {
        while (!lane.ended && waiting[lane.thread] == RUNNING) {
          step(lane);
        }
      }
      release();
    }
  }

  /** Lets each warp go whose threads are all at one shuffle, or the block at a barrier. */
  private void release() {
    boolean released = false;
    for (int first = 0; first < THREADS; first += 32) {
      List<Lane> warp = lanes.subList(first, first + 32);
      int at = waiting[first];
      if (at != RUNNING
          && kernel.code().get(at).opcode().equals("shfl")
          && warp.stream().allMatch(lane -> waiting[lane.thread] == at)) {
        shuffle(kernel.code().get(at), warp);
        warp.forEach(lane -> waiting[lane.thread] = RUNNING);
        released = true;
      }
    }
    List<Lane> alive = lanes.stream().filter(lane -> !lane.ended).toList();
    boolean all =
        alive.stream()
            .allMatch(
                lane ->
                    waiting[lane.thread] != RUNNING
                        && kernel.code().get(waiting[lane.thread]).opcode().equals("bar"));
    if (all) {
      alive.forEach(lane -> waiting[lane.thread] = RUNNING);
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
      case "bar", "shfl" -> waiting[lane.thread] = index;
      case "ld" -> load(at, lane);
      case "st" -> store(at, lane);
      case "cvta" -> lane.store(at, lane.bits(at, 1, PtxType.U64));
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

  private int offset(Instruction at, int operand, Lane lane) {
    var address = (Operand.Address) at.operands().get(operand);
    var register = ((Operand.Reg) address.base()).register();
    long start = lane.registers[register.id()] + address.offset();
    return Math.toIntExact(at.has("global") ? start - base : start & Lane.mask(32));
  }

  private void load(Instruction at, Lane lane) {
    PtxType type = at.types().get(0);
    if (at.has("param")) {
      lane.store(at, base);
      return;
    }
    ByteBuffer memory = at.has("global") ? global : shared;
    int offset = offset(at, 1, lane);
    lane.store(
        at,
        switch (type.bits()) {
          case 16 -> memory.getShort(offset) & 0xffffL;
          case 32 -> memory.getInt(offset) & Lane.mask(32);
          default -> memory.getLong(offset);
        });
  }

  private void store(Instruction at, Lane lane) {
    PtxType type = at.types().get(0);
    ByteBuffer memory = at.has("global") ? global : shared;
    int offset = offset(at, 0, lane);
    long value = lane.bits(at, 1, type);
    switch (type.bits()) {
      case 16 -> memory.putShort(offset, (short) value);
      case 32 -> memory.putInt(offset, (int) value);
      default -> memory.putLong(offset, value);
    }
  }

  /** {@code shfl.sync} of all threads of a warp (PTX ISA 9.7.9.6). */
  private static void shuffle(Instruction at, List<Lane> warp) {
    var results = new long[32];
    for (int lane = 0; lane < 32; lane++) {
      int b = (int) warp.get(lane).bits(at, 2, PtxType.U32) & 31;
      int c = (int) warp.get(lane).bits(at, 3, PtxType.U32);
      int segment = c >> 8 & 31;
      int most = lane & segment | c & 31 & ~segment;
      int source =
          at.has("up")
              ? lane - b
              : at.has("down")
                  ? lane + b
                  : at.has("bfly") ? lane ^ b : lane & segment | b & ~segment;
      boolean inside = at.has("up") ? source >= most : source <= most;
      results[lane] = warp.get(inside ? source : lane).bits(at, 1, PtxType.B32);
    }
    for (int lane = 0; lane < 32; lane++) {
      warp.get(lane).store(at, results[lane]);
    }
  }
}
