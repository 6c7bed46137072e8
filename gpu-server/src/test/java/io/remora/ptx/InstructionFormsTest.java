// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.InstructionForms.Form;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs each arithmetic instruction by itself on many operands. */
final class InstructionFormsTest {
  private static final int THREADS = 256;
  private static final int OPERANDS = 4;
  private static final String[] NAMES = {"a", "b", "c", "e"};
  private static final long BASE = 1L << 40;
  private static final int INPUT_BYTES = THREADS * OPERANDS * 8;

  private final AddressSpace memory = new AddressSpace(BASE, 16 << 20, 1 << 20);
  private final PtxExecutor executor = new PtxExecutor(1);

  @AfterEach
  void close() {
    executor.close();
    memory.close();
  }

  static List<Form> forms() {
    return InstructionForms.all();
  }

  @ParameterizedTest
  @MethodSource("forms")
  void everyFormComputesWhatTheManualSays(Form form) throws PtxException, KernelFault {
    String[] types = form.types().split(" ");
    ByteBuffer operands = operands(types);
    assertThat(memory.commit(BASE, 2 * AddressSpace.PAGE_BYTES)).isTrue();
    memory.write(BASE, operands.duplicate());
    PtxModule module = PtxModule.compile(source(form, types), CompileOptions.DEFAULTS);
    PtxInstance instance = module.instantiate(memory, global -> BASE);
    ByteBuffer parameters = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    parameters.putLong(0, BASE);
    executor.launch(
        instance, "form", LaunchShape.linear(1, THREADS), parameters, new LaunchControl());
    ByteBuffer results = ByteBuffer.allocate(8 * THREADS).order(ByteOrder.LITTLE_ENDIAN);
    memory.read(BASE + INPUT_BYTES, results);
    for (int thread = 0; thread < THREADS; thread++) {
      check(form, types[0], operands, thread, results.getLong(8 * thread));
    }
  }

  private static void check(Form form, String type, ByteBuffer operands, int thread, long actual) {
    long[] raw = new long[OPERANDS];
    for (int k = 0; k < OPERANDS; k++) {
      raw[k] = operands.getLong(8 * (thread * OPERANDS + k));
    }
    long expected = form.reference().apply(raw[0], raw[1], raw[2], raw[3]) & mask(type);
    if (isNan(type, expected) && isNan(type, actual)) {
      return;
    }
    assertThat(Long.toHexString(actual))
        .as("%s on %x, %x, %x, %x", form, raw[0], raw[1], raw[2], raw[3])
        .isEqualTo(Long.toHexString(expected));
  }

  private static boolean isNan(String type, long bits) {
    return switch (type) {
      case "f32" -> Float.isNaN(Float.intBitsToFloat((int) bits));
      case "f64" -> Double.isNaN(Double.longBitsToDouble(bits));
      default -> false;
    };
  }

  /** All operands of all threads; narrow ones have the bits above them cleared. */
  private static ByteBuffer operands(String[] types) {
    SplittableRandom random = new SplittableRandom(20_261_123);
    ByteBuffer operands = ByteBuffer.allocate(INPUT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int thread = 0; thread < THREADS; thread++) {
      for (int k = 0; k < OPERANDS; k++) {
        String type = k + 1 < types.length ? types[k + 1] : "b64";
        operands.putLong(operand(random, type) & mask(type));
      }
    }
    return operands.flip();
  }

  private static long operand(SplittableRandom random, String type) {
    int choice = random.nextInt(6);
    if (choice == 0) {
      long[] special = {0, 1, -1, 31, 32, 33, 64, Long.MIN_VALUE, 1L << 31, 1L << 15, 0x7f80_0000};
      return special[random.nextInt(special.length)];
    }
    if (choice < 4 && type.equals("f32")) {
      return Float.floatToRawIntBits((float) random.nextDouble(-300, 300));
    }
    if (choice < 4 && type.equals("f64")) {
      return Double.doubleToRawLongBits(random.nextDouble(-300, 300));
    }
    boolean small = choice == 5 && !type.startsWith("f");
    return small ? random.nextLong(-70, 70) : random.nextLong();
  }

  private static String source(Form form, String[] types) {
    StringBuilder text = new StringBuilder(".version 8.6\n.target sm_90\n.address_size 64\n");
    text.append(".visible .entry form(.param .u64 memory)\n{\n");
    text.append(".reg .b64 base, in, out;\n.reg .b32 thread;\n.reg .pred p;\n");
    for (int k = 1; k < types.length; k++) {
      text.append(".reg .")
          .append(register(types[k]))
          .append(' ')
          .append(NAMES[k - 1])
          .append(";\n");
    }
    boolean predicate = types[0].equals("pred");
    text.append(".reg .").append(predicate ? "b64" : register(types[0])).append(" d;\n");
    text.append("ld.param.u64 base, [memory];\nmov.u32 thread, %tid.x;\n");
    text.append("mad.wide.u32 in, thread, 32, base;\nmad.wide.u32 out, thread, 8, base;\n");
    text.append("add.s64 out, out, ").append(INPUT_BYTES).append(";\n");
    for (int k = 1; k < types.length; k++) {
      String operand = String.format("%s, [in+%d];%n", NAMES[k - 1], 8 * (k - 1));
      text.append("ld.global.b").append(width(types[k])).append(' ').append(operand);
    }
    text.append(form.text()).append('\n');
    if (predicate) {
      text.append("selp.b64 d, 1, 0, p;\n");
    }
    text.append("st.global.b").append(width(types[0])).append(" [out], d;\nret;\n}\n");
    return text.toString();
  }

  /** Registers of types that hold packed or 16-bit floats are declared as bits, as nvcc does. */
  private static String register(String type) {
    return type.contains("f16") ? "b" + width(type) : type;
  }

  private static int width(String type) {
    return switch (type) {
      case "pred", "s64", "u64", "b64", "f64" -> 64;
      case "s16", "u16", "b16", "f16", "bf16" -> 16;
      default -> 32;
    };
  }

  private static long mask(String type) {
    return -1L >>> (64 - width(type));
  }
}
