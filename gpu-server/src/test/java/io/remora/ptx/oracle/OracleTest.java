// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.AddressSpace;
import io.remora.ptx.CompileOptions;
import io.remora.ptx.KernelFault;
import io.remora.ptx.LaunchControl;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxExecutor;
import io.remora.ptx.PtxModule;
import io.remora.ptx.PtxText;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.oracle.ArithmeticProgram.Registers;
import io.remora.ptx.parse.PtxLinker;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Random programs through the compiler and through the interpreter, compared bit for bit. */
final class OracleTest {
  private static final long BASE = 1L << 40;
  private static final long SEED = Long.getLong("remora.oracle.seed", 20_261_130L);
  private static final int ROUNDS = Integer.getInteger("remora.oracle.rounds", 30);
  private static final int INSTRUCTIONS = 60;

  private final AddressSpace memory = new AddressSpace(BASE, 16 << 20, 1 << 20);
  private final PtxExecutor executor = new PtxExecutor(1);

  @AfterEach
  void close() {
    executor.close();
    memory.close();
  }

  @Test
  void arithmeticIsTheInterpreters() throws PtxException, KernelFault {
    assertThat(memory.commit(BASE, AddressSpace.PAGE_BYTES)).isTrue();
    for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      String text = ArithmeticProgram.text(random, INSTRUCTIONS);
      var before = buffer(Machine.THREADS * ArithmeticProgram.BYTES);
      for (int i = 0; i < before.capacity(); i += 8) {
        before.putLong(i, operand(random, i));
      }
      ByteBuffer expected = interpret(text, before);
      ByteBuffer actual = execute(text, before);
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
    assertThat(memory.commit(BASE, AddressSpace.PAGE_BYTES)).isTrue();
    int words = StructuredProgram.WORDS + Machine.THREADS * StructuredProgram.RESULTS;
    for (long seed = SEED; seed < SEED + 3L * ROUNDS; seed++) {
      var random = new SplittableRandom(seed);
      String text = StructuredProgram.text(random);
      var before = buffer(4 * words);
      for (int i = 0; i < StructuredProgram.WORDS; i++) {
        before.putInt(4 * i, random.nextInt(-100, 100));
      }
      ByteBuffer expected = interpret(text, before);
      ByteBuffer actual = execute(text, before);
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

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer copy(ByteBuffer from) {
    return buffer(from.capacity()).put(from.duplicate().clear()).clear();
  }

  private static ByteBuffer interpret(String text, ByteBuffer before) throws PtxException {
    var unit = PtxLinker.link(List.of(new PtxText("random", text)), CompileOptions.DEFAULTS);
    PtxFunction kernel = requireNonNull(unit.functions().get("test"));
    ByteBuffer memory = copy(before);
    new Machine(kernel, memory, BASE).run();
    return memory;
  }

  private ByteBuffer execute(String text, ByteBuffer before) throws PtxException, KernelFault {
    memory.write(BASE, copy(before));
    var instance =
        PtxModule.compile(text, CompileOptions.DEFAULTS).instantiate(memory, global -> BASE);
    ByteBuffer parameters = buffer(8).putLong(0, BASE);
    executor.launch(
        instance, "test", LaunchShape.linear(1, Machine.THREADS), parameters, new LaunchControl());
    ByteBuffer after = buffer(before.capacity());
    memory.read(BASE, after);
    return after;
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
