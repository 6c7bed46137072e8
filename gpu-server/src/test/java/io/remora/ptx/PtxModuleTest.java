// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Modules: what is refused and how, what a module tells, variables, functions, large kernels. */
final class PtxModuleTest {
  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private static PtxException refusal(String text) {
    return catchThrowableOfType(
        PtxException.class, () -> PtxModule.compile(text, CompileOptions.DEFAULTS));
  }

  @Test
  void mistakesAreNamedWithLineAndColumn() {
    PtxException missing =
        refusal(Rig.module(".entry k()\n{\n  .reg .b32 %r<2>;\n  add.u32 %r1, %r1\n}"));
    assertThat(missing.kind()).isEqualTo(PtxException.Kind.SYNTAX);
    assertThat(missing.line()).isEqualTo(8);
    assertThat(missing.column()).isEqualTo(1);
    assertThat(missing).hasMessage("line 8, column 1: expected ';' but found '}'");

    PtxException width =
        refusal(Rig.module(".entry k()\n{\n .reg .b64 %d;\n  add.u32 %d, %d, 1;\n}"));
    assertThat(width).hasMessage("line 7, column 3: %d is .b64 but add.u32 needs .u32");

    PtxException label = refusal(Rig.module(".entry k()\n{\n  bra NOWHERE;\n}"));
    assertThat(label).hasMessageContaining("line 6, column 3").hasMessageContaining("NOWHERE");

    PtxException register = refusal(Rig.module(".entry k()\n{\n  mov.u32 %r1, 0;\n}"));
    assertThat(register).hasMessageContaining("there is no register named '%r1'");
    assertThat(refusal("hello"))
        .hasMessage("line 1, column 1: expected .version but found 'hello'");
    assertThat(refusal(Rig.module(".entry k() { ld.param.u32 %r1, [k]; }"))).isNotNull();
  }

  @Test
  void variablesCanBeDeclaredAsARange() {
    String kernel =
        """
        .func (.param .u32 r) twice(.param .u32 a)
        {
          .reg .u32 %r;
          ld.param.u32 %r, [a];
          add.u32 %r, %r, %r;
          st.param.u32 [r], %r;
          ret;
        }
        .entry k()
        {
          .reg .u32 %r;
          mov.u32 %r, 21;
          {
            .param .u32 %P<2>;
            st.param.u32 [%P0], %r;
            call (%P1), twice, (USED);
            ld.param.u32 %r, [%P1];
          }
          ret;
        }
        """;
    assertThatCode(
            () ->
                PtxModule.compile(
                    Rig.module(kernel.replace("USED", "%P0")), CompileOptions.DEFAULTS))
        .doesNotThrowAnyException();
    assertThat(refusal(Rig.module(kernel.replace("USED", "%P2")))).hasMessageContaining("%P2");
  }

  @Test
  void whatIsNotImplementedIsRefusedByName() {
    PtxException instruction = refusal(Rig.kernel("wgmma.fence.sync.aligned;"));
    assertThat(instruction.kind()).isEqualTo(PtxException.Kind.UNSUPPORTED);
    assertThat(instruction).hasMessageContaining("line 17").hasMessageContaining("'wgmma'");
    PtxException modifier = refusal(Rig.kernel("add.s32.saturnine %r1, %r1, 1;"));
    assertThat(modifier.kind()).isEqualTo(PtxException.Kind.UNSUPPORTED);
    assertThat(modifier).hasMessageContaining(".saturnine");
    PtxException function =
        refusal(
            Rig.module(
                ".extern .func (.param .b64 r) cudaMalloc (.param .b64 n);\n.entry k() {\n"
                    + "{ .param .b64 a; .param .b64 b; call (b), cudaMalloc, (a); }\n}"));
    assertThat(function).hasMessageContaining("cudaMalloc").hasMessageContaining("line 6");
  }

  @Test
  void aKernelTellsWhatItNeeds() {
    PtxModule module =
        Rig.compile(
            Rig.module(
                """
                .const .align 8 .b8 table[40];
                .extern .shared .align 16 .b8 dynamic[];
                .visible .entry k(.param .u32 a, .param .u64 b, .param .align 4 .b8 c[12])
                .reqntid 8, 4
                {
                  .shared .align 4 .b8 fixed[100];
                  .local .align 8 .b8 mine[20];
                  .reg .b32 %r<3>;
                  mov.u32 %r1, dynamic;
                  st.shared.u32 [fixed], %r1;
                  ret;
                }
                """));
    assertThat(module.target()).isEqualTo("sm_75");
    PtxKernel kernel = requireNonNull(module.kernels().get("k"));
    assertThat(kernel.parameters())
        .containsExactly(
            new KernelParameter(0, 4, 4),
            new KernelParameter(8, 8, 8),
            new KernelParameter(16, 12, 4));
    assertThat(kernel.parameterBytes()).isEqualTo(28);
    assertThat(kernel.staticSharedBytes()).isEqualTo(112);
    assertThat(kernel.localBytes()).isEqualTo(32);
    assertThat(kernel.constBytes()).isEqualTo(40);
    assertThat(kernel.maxThreadsPerBlock()).isEqualTo(32);
    assertThat(kernel.requiredBlock()).containsExactly(8, 4, 1);
    assertThat(kernel.ptxVersion()).isEqualTo(75);
    assertThat(module.globals())
        .containsExactly(new PtxGlobal("table", PtxGlobal.Space.CONST, 40, 8, false));
  }

  @Test
  void variablesStartWithTheirInitialValues() {
    PtxModule module =
        Rig.compile(
            Rig.module(
                """
                .visible .global .align 4 .u32 numbers[5] = {1, 0x10, 3};
                .const .align 4 .f32 half = 0.5;
                .global .align 8 .u64 pointer = numbers+8;
                .global .align 8 .u64 generic_pointer[2] = {generic(numbers), 7};
                .global .align 2 .u16 grid[2][3] = {{1, 2, 3}, {4}};
                """));
    PtxInstance instance = rig.instance(module);
    long numbers = instance.address("numbers").orElseThrow();
    assertThat(rig.ints(numbers, 5)).containsExactly(1, 16, 3, 0, 0);
    assertThat(rig.ints(instance.address("half").orElseThrow(), 1))
        .containsExactly(Float.floatToRawIntBits(0.5f));
    assertThat(rig.longs(instance.address("pointer").orElseThrow(), 1))
        .containsExactly(numbers + 8);
    assertThat(rig.longs(instance.address("generic_pointer").orElseThrow(), 2))
        .containsExactly(numbers, 7);
    assertThat(rig.ints(instance.address("grid").orElseThrow(), 3))
        .containsExactly(2 << 16 | 1, 4 << 16 | 3, 0);
    assertThat(instance.address("nothing")).isEmpty();
  }

  @Test
  void functionsAreCalledDirectlyByPointerAndRecursively() throws KernelFault {
    PtxModule module =
        Rig.compile(
            Rig.module(
                """
                .func (.param .b32 r) factorial(.param .b32 a)
                {
                  .reg .b32 %r<5>; .reg .pred %p;
                  ld.param.u32 %r1, [a];
                  mov.u32 %r2, 1;
                  setp.lt.u32 %p, %r1, 2;
                  @%p bra DONE;
                  sub.u32 %r3, %r1, 1;
                  { .param .b32 x; .param .b32 y;
                    st.param.b32 [x], %r3;
                    call (y), factorial, (x);
                    ld.param.b32 %r4, [y]; }
                  mul.lo.u32 %r2, %r1, %r4;
                  DONE:
                  st.param.b32 [r], %r2;
                  ret;
                }
                .func (.param .b32 r) square(.param .b32 a)
                {
                  .reg .b32 %r<3>;
                  ld.param.u32 %r1, [a];
                  mul.lo.u32 %r2, %r1, %r1;
                  st.param.b32 [r], %r2;
                  ret;
                }
                .visible .entry test(.param .u64 out)
                {
                  .reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p;
                  ld.param.u64 %d1, [out];
                  mov.u32 %r1, %tid.x;
                  mov.u64 %d2, factorial;
                  mov.u64 %d3, square;
                  and.b32 %r2, %r1, 1;
                  setp.eq.u32 %p, %r2, 0;
                  selp.b64 %d4, %d2, %d3, %p;
                  P: .callprototype (.param .b32 _) _ (.param .b32 _);
                  { .param .b32 x; .param .b32 y;
                    st.param.b32 [x], %r1;
                    call (y), %d4, (x), P;
                    ld.param.b32 %r3, [y]; }
                  mul.wide.u32 %d5, %r1, 4;
                  add.s64 %d6, %d1, %d5;
                  st.global.u32 [%d6], %r3;
                  ret;
                }
                """));
    long out = rig.allocate(64);
    rig.launch(module, "test", LaunchShape.linear(1, 10), out);
    assertThat(rig.ints(out, 10)).containsExactly(1, 1, 2, 9, 24, 25, 720, 49, 40320, 81);
  }

  @Test
  void aFunctionThatWaitsIsPartOfItsCaller() throws KernelFault {
    PtxModule module =
        Rig.compile(
            Rig.module(
                """
                .func (.param .b32 r) sum(.param .b32 a)
                {
                  .reg .b32 %r<3>;
                  ld.param.u32 %r1, [a];
                  redux.sync.add.s32 %r2, %r1, -1;
                  st.param.b32 [r], %r2;
                  ret;
                }
                .visible .entry test(.param .u64 out)
                {
                  .reg .b32 %r<9>; .reg .b64 %d<9>;
                  ld.param.u64 %d1, [out];
                  mov.u32 %r1, %tid.x;
                  { .param .b32 x; .param .b32 y;
                    st.param.b32 [x], %r1;
                    call (y), sum, (x);
                    ld.param.b32 %r2, [y]; }
                  { .param .b32 x; .param .b32 y;
                    st.param.b32 [x], %r2;
                    call (y), sum, (x);
                    ld.param.b32 %r3, [y]; }
                  mul.wide.u32 %d5, %r1, 4;
                  add.s64 %d6, %d1, %d5;
                  st.global.u32 [%d6], %r3;
                  ret;
                }
                """));
    long out = rig.allocate(128);
    rig.launch(module, "test", LaunchShape.linear(1, 32), out);
    assertThat(rig.ints(out, 32)).containsOnly(496 * 32);
  }

  @Test
  void aHugeKernelIsSplitIntoMethodsThatTheJvmCompiles() throws KernelFault {
    // 20,000 instructions in one loop body, with 24 values that live through all of it.
    var body = new StringBuilder();
    for (int i = 10; i < 34; i++) {
      body.append("add.u32 %r").append(i).append(", %t, ").append(i).append(";\n");
    }
    body.append("mov.u32 %r1, 0;\nLOOP:\n");
    for (int i = 0; i < 10_000; i++) {
      int a = 10 + i % 24;
      int b = 10 + i * 7 % 24;
      body.append("mad.lo.u32 %r").append(a).append(", %r").append(b).append(", 3, %r");
      body.append(a).append(";\nxor.b32 %r").append(a).append(", %r").append(a).append(", ");
      body.append(i).append(";\n");
    }
    body.append("add.u32 %r1, %r1, 1;\nsetp.lt.u32 %p1, %r1, 3;\n@%p1 bra LOOP;\n");
    body.append("mul.wide.u32 %d1, %t, 4; add.s64 %d2, %out, %d1;\n");
    body.append("st.global.u32 [%d2], %r33;\n");
    int[] values = rig.run(body.toString(), 64, 64);
    for (int t = 0; t < 64; t++) {
      assertThat(values[t]).isEqualTo(huge(t));
    }
  }

  private static int huge(int thread) {
    int[] r = new int[34];
    for (int i = 10; i < 34; i++) {
      r[i] = thread + i;
    }
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 10_000; i++) {
        int a = 10 + i % 24;
        r[a] = (r[10 + i * 7 % 24] * 3 + r[a]) ^ i;
      }
    }
    return r[33];
  }

  @Test
  void manyBlocksAddToTheSameWords() throws KernelFault {
    String body =
        """
        red.global.add.u32 [%out], 1;
        atom.global.max.s32 %r1, [%out+4], %t;
        atom.global.add.u64 %d1, [%out+8], 3;
        atom.global.inc.u32 %r2, [%out+16], 6;
        red.global.add.f32 [%out+20], 0f3F800000;
        atom.global.or.b32 %r3, [%out+24], %t;
        """;
    long out = rig.allocate(64);
    rig.launch(Rig.compile(Rig.kernel(body)), "test", LaunchShape.linear(100, 128), out, 0);
    int total = 100 * 128;
    assertThat(rig.ints(out, 7))
        .containsExactly(total, 127, 3 * total, 0, total % 7, Float.floatToRawIntBits(total), 127);
  }

  @Test
  void cooperativeBlocksWaitForOneAnother() throws KernelFault {
    String body =
        """
        .shared .align 4 .b8 pad[64];
        setp.ne.u32 %p1, %t, 0;
        @%p1 bra JOIN;
        red.global.add.u32 [%out], 1;
        WAIT:
        ld.acquire.gpu.global.u32 %r1, [%out];
        setp.lt.u32 %p2, %r1, 7;
        @%p2 bra WAIT;
        red.global.add.u32 [%out+4], %r1;
        JOIN:
        bar.sync 0;
        """;
    long out = rig.allocate(64);
    var shape = new LaunchShape(7, 1, 1, 64, 1, 1, 0, true);
    rig.launch(Rig.compile(Rig.kernel(body)), "test", shape, out, 0);
    assertThat(rig.ints(out, 2)).containsExactly(7, 49);
  }

  @Test
  void printfDeliversText() throws KernelFault {
    PtxModule module =
        Rig.compile(
            Rig.module(
                """
                .extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);
                .global .align 1 .b8 text[16] = {116, 61, 37, 100, 32, 37, 46, 50, 102, 10};
                .visible .entry test()
                {
                  .local .align 8 .b8 box[16];
                  .reg .b32 %r<9>; .reg .b64 %d<9>;
                  mov.u32 %r1, %tid.x;
                  mov.u64 %d1, box;
                  cvta.local.u64 %d2, %d1;
                  st.local.u32 [box], %r1;
                  st.local.f64 [box+8], 0d3FF8000000000000;
                  mov.u64 %d3, text;
                  { .param .b64 x; .param .b64 y; .param .b32 z;
                    st.param.b64 [x], %d3;
                    st.param.b64 [y], %d2;
                    call (z), vprintf, (x, y); }
                  ret;
                }
                """));
    var lines = new java.util.concurrent.ConcurrentLinkedQueue<String>();
    rig.launch(
        module,
        "test",
        LaunchShape.linear(1, 2),
        new LaunchControl(
            text -> lines.add(new String(text, java.nio.charset.StandardCharsets.UTF_8))));
    assertThat(List.copyOf(lines)).containsExactly("t=0 1.50\n", "t=1 1.50\n");
  }
}
