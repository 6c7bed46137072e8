// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.KernelFault;
import io.remora.ptx.PtxException;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.oracle.AtomicProgram.Slot;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Random programs of atomic operations, run by several threads of the host at once. */
final class AtomicOracleTest {
  private static final int STEPS = 14;
  private static final int THREADS = 64;
  private static final int BLOCKS = 4;

  private final OracleRig rig = new OracleRig(3);

  @AfterEach
  void close() {
    rig.close();
  }

  @Test
  void atomicOperationsAreTheInterpreters() throws PtxException, KernelFault {
    long end = OracleRig.SEED + Math.max(1, OracleRig.ROUNDS / 2);
    for (long seed = OracleRig.SEED; seed < end; seed++) {
      var random = new SplittableRandom(seed);
      var program = new AtomicProgram(random, STEPS);
      ByteBuffer before = input(program, random);
      String text = program.text();
      ByteBuffer expected = OracleRig.interpret(text, before, BLOCKS, THREADS);
      ByteBuffer actual = rig.execute(text, before, BLOCKS, THREADS);
      for (int step = 0; step < STEPS; step++) {
        Slot slot = program.slots().get(step);
        assertThat(cell(actual, step, slot))
            .as("seed %d, cell of step %d\n%s", seed, step, text)
            .isEqualTo(cell(expected, step, slot));
        for (int thread = 0; thread < BLOCKS * THREADS; thread++) {
          int at = program.cellBytes() + thread * program.slotBytes() + step * Slot.BYTES;
          for (int offset : new int[] {Slot.TARGET, Slot.RESULT}) {
            assertThat(values(actual, at + offset, slot.type(), slot.elements()))
                .as("seed %d, step %d, thread %d, at %d\n%s", seed, step, thread, offset, text)
                .isEqualTo(values(expected, at + offset, slot.type(), slot.elements()));
          }
        }
      }
    }
  }

  private static ByteBuffer input(AtomicProgram program, SplittableRandom random) {
    var memory = OracleRig.buffer(program.cellBytes() + BLOCKS * THREADS * program.slotBytes());
    for (int step = 0; step < STEPS; step++) {
      Slot slot = program.slots().get(step);
      // Where floats are added in any order, they must be small integers.
      if (slot.type().isInteger()) {
        memory.putLong(step * AtomicProgram.CELL_BYTES, value(slot.type(), random));
      }
      for (int thread = 0; thread < BLOCKS * THREADS; thread++) {
        int at = program.cellBytes() + thread * program.slotBytes() + step * Slot.BYTES;
        for (int i = 0; i < Math.max(1, slot.elements()); i++) {
          int offset = at + i * slot.type().bytes();
          long target = value(slot.type(), random);
          boolean isSame = random.nextBoolean();
          put(memory, offset + Slot.TARGET, slot.type(), target);
          put(
              memory,
              offset + Slot.OPERAND,
              slot.type(),
              isSame ? target : value(slot.type(), random));
          put(memory, offset + Slot.RESULT, slot.type(), value(slot.type(), random));
        }
        put(memory, at + Slot.OTHER, slot.type(), value(slot.type(), random));
        memory.putInt(at + Slot.GUARD, random.nextInt());
      }
    }
    return memory;
  }

  private static void put(ByteBuffer memory, int at, PtxType type, long value) {
    ByteBuffer there = memory.slice(at, type.bytes()).order(memory.order());
    Machine.write(there, type, 0, value);
  }

  /** Any bits, or values that are likely to be a case of their own. */
  private static long value(PtxType type, SplittableRandom random) {
    if (type.isInteger()) {
      int kind = random.nextInt(3);
      return kind == 0 ? random.nextLong() : random.nextLong(-3, 9) + (kind == 1 ? 0 : 1L << 31);
    }
    Format format = Format.of(type);
    long bits = 0;
    for (int part = 0; part < type.bits(); part += format.bits()) {
      bits |= number(format, random) << part;
    }
    return bits;
  }

  private static long number(Format format, SplittableRandom random) {
    boolean negative = random.nextBoolean();
    return switch (random.nextInt(8)) {
      case 0 -> format.sign(negative);
      case 1 -> random.nextInt(3) == 0 ? format.nan() : format.infinity(negative);
      case 2 -> format.largest(negative);
      case 3 -> format.sign(negative) | random.nextLong(1L << format.precision());
      case 4 -> random.nextLong() & Lane.mask(format.bits());
      default -> Exact.of(random.nextLong(-999, 999), random.nextInt(-9, 3)).round(format, "rn");
    };
  }

  private static long cell(ByteBuffer memory, int step, Slot slot) {
    long first = memory.getLong(step * AtomicProgram.CELL_BYTES);
    long second = memory.getLong(step * AtomicProgram.CELL_BYTES + 8);
    return slot.isSum() ? first + second & Lane.mask(32) : first * 31 + second;
  }

  private static List<Long> values(ByteBuffer memory, int at, PtxType type, int elements) {
    var values = new ArrayList<Long>();
    for (int i = 0; i < elements; i++) {
      ByteBuffer there = memory.slice(at + i * type.bytes(), type.bytes()).order(memory.order());
      values.add(canonical(Machine.read(there, type, 0), type));
    }
    return values;
  }

  /** Which NaN an operation yields is left open by the manual. */
  private static long canonical(long bits, PtxType type) {
    if (type.isInteger()) {
      return bits;
    }
    Format format = Format.of(type);
    long value = bits;
    for (int part = 0; part < type.bits(); part += format.bits()) {
      if (format.isNan(value >>> part & Lane.mask(format.bits()))) {
        value |= Lane.mask(format.bits()) << part;
      }
    }
    return value;
  }
}
