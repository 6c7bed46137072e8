// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fenced kernels reach their window and nothing else. The window is the first part of a memory that
 * the engine lets kernels use as a whole, so that a kernel that isn't fenced does reach the rest.
 */
final class FenceTest {
  private static final long WINDOW_BYTES = 1L << 20;
  private static final int SECRET = 0x5ec2e7;
  private static final int WORDS = 4096;

  private final Rig rig = new Rig();

  /** The same place in the window and in somebody else's memory behind it. */
  private final long own = Rig.BASE + 4 * AddressSpace.PAGE_BYTES;

  private final long foreign = own + WINDOW_BYTES;

  FenceTest() {
    assertThat(rig.allocate(2 * WINDOW_BYTES)).isEqualTo(Rig.BASE);
    fill(foreign, SECRET);
  }

  @AfterEach
  void close() {
    rig.close();
  }

  private void fill(long address, int value) {
    ByteBuffer words = ByteBuffer.allocate(WORDS * 4).order(ByteOrder.LITTLE_ENDIAN);
    while (words.hasRemaining()) {
      words.putInt(value);
    }
    rig.memory.write(address, words.flip());
  }

  private static PtxFence fence(String text) {
    try {
      return PtxFence.of(text, CompileOptions.DEFAULTS);
    } catch (PtxException e) {
      throw new AssertionError(e.getMessage() + "\nin\n" + text, e);
    }
  }

  private static String fenced(PtxFence fence, Map<String, Long> places) {
    return fenced(fence, Rig.BASE, places);
  }

  private static String fenced(PtxFence fence, long window, Map<String, Long> places) {
    try {
      return fence.fenced(window, WINDOW_BYTES, places);
    } catch (PtxException e) {
      throw new AssertionError(e);
    }
  }

  private static String fenced(String text) {
    return fenced(fence(text), Map.of());
  }

  private void run(String text, long address, int number) throws KernelFault {
    rig.launch(Rig.compile(text), "test", LaunchShape.linear(1, 32), address, number);
  }

  private int[] words(long address) {
    return rig.ints(address, WORDS);
  }

  private static int[] all(int value) {
    int[] words = new int[WORDS];
    java.util.Arrays.fill(words, value);
    return words;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "st.global.u32 [%out], %n;",
        "st.global.u32 [%out+16], %n;",
        "add.s64 %d1, %out, 32; st.global.u32 [%d1+-16], %n;",
        "st.u32 [%out], %n;",
        "st.volatile.global.v2.u32 [%out], {%n, %n};",
        "st.release.gpu.global.u32 [%out], %n;",
        "st.v4.u32 [%out + 32], {%n, %n, %n, %n};",
        "atom.global.add.u32 %r1, [%out], %n;",
        "atom.add.u32 %r1, [%out], %n;",
        "atom.global.exch.b32 %r1, [%out], %n;",
        "red.global.max.u32 [%out], 0x7fffffff;",
        "red.release.gpu.global.add.u32 [%out], 1;",
        "setp.eq.u32 %p1, %t, 3; @%p1 st.global.u32 [%out], %n;",
        "setp.eq.u32 %p1, %t, 3; @!%p1 st.u32 [%out], %n;",
        "{ .reg .b64 %own; add.s64 %own, %out, 64; st.global.u32 [%own], %n; }",
        "cvta.to.global.u64 %d1, %out; st.global.u32 [%d1], %n;",
        "mov.b64 %d1, 0x1000140010; st.global.u32 [%d1], %n;",
        "st.global.u32 [0x1000140010], %n;",
        "HERE: st.global.u32 [%out], %n; sub.u32 %n, %n, 1; setp.gt.s32 %p1, %n, 0; @%p1 bra HERE;",
      })
  void noStoreLeavesTheWindow(String body) throws KernelFault {
    String text = Rig.kernel(body);
    run(fenced(text), foreign, 7);
    assertThat(words(foreign)).isEqualTo(all(SECRET));
    assertThat(words(own)).isNotEqualTo(all(0));

    run(text, foreign, 7);
    assertThat(words(foreign)).as("without the fence").isNotEqualTo(all(SECRET));
  }

  @Test
  void aWindowMayBeginAnywhere() throws KernelFault {
    long start = Rig.BASE + WINDOW_BYTES / 2 + 512;
    String text = fenced(fence(Rig.kernel("st.global.u32 [%out+4], %n;")), start, Map.of());
    run(text, start + WINDOW_BYTES - 8, 7);
    assertThat(rig.ints(start + WINDOW_BYTES - 4, 1)).containsExactly(7);
    run(text, start + WINDOW_BYTES, 8);
    assertThat(rig.ints(start + 4, 1)).containsExactly(8);
    run(text, start - 8, 9);
    assertThat(rig.ints(start + WINDOW_BYTES - 4, 1)).containsExactly(9);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ld.global.u32 %r1, [%d1];",
        "ld.u32 %r1, [%d1];",
        "ld.global.nc.u32 %r1, [%d1+4];",
        "ldu.global.u32 %r1, [%d1];",
        "ld.global.L1::no_allocate.L2::128B.v4.u32 {%r1, %r2, %r3, %r4}, [%d1];",
        "ld.acquire.gpu.global.u32 %r1, [%d1 + 8];",
        "atom.global.or.b32 %r1, [%d1], 0;",
        ".shared .align 16 .b8 room[64]; mov.u32 %r9, room;"
            + " cp.async.ca.shared.global [%r9], [%d1], 16; cp.async.commit_group;"
            + " cp.async.wait_group 0; ld.shared.u32 %r1, [room];",
        ".shared .align 4 .b8 place[4]; st.shared.u32 [place], 0; ld.u32 %r1, [%d1];",
      })
  void noLoadLeavesTheWindow(String body) throws KernelFault {
    // The result's address is good: only what is read is somebody else's.
    long result = own + 8 * AddressSpace.PAGE_BYTES;
    String text =
        Rig.kernel(
            String.format(
                "mov.u32 %%r1, 1; mov.u64 %%d1, %d; %s st.global.u32 [%%out], %%r1;",
                foreign, body));
    run(fenced(text), result, 0);
    assertThat(rig.ints(result, 1)).containsExactly(0);

    run(text, result, 0);
    assertThat(rig.ints(result, 1)).as("without the fence").containsExactly(SECRET);
  }

  @Test
  void nothingOfAMatrixOrABulkCopyIsBehindTheWindow() throws KernelFault {
    String matrix =
        """
        .reg .b32 %%w<8>;
        wmma.load.c.sync.aligned.m16n16k16.%1$sglobal.f32 {%%f0,%%f1,%%f2,%%f3,%%f4,%%f5,%%f6,%%f7}, [%%out], %%n;
        wmma.store.d.sync.aligned.m16n16k16.%1$sglobal.f32 [%%out], {%%f8,%%f9,%%f10,%%f11,%%f12,%%f13,%%f14,%%f15}, %%n;
        """;
    long end = Rig.BASE + WINDOW_BYTES;
    fill(end, SECRET);
    for (String layout : new String[] {"row.", "col."}) {
      String text = Rig.kernel(String.format(matrix, layout)).replace(".b32 %w<8>", ".b32 %w<9>");
      for (int stride : new int[] {16, 1000, 1 << 20, -1}) {
        run(fenced(text), end - 64, stride);
        assertThat(words(end)).isEqualTo(all(SECRET));
      }
      run(text, end - 64, 16);
      assertThat(words(end)).as("without the fence").isNotEqualTo(all(SECRET));
      fill(end, SECRET);
    }
    String bulk =
        Rig.kernel(
                """
                .shared .align 16 .b8 from[1024];
                setp.ne.u32 %p1, %t, 0;
                @%p1 bra DONE;
                mov.u32 %r9, from;
                cp.async.bulk.global.shared::cta.bulk_group [%out], [%r9], %n;
                cp.async.bulk.commit_group;
                cp.async.bulk.wait_group 0;
                DONE:
                """)
            .replace("sm_75", "sm_90");
    run(fenced(bulk), end - 16, 1024);
    assertThat(words(end)).isEqualTo(all(SECRET));
    run(bulk, end - 16, 1024);
    assertThat(words(end)).as("without the fence").isNotEqualTo(all(SECRET));
  }

  @Test
  void otherMemoryIsReachedAsBefore() throws KernelFault {
    // By generic addresses of shared and local memory.
    String text =
        Rig.module(
                """
                .const .align 4 .u32 numbers[4] = {10, 20, 30, 40};
                """)
            + Rig.kernel(
                    """
                    .shared .align 4 .b8 common[128];
                    .local .align 4 .b8 mine[16];
                    mov.u32 %r1, common;
                    mad.lo.u32 %r1, %t, 4, %r1;
                    cvt.u64.u32 %d1, %r1;
                    cvta.shared.u64 %d1, %d1;
                    st.u32 [%d1], %t;
                    bar.sync 0;
                    ld.u32 %r2, [%d1];
                    mov.u64 %d2, mine;
                    cvta.local.u64 %d2, %d2;
                    st.u32 [%d2+4], %r2;
                    ld.local.u32 %r3, [mine+4];
                    ld.const.u32 %r4, [numbers+12];
                    ld.const.u32 %r5, [numbers+4];
                    add.u32 %r3, %r3, %r4;
                    add.u32 %r3, %r3, %r5;
                    mul.wide.u32 %d4, %t, 4;
                    add.s64 %d4, %out, %d4;
                    st.global.u32 [%d4], %r3;
                    """)
                .substring(Rig.module("").length());
    run(fenced(text), own, 0);
    int[] found = rig.ints(own, 32);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isEqualTo(i + 60);
    }
  }

  @Test
  void variablesArePlacedInTheWindowWithTheirValues() throws Exception {
    String text =
        Rig.module(
                """
                .visible .global .align 8 .u64 pointer[2] = {table + 8, generic(table)};
                .global .align 4 .u32 table[4] = {1, 2, 3, 4};
                .global .align 4 .f32 half = 0f3F000000;
                .visible .global .align 16 .b8 room[64];
                """)
            + Rig.kernel(
                    """
                    mov.u64 %d1, pointer;
                    ld.global.u64 %d2, [pointer];
                    ld.global.u32 %r1, [%d2];
                    cvta.global.u64 %d3, table;
                    ld.u32 %r2, [%d3+12];
                    ld.global.f32 %f1, [half];
                    cvt.rzi.u32.f32 %r3, %f1;
                    st.global.u32 [room+60], %r2;
                    mov.u64 %d5, room+60;
                    ld.global.u32 %r4, [%d5];
                    add.u32 %r1, %r1, %r4;
                    st.global.u32 [%out], %r1;
                    """)
                .substring(Rig.module("").length());
    PtxFence fence = fence(text);
    assertThat(fence.variables())
        .extracting(PtxGlobal::name, PtxGlobal::bytes, PtxGlobal::alignment, PtxGlobal::visible)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("pointer", 16L, 8, true),
            org.assertj.core.groups.Tuple.tuple("table", 16L, 4, false),
            org.assertj.core.groups.Tuple.tuple("half", 4L, 4, false),
            org.assertj.core.groups.Tuple.tuple("room", 64L, 16, true));
    Map<String, Long> places = new HashMap<>();
    long at = Rig.BASE + 128;
    for (PtxGlobal variable : fence.variables()) {
      places.put(variable.name(), at);
      at += 256;
    }
    assertThat(fence.functions()).isEmpty();
    fence
        .contents(places, Map.of())
        .forEach(part -> rig.memory.write(part.address(), part.bytes()));
    String written = fenced(fence, places);
    assertThat(written).doesNotContain("pointer").doesNotContain("room");
    run(written, own, 0);
    assertThat(rig.ints(own, 1)).containsExactly(3 + 4);
    assertThat(rig.ints(Rig.BASE + 128 + 3 * 256 + 60, 1)).containsExactly(4);
  }

  private static final String FUNCTIONS =
      """
      .func (.param .b32 r) twice(.param .b32 a)
      { .reg .b32 %x; ld.param.b32 %x, [a]; add.u32 %x, %x, %x; st.param.b32 [r], %x; ret; }
      .func (.param .b32 r) square(.param .b32 a)
      { .reg .b32 %x; ld.param.b32 %x, [a]; mul.lo.u32 %x, %x, %x; st.param.b32 [r], %x; ret; }
      """;

  private static String calling(String target) {
    return Rig.module(FUNCTIONS)
        + Rig.kernel(
                """
                  mov.u64 %d9, twice;
                  mov.u64 %d8, square;
                  setp.eq.u32 %p1, %n, 2;
                """
                    + target
                    + """
                    { .param .b32 a; .param .b32 r;
                      st.param.b32 [a], 9;
                      @!%p9 call (r), %d1, (a), kind;
                      kind: .callprototype (.param .b32 _) _ (.param .b32 _);
                      ld.param.b32 %r1, [r];
                    }
                    st.global.u32 [%out], %r1;
                    """)
            .substring(Rig.module("").length());
  }

  @Test
  void onlyFunctionsOfTheTextAreCalled() throws KernelFault {
    String good = calling("setp.ne.u32 %p9, 0, 0; selp.b64 %d1, %d8, %d9, %p1;");
    run(fenced(good), own, 1);
    assertThat(rig.ints(own, 1)).containsExactly(18);
    run(fenced(good), own, 2);
    assertThat(rig.ints(own, 1)).containsExactly(81);
    String bad = fenced(calling("setp.ne.u32 %p9, 0, 0; add.s64 %d1, %d8, 16;"));
    assertThatThrownBy(() -> run(bad, own, 1))
        .isInstanceOf(KernelFault.class)
        .hasMessageContaining("trap");
    // A call that isn't made may have any address.
    String skipped = calling("setp.eq.u32 %p9, 0, 0; mov.u32 %r1, 5; add.s64 %d1, %d8, 16;");
    run(fenced(skipped.replace("ld.param.b32 %r1, [r];", "")), own, 1);
    assertThat(rig.ints(own, 1)).containsExactly(5);
  }

  @Test
  void aBranchByATableStaysInTheTable() throws KernelFault {
    String text =
        Rig.kernel(
            """
            WAYS: .branchtargets A, B;
            brx.idx %n, WAYS;
            A: mov.u32 %r1, 1; bra END;
            B: mov.u32 %r1, 2; bra END;
            END: st.global.u32 [%out], %r1;
            """);
    for (int index : new int[] {0, 1, 2, 1000, -1}) {
      run(fenced(text), own, index);
      assertThat(rig.ints(own, 1)).containsExactly(index == 0 ? 1 : 2);
    }
  }

  @Test
  void whatTheDriverGivesToKernelsAnswersThatThereIsNoMore() throws KernelFault {
    String text =
        Rig.module(
                """
                .extern .func (.param .b32 result) vprintf (.param .b64 text, .param .b64 values);
                .extern .func (.param .b64 result) malloc (.param .b64 bytes);
                .extern .func free (.param .b64 address);
                .extern .func __assertfail
                  (.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e)
                  .noreturn;
                """)
            + Rig.kernel(
                    """
                    { .param .b64 t; .param .b64 v; .param .b32 r;
                      st.param.b64 [t], %out; st.param.b64 [v], %out;
                      call.uni (r), vprintf, (t, v);
                      ld.param.b32 %r1, [r]; }
                    { .param .b64 b; .param .b64 r;
                      st.param.b64 [b], 16;
                      call.uni (r), malloc, (b);
                      ld.param.b64 %d1, [r]; }
                    { .param .b64 b; st.param.b64 [b], %d1; call.uni free, (b); }
                    st.global.u32 [%out], %r1;
                    st.global.u64 [%out+8], %d1;
                    setp.eq.u32 %p1, %n, 0;
                    @%p1 bra END;
                    { .param .b64 a; .param .b64 b; .param .b32 c; .param .b64 d; .param .b64 e;
                      st.param.b64 [a], %out; st.param.b64 [b], %out; st.param.b32 [c], 1;
                      st.param.b64 [d], %out; st.param.b64 [e], 1;
                      call.uni __assertfail, (a, b, c, d, e); }
                    END:
                    """)
                .substring(Rig.module("").length());
    rig.memory.write(own, ByteBuffer.allocate(16).putLong(-1).putLong(-1).flip());
    run(fenced(text), own, 0);
    assertThat(rig.ints(own, 4)).containsExactly(-1, -1, 0, 0);
    assertThatThrownBy(() -> run(fenced(text), own, 1))
        .isInstanceOf(KernelFault.class)
        .hasMessageContaining("trap");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tex.1d.v4.f32.s32 {%f1,%f2,%f3,%f4}, [%d1, {%r1}]; | 'tex.1d.v4.f32.s32'",
        "suld.b.1d.b32.trap %r1, [%d1, {%r2}]; | 'suld.b.1d.b32.trap'",
        "multimem.ld_reduce.global.add.u32 %r1, [%out]; | 'multimem.ld_reduce.global.add.u32'",
        "cp.async.bulk.tensor.1d.shared::cluster.global.tile [%r1], [%d1, {%r2}], [%r3]; | tensor",
        "fence.proxy.tensormap::generic.acquire.gpu [%d1], 128; | tensormap",
        "made.up.instruction %r1; | 'made.up.instruction'",
        "ld.global.u32 %r1, [%out+%d1]; | an address with '%d1'",
        "st.async.mmio.release.sys.global.u32 [%out], %r2; | st.async",
        "ld.global.shared.u32 %r1, [%out]; | two state spaces",
        "call (%r1), outside, (%r2); | no function",
        ".pragma \"a\\b\"; | backslash",
        ".global .u32 inside; | '.global' in a function",
        "mov.u32 %remora_fence_a, 1; | remora_fence",
        "NAMES: .branchtargets A; { NAMES: .branchtargets A, A; } A: | declared twice",
        "A: brx.idx %r1, LATER; LATER: .branchtargets A; | no table",
      })
  void whatCannotBeFencedIsRefusedByName(String body, String detail) {
    assertThatThrownBy(
            () ->
                PtxFence.of(Rig.kernel(body), CompileOptions.DEFAULTS)
                    .fenced(Rig.BASE, WINDOW_BYTES, Map.of()))
        .isInstanceOf(PtxException.class)
        .hasMessageContaining(detail);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "#define ld_global st.global | U+0023",
        ".extern .global .u32 elsewhere; | from outside of the image",
        ".extern .func unknown (.param .b32 a); | from outside of the image",
        ".global .attribute(.managed) .u32 both; | managed",
        ".global .texref picture; | '.texref'",
        ".alias a, b; | '.alias'",
        ".func f () { .reg .b64 f; ret; } | meaning of 'f'",
        ".func f3 () { .reg .b64 f<9>; ret; } | meaning of 'f3'",
        ".func f31 () { .reg .b64 f3<9>; ret; } | meaning of 'f31'",
        ".func f () { HERE: .reg .b64 f; ret; } | meaning of 'f'",
        ".func f () { HERE: .global .u32 x; ret; } | '.global' in a function",
        ".func g () { .reg .b64 malloc; ret; } | meaning of 'malloc'",
        ".global .u32 v; .func g () { .reg .b64 v; ret; } | meaning of 'v'",
        ".const .align 8 .u64 c[1] = {g}; .func g () { ret; } | address of 'g'",
        ".address_size 32 | address size",
      })
  void aModuleThatCouldMeanSomethingElseIsRefused(String directives, String detail) {
    assertThatThrownBy(
            () ->
                PtxFence.of(Rig.module(directives.replace("\\n", "\n")), CompileOptions.DEFAULTS)
                    .fenced(Rig.BASE, WINDOW_BYTES, Map.of("v", Rig.BASE)))
        .isInstanceOf(PtxException.class)
        .hasMessageContaining(detail);
  }

  /** Whatever a text is: it is refused, or what comes out can be fenced again. */
  @Test
  void mutatedTextsAreRefusedOrFenced() {
    String good =
        calling("setp.ne.u32 %p9, 0, 0; selp.b64 %d1, %d8, %d9, %p1;")
            + ".global .align 8 .u64 v[2] = {v, 1};\n";
    Random random = new Random(20261130);
    int accepted = 0;
    for (int i = 0; i < 3000; i++) {
      StringBuilder text = new StringBuilder(good);
      for (int change = random.nextInt(3); change >= 0; change--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.deleteCharAt(at);
          case 1 -> text.insert(at, text.charAt(random.nextInt(text.length())));
          default -> text.setCharAt(at, text.charAt(random.nextInt(text.length())));
        }
      }
      try {
        PtxFence fence = PtxFence.of(text.toString(), CompileOptions.DEFAULTS);
        Map<String, Long> places = new HashMap<>();
        fence.variables().forEach(variable -> places.put(variable.name(), Rig.BASE));
        String written = fence.fenced(Rig.BASE, WINDOW_BYTES, places);
        accepted++;
        PtxFence again =
            PtxFence.of(written.replace("remora_fence", "again"), CompileOptions.DEFAULTS);
        assertThat(again.functions()).isEmpty();
      } catch (PtxException refused) {
        assertThat(refused.getMessage()).isNotEmpty();
      }
    }
    assertThat(accepted).isBetween(100, 2900);
  }
}
