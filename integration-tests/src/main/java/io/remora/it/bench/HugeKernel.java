// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

/** Writes a kernel of any length: integer and float arithmetic that depends on all before it. */
public final class HugeKernel {
  private static final int REGISTERS = 40;
  private static final int LINES_PER_STEP = 4;

  private HugeKernel() {}

  /** The text of a module with the kernel {@code huge(out)}, of about so many instructions. */
  public static String text(int instructions) {
    var text = new StringBuilder(instructions * 40);
    text.append(".version 8.0\n.target sm_75\n.address_size 64\n");
    text.append(".visible .entry huge(.param .u64 out)\n{\n");
    text.append(".reg .pred %p<4>;\n.reg .b32 %r<").append(REGISTERS + 10).append(">;\n");
    text.append(".reg .f32 %f<").append(REGISTERS + 10).append(">;\n.reg .b64 %d<6>;\n");
    text.append("mov.u32 %r0, %tid.x;\nmov.u32 %r41, %ctaid.x;\nmov.u32 %r42, %ntid.x;\n");
    text.append("mad.lo.u32 %r43, %r41, %r42, %r0;\ncvt.rn.f32.u32 %f0, %r0;\n");
    for (int i = 1; i < REGISTERS; i++) {
      text.append("add.u32 %r").append(i).append(", %r0, ").append(i).append(";\n");
      text.append("mov.f32 %f").append(i).append(", 0f3F800000;\n");
    }
    int steps = instructions / LINES_PER_STEP;
    for (int i = 0; i < steps; i++) {
      step(text, i);
      if (i == steps / 2) {
        text.append("bar.sync 0;\n");
      }
    }
    text.append("cvt.rzi.s32.f32 %r44, %f1;\nxor.b32 %r44, %r44, %r1;\n");
    text.append("ld.param.u64 %d1, [out];\nmul.wide.u32 %d2, %r43, 4;\nadd.s64 %d3, %d1, %d2;\n");
    text.append("st.global.u32 [%d3], %r44;\nret;\n}\n");
    return text.toString();
  }

  private static void step(StringBuilder text, int i) {
    int a = i % REGISTERS;
    int b = (i * 7 + 3) % REGISTERS;
    int c = (i * 13 + 5) % REGISTERS;
    text.append(String.format("mad.lo.u32 %%r%d, %%r%d, %d, %%r%d;%n", a, b, i * 2 + 1, c));
    text.append(String.format("fma.rn.f32 %%f%d, %%f%d, 0f3F000000, %%f%d;%n", a, b, c));
    text.append(String.format("xor.b32 %%r%d, %%r%d, %%r%d;%n", c, c, a));
    text.append(String.format("min.f32 %%f%d, %%f%d, 0f447A0000;%n", a, a));
  }
}
