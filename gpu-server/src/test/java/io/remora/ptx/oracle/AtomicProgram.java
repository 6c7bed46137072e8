// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.PtxType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A random program of atomic operations and reductions. Where each thread has a word of its own,
 * all results count. Where all threads of the grid, or of a block, change one word, operations are
 * such that their order doesn't matter: what counts is the word, and the sum of what was returned.
 *
 * <p>Memory holds the common cells, two words of 64 bits for each step, and then for each thread a
 * {@link Slot} of each step.
 */
final class AtomicProgram {
  /** Bytes of the cells of one step. */
  static final int CELL_BYTES = 16;

  /**
   * What a thread has for one step: at multiples of 16 bytes target, operand, result, and the value
   * that cas stores, with the word whose sign guards the step.
   *
   * @param type type of the elements, and of the cell
   * @param elements how many of them there are; 0 if the step has common cells only
   * @param isSum whether only the sum of both cells is certain
   */
  record Slot(PtxType type, int elements, boolean isSum) {
    static final int TARGET = 0;
    static final int OPERAND = 16;
    static final int RESULT = 32;
    static final int OTHER = 48;
    static final int GUARD = 60;
    static final int BYTES = 64;
  }

  // Numbers of registers.
  private static final int OPERANDS = 4;
  private static final int RESULTS = 12;
  private static final int COPY = 20;
  private static final int OTHER = 21;

  private static final String[] OWN =
      ("add.u32 add.s32 add.u64 add.s64 add.f32 add.f32 add.f32 add.f64 add.noftz.f16"
              + " add.noftz.bf16 add.noftz.f16x2 add.noftz.bf16x2 min.u32 min.s32 min.u64 min.s64"
              + " max.u32 max.s32 max.u64 max.s64 min.noftz.f16 max.noftz.f16 min.noftz.bf16"
              + " max.noftz.bf16 min.noftz.f16x2 max.noftz.f16x2 min.noftz.bf16x2 max.noftz.bf16x2"
              + " and.b32 and.b64 or.b32 or.b64 xor.b32 xor.b64 exch.b32 exch.b64 inc.u32 inc.u32"
              + " dec.u32 dec.u32 cas.b16 cas.b32 cas.b64 v2.f32.add v4.f32.add v2.f16.add.noftz"
              + " v4.f16.min.noftz v8.f16.max.noftz v8.bf16.add.noftz v4.bf16.max.noftz"
              + " v2.bf16.min.noftz v2.f16x2.add.noftz v4.f16x2.max.noftz v2.bf16x2.min.noftz"
              + " v4.bf16x2.add.noftz")
          .split(" ");

  /** Orders and scopes, which change no result here. */
  private static final String[] ORDERS = {"", "", ".relaxed.gpu", ".relaxed.sys", ".relaxed.cta"};

  /** What all threads may do to one word with operands of their own. */
  private static final String[] COMMON =
      ("add.u32 add.s32 add.u64 min.u32 min.s32 min.u64 min.s64 max.u32 max.s32 max.u64 max.s64"
              + " and.b32 and.b64 or.b32 or.b64 xor.b32 xor.b64")
          .split(" ");

  /** What they may do with one operand for all, so that the sum of the results is certain. */
  private static final String[] COUNTING = {
    "add.u32 _, 3", "inc.u32 _, 7", "dec.u32 _, 11", "add.s32 _, -5"
  };

  /** Sums of few small numbers are exact, in whatever order. */
  private static final String[] SUMMING = {
    "add.f32 _, 0f40400000",
    "add.f64 _, 0d3FF8000000000000",
    "add.noftz.f16 _, %h0",
    "add.noftz.f16x2 _, %r2"
  };

  private final SplittableRandom random;
  private final int steps;
  private final StringBuilder text = new StringBuilder();
  private final List<Slot> slots = new ArrayList<>();

  /**
   * Writes a program.
   *
   * @param steps how many operations each thread does
   */
  AtomicProgram(SplittableRandom random, int steps) {
    this.random = random;
    this.steps = steps;
    line(".version 8.6\n.target sm_100\n.address_size 64");
    line(".visible .entry test(.param .u64 memory)\n{\n.shared .align 16 .b8 tile[3072];");
    line(".reg .b16 %h<24>;\n.reg .b32 %r<24>, %t, %g, %tile, %own;\n.reg .b64 %l<24>;");
    line(".reg .f32 %f<24>;\n.reg .f64 %d<24>;\n.reg .pred %p<4>;");
    line(".reg .b64 %cells, %base, %at, %wide;\nld.param.u64 %cells, [memory];");
    line("cvta.to.global.u64 %cells, %cells;\nmov.u32 %t, %tid.x;\nmov.u32 %g, %ctaid.x;");
    line("mov.u32 %r0, %ntid.x;\nmad.lo.s32 %g, %g, %r0, %t;");
    line("mad.wide.u32 %base, %g, " + slotBytes() + ", %cells;");
    line("mov.u32 %tile, tile;\nmad.lo.u32 %own, %t, 16, %tile;");
    for (int step = 0; step < steps; step++) {
      step(step);
    }
    line("ret;\n}");
  }

  /** The module's text; its kernel is {@code test}. */
  String text() {
    return text.toString();
  }

  /** What threads have for each step. */
  List<Slot> slots() {
    return slots;
  }

  /** Where the first thread's slots begin. */
  int cellBytes() {
    return steps * CELL_BYTES;
  }

  /** Bytes of all slots of one thread. */
  int slotBytes() {
    return steps * Slot.BYTES;
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private void step(int step) {
    line("add.s64 %at, %base, " + (cellBytes() + step * Slot.BYTES) + ";");
    line("ld.global.u32 %r1, [%at+" + Slot.GUARD + "];\nsetp.ge.s32 %p0, %r1, 0;");
    String cell = "[%cells+" + step * CELL_BYTES + "]";
    String sum = "[%cells+" + (step * CELL_BYTES + 8) + "]";
    switch (random.nextInt(11)) {
      case 0 -> common(cell, pick(COMMON));
      case 1 -> counting(cell, sum, pick(COUNTING));
      case 2 -> summing(cell, pick(SUMMING));
      case 3 -> exchange(cell, sum);
      case 4 -> swapLoop(cell, step);
      case 5 -> commonShared(pick(COMMON));
      default -> own(pick(OWN));
    }
  }

  private String pick(String[] from) {
    return from[random.nextInt(from.length)];
  }

  private String guard() {
    return random.nextBoolean() ? "" : random.nextBoolean() ? "@%p0 " : "@!%p0 ";
  }

  private static PtxType type(String operation) {
    for (String word : operation.split("[. ]")) {
      PtxType type = PtxType.named(word);
      if (type != null) {
        return type;
      }
    }
    throw new AssertionError(operation);
  }

  private static String register(PtxType type) {
    return switch (type) {
      case F32 -> "%f";
      case F64 -> "%d";
      default -> type.bits() == 16 ? "%h" : type.bits() == 32 ? "%r" : "%l";
    };
  }

  private void load(String space, PtxType type, int register, String address) {
    line(
        "ld."
            + space
            + ".b"
            + type.bits()
            + " "
            + register(type)
            + register
            + ", "
            + address
            + ";");
  }

  private void store(String space, PtxType type, int register, String address) {
    line(
        "st."
            + space
            + ".b"
            + type.bits()
            + " "
            + address
            + ", "
            + register(type)
            + register
            + ";");
  }

  private static String slot(int offset) {
    return "[%at+" + offset + "]";
  }

  private static String list(PtxType type, int first, int count) {
    if (count == 1) {
      return register(type) + first;
    }
    return IntStream.range(first, first + count)
        .mapToObj(i -> register(type) + i)
        .collect(Collectors.joining(", ", "{", "}"));
  }

  /** Each thread changes its own words, of global memory or a copy of them in shared memory. */
  private void own(String operation) {
    PtxType type = type(operation);
    int elements = operation.startsWith("v") ? operation.charAt(1) - '0' : 1;
    for (int i = 0; i < elements; i++) {
      load("global", type, OPERANDS + i, slot(Slot.OPERAND + i * type.bytes()));
      load("global", type, RESULTS + i, slot(Slot.RESULT + i * type.bytes()));
    }
    load("global", type, OTHER, slot(Slot.OTHER));
    boolean shared = elements == 1 && random.nextBoolean();
    if (shared) {
      load("global", type, COPY, slot(Slot.TARGET));
      store("shared", type, COPY, "[%own]");
    }
    boolean generic = random.nextInt(3) == 0;
    if (generic && shared) {
      line("cvt.u64.u32 %wide, %own;\ncvta.shared.u64 %wide, %wide;");
    }
    boolean swaps = operation.startsWith("cas");
    boolean returns = swaps || operation.startsWith("exch") || random.nextInt(3) > 0;
    line(
        guard()
            + (returns ? "atom" : "red")
            + pick(ORDERS)
            + (generic ? "." : shared ? ".shared." : ".global.")
            + operation
            + (returns ? " " + list(type, RESULTS, elements) + ", " : " ")
            + (!shared ? "[%at], " : generic ? "[%wide], " : "[%own], ")
            + list(type, OPERANDS, elements)
            + (swaps ? ", " + register(type) + OTHER : "")
            + ";");
    for (int i = 0; i < elements; i++) {
      store("global", type, RESULTS + i, slot(Slot.RESULT + i * type.bytes()));
    }
    if (shared) {
      load("shared", type, COPY, "[%own]");
      store("global", type, COPY, slot(Slot.TARGET));
    }
    slots.add(new Slot(type, elements, false));
  }

  private void common(String cell, String operation) {
    PtxType type = type(operation);
    load("global", type, OPERANDS, slot(Slot.OPERAND));
    String operand = register(type) + OPERANDS;
    if (random.nextBoolean()) {
      line(guard() + "red.global." + operation + " " + cell + ", " + operand + ";");
    } else {
      line(guard() + "atom." + operation + " _, " + cell + ", " + operand + ";");
    }
    slots.add(new Slot(type, 0, false));
  }

  private void counting(String cell, String sum, String operation) {
    String guard = guard();
    line("mov.u32 %r3, 0;");
    line(guard + "atom.global." + operation.replace("_", "%r3, " + cell) + ";");
    line("red.global.add.u32 " + sum + ", %r3;");
    slots.add(new Slot(PtxType.U32, 0, false));
  }

  private void summing(String cell, String operation) {
    line("mov.b16 %h0, 0x3C00;\nmov.b32 %r2, 0x40003C00;");
    line(guard() + "red.global." + operation.replace("_", cell) + ";");
    slots.add(new Slot(type(operation), 0, false));
  }

  /** What is there at last and what was returned are together what there was and was stored. */
  private void exchange(String cell, String sum) {
    String guard = guard();
    load("global", PtxType.U32, OPERANDS, slot(Slot.OPERAND));
    line(guard + "atom.global.exch.b32 %r3, " + cell + ", %r" + OPERANDS + ";");
    line(guard + "red.global.add.u32 " + sum + ", %r3;");
    slots.add(new Slot(PtxType.U32, 0, true));
  }

  private void swapLoop(String cell, int step) {
    line("@!%p0 bra END" + step + ";\nld.volatile.global.u32 %r2, " + cell + ";");
    line("LOOP" + step + ":\nmad.lo.u32 %r3, %r2, 5, 12345;");
    line("atom.global.cas.b32 %r3, " + cell + ", %r2, %r3;");
    line("setp.ne.u32 %p1, %r3, %r2;\nmov.u32 %r2, %r3;\n@%p1 bra LOOP" + step + ";");
    line("END" + step + ":");
    slots.add(new Slot(PtxType.U32, 0, false));
  }

  /** All threads of a block change one word of shared memory, which the first one brings back. */
  private void commonShared(String operation) {
    PtxType type = type(operation);
    load("global", type, OPERANDS, slot(Slot.OPERAND));
    line("setp.ne.u32 %p1, %t, 0;\n@%p1 bra FILLED" + slots.size() + ";");
    load("global", type, COPY, slot(Slot.TARGET));
    store("shared", type, COPY, "[%tile+2048]");
    line("FILLED" + slots.size() + ":\nbar.sync 0;");
    String operand = register(type) + OPERANDS;
    line(guard() + "red.shared." + operation + " [%tile+2048], " + operand + ";");
    line("bar.sync 0;\n@%p1 bra EMPTIED" + slots.size() + ";");
    load("shared", type, COPY, "[%tile+2048]");
    store("global", type, COPY, slot(Slot.TARGET));
    line("EMPTIED" + slots.size() + ":\nbar.sync 0;");
    slots.add(new Slot(type, 1, false));
  }
}
