// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.KernelFault;
import io.remora.ptx.PtxException;
import io.remora.ptx.oracle.ArithmeticProgram.Registers;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Random programs through the compiler and through the interpreter, compared bit for bit. */
final class OracleTest {
  private static final long SEED = OracleRig.SEED;
  private static final int ROUNDS = OracleRig.ROUNDS;
  private static final int INSTRUCTIONS = 60;
  private static final int THREADS = 96;

  private final OracleRig rig = new OracleRig(1);

  @AfterEach
  void close() {
    rig.close();
  }

  @Test
  void arithmeticIsTheInterpreters() throws PtxException, KernelFault {
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      String text = ArithmeticProgram.text(random, INSTRUCTIONS);
      var before = OracleRig.buffer(THREADS * ArithmeticProgram.BYTES);
      for (int i = 0; i < before.capacity(); i += 8) {
        before.putLong(i, operand(random, i));
      }
      ByteBuffer expected = OracleRig.interpret(text, before, 1, THREADS);
      ByteBuffer actual = rig.execute(text, before, 1, THREADS);
      for (int i = 0; i < expected.capacity(); i += 8) {
        Registers registers = registers(i);
        assertThat(canonical(actual.getLong(i), registers))
            .as(
                "seed %d, thread %d, register %s\n%s",
                seed, i / ArithmeticProgram.BYTES, name(i), text)
            .isEqualTo(canonical(expected.getLong(i), registers));
      }
    }
  }

  @Test
  void structureIsTheInterpreters() throws PtxException, KernelFault {
    int words = StructuredProgram.WORDS + THREADS * StructuredProgram.RESULTS;
    for (long seed = SEED; seed < SEED + 3L * ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      String text = StructuredProgram.text(random);
      var before = OracleRig.buffer(4 * words);
      for (int i = 0; i < StructuredProgram.WORDS; i++) {
        before.putInt(4 * i, random.nextInt(-100, 100));
      }
      ByteBuffer expected = OracleRig.interpret(text, before, 1, THREADS);
      ByteBuffer actual = rig.execute(text, before, 1, THREADS);
      for (int i = StructuredProgram.WORDS; i < words; i++) {
        int place = i - StructuredProgram.WORDS;
        boolean isFloat = place % StructuredProgram.RESULTS == StructuredProgram.RESULTS - 2;
        if (isFloat && Format.F32.isNan(expected.getInt(4 * i) & Lane.mask(32))) {
          continue;
        }
        assertThat(actual.getInt(4 * i))
            .as(
                "seed %d, thread %d, result %d\n%s",
                seed, place / StructuredProgram.RESULTS, place % StructuredProgram.RESULTS, text)
            .isEqualTo(expected.getInt(4 * i));
      }
    }
  }

  @Test
  void warpOperationsAreTheInterpreters() throws PtxException, KernelFault {
    int words = WarpProgram.INPUTS + WarpProgram.RESULTS;
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      int threads = random.nextInt(1, THREADS + 1);
      String text = WarpProgram.text(random);
      var before = OracleRig.buffer(4 * words * threads);
      for (int i = 0; i < words * threads; i++) {
        boolean isSmall = random.nextInt(3) > 0;
        before.putInt(4 * i, isSmall ? random.nextInt(-4, 4) : random.nextInt());
      }
      ByteBuffer expected = OracleRig.interpret(text, before, 1, threads);
      ByteBuffer actual = rig.execute(text, before, 1, threads);
      for (int i = 0; i < words * threads; i++) {
        assertThat(actual.getInt(4 * i))
            .as(
                "seed %d, thread %d of %d, result %d\n%s",
                seed, i / words, threads, i % words - WarpProgram.INPUTS, text)
            .isEqualTo(expected.getInt(4 * i));
      }
    }
  }

  private static Registers registers(int offset) {
    int index = offset % ArithmeticProgram.BYTES / 8;
    for (Registers registers : ArithmeticProgram.CLASSES) {
      if (index < registers.count()) {
        return registers;
      }
      index -= registers.count();
    }
    throw new AssertionError(offset);
  }

  private static String name(int offset) {
    int index = offset % ArithmeticProgram.BYTES / 8;
    for (Registers registers : ArithmeticProgram.CLASSES) {
      if (index < registers.count()) {
        return "%" + registers.letter() + index;
      }
      index -= registers.count();
    }
    return "";
  }

  /** Which NaN an operation yields is left open by the manual. */
  private static String canonical(long bits, Registers registers) {
    Format format = registers.format();
    long value = bits & Lane.mask(registers.bits());
    if (format.precision() > 0) {
      for (int part = 0; part < registers.bits(); part += format.bits()) {
        if (format.isNan(value >>> part & Lane.mask(format.bits()))) {
          value |= Lane.mask(format.bits()) << part;
        }
      }
    }
    return Long.toHexString(value);
  }

  private static long operand(SplittableRandom random, int offset) {
    Registers registers = registers(offset);
    Format format = registers.format();
    int kind = random.nextInt(4);
    if (format.precision() == 0) {
      return kind == 0 ? random.nextLong(-100, 100) : random.nextLong();
    }
    long bits = 0;
    for (int part = 0; part < registers.bits(); part += format.bits()) {
      long one =
          kind == 0
              ? random.nextLong()
              : Exact.of(random.nextLong(-1L << 40, 1L << 40), random.nextInt(-50, -30))
                  .round(format, "rn");
      bits |= (one & Lane.mask(format.bits())) << part;
    }
    return bits;
  }
}
