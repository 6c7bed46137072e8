// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several texts become one module. */
final class LinkTest {
  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private static final String KERNEL =
      """
      .extern .func (.param .b32 r) twice(.param .b32 x);
      .extern .global .align 4 .u32 counter;
      .func (.param .b32 r) helper(.param .b32 x)
      {
        .reg .b32 %r<3>;
        ld.param.u32 %r1, [x];
        add.s32 %r2, %r1, 1;
        st.param.b32 [r], %r2;
        ret;
      }
      .visible .entry main(.param .u64 out)
      {
        .reg .b32 %r<9>; .reg .b64 %d<9>;
        ld.param.u64 %d1, [out];
        mov.u32 %r1, %tid.x;
        { .param .b32 a; .param .b32 b; st.param.b32 [a], %r1;
          call (b), helper, (a); ld.param.b32 %r2, [b]; }
        { .param .b32 a; .param .b32 b; st.param.b32 [a], %r2;
          call (b), twice, (a); ld.param.b32 %r3, [b]; }
        ld.global.u32 %r4, [counter];
        add.s32 %r5, %r3, %r4;
        mul.wide.u32 %d2, %r1, 4;
        add.s64 %d3, %d1, %d2;
        st.global.u32 [%d3], %r5;
        ret;
      }
      """;

  private static final String LIBRARY =
      """
      .visible .global .align 4 .u32 counter = 5;
      .func (.param .b32 r) helper(.param .b32 x)
      {
        .reg .b32 %r<3>;
        ld.param.u32 %r1, [x];
        shl.b32 %r2, %r1, 1;
        st.param.b32 [r], %r2;
        ret;
      }
      .visible .func (.param .b32 r) twice(.param .b32 x)
      {
        .reg .b32 %r<3>;
        ld.param.u32 %r1, [x];
        { .param .b32 a; .param .b32 b; st.param.b32 [a], %r1;
          call (b), helper, (a); ld.param.b32 %r2, [b]; }
        st.param.b32 [r], %r2;
        ret;
      }
      """;

  private static PtxModule link(String... texts) throws PtxException {
    var named = new ArrayList<PtxText>();
    for (int i = 0; i < texts.length; i++) {
      named.add(new PtxText((char) ('a' + i) + ".ptx", Rig.module(texts[i])));
    }
    return PtxModule.link(named, CompileOptions.DEFAULTS);
  }

  private int[] run(PtxModule module) throws KernelFault {
    long out = rig.allocate(16);
    rig.launch(module, "main", LaunchShape.linear(1, 4), out);
    return rig.ints(out, 4);
  }

  @Test
  void externsAreResolvedAndPrivateNamesStayPrivate() throws Exception {
    assertThat(run(link(KERNEL, LIBRARY))).containsExactly(7, 9, 11, 13);
    assertThat(run(link(LIBRARY, KERNEL))).containsExactly(7, 9, 11, 13);
  }

  @Test
  void aPrivateNameThatAnotherTextShowsIsNotTakenForIt() throws Exception {
    String shown =
        LIBRARY.replace(".func (.param .b32 r) helper", ".visible .func (.param .b32 r) helper");
    assertThat(run(link(KERNEL, shown.replace(".visible .visible", ".visible"))))
        .containsExactly(7, 9, 11, 13);
  }

  @Test
  void whatNobodyDefinesIsNamed() {
    assertThatThrownBy(() -> link(KERNEL, ".visible .global .u32 other;"))
        .isInstanceOfSatisfying(
            PtxException.class, e -> assertThat(e.kind()).isEqualTo(PtxException.Kind.SYNTAX))
        .hasMessageContaining("twice")
        .hasMessageContaining("counter")
        .hasMessageContaining("defined nowhere");
    assertThatThrownBy(() -> link(KERNEL)).hasMessageContaining("twice");
  }

  @Test
  void whatIsDefinedTwiceIsNamedWithBothTexts() {
    assertThatThrownBy(() -> link(KERNEL, LIBRARY, LIBRARY))
        .isInstanceOf(PtxException.class)
        .hasMessageContaining("'twice' is defined twice: in b.ptx and in c.ptx");
  }

  @Test
  void weakDefinitionsGiveWay() throws Exception {
    String weak = ".weak .global .align 4 .u32 counter = 100;";
    assertThat(run(link(KERNEL, weak, LIBRARY))).containsExactly(7, 9, 11, 13);
    assertThat(run(link(LIBRARY, weak, KERNEL))).containsExactly(7, 9, 11, 13);
    String weakToo = LIBRARY.replace(".visible .global", ".weak .global");
    assertThat(run(link(KERNEL, weak, weakToo))).containsExactly(102, 104, 106, 108);
  }

  @Test
  void typesMustAgree() {
    String other =
        LIBRARY.replace(
            ".visible .func (.param .b32 r) twice(.param .b32 x)",
            ".visible .func (.param .b32 r) twice(.param .b64 x)");
    assertThatThrownBy(
            () ->
                link(KERNEL, other.replace("ld.param.u32 %r1, [x];\n  {", "mov.u32 %r1, 0;\n  {")))
        .isInstanceOf(PtxException.class)
        .hasMessageContaining("'twice' has one type in a.ptx and another in b.ptx");
  }

  @Test
  void aMemberOfAnArchiveThatNobodyNeedsIsLeftOut() throws Exception {
    String unused = ".extern .func nowhere(); .visible .func unused() { call nowhere; ret; }";
    List<PtxText> texts =
        List.of(
            new PtxText("kernel", Rig.module(KERNEL), false),
            new PtxText("unused", Rig.module(unused), true),
            new PtxText("library", Rig.module(LIBRARY), true));
    assertThat(run(PtxModule.link(texts, CompileOptions.DEFAULTS))).containsExactly(7, 9, 11, 13);
    assertThatThrownBy(() -> link(KERNEL, unused, LIBRARY)).hasMessageContaining("nowhere");
  }

  @Test
  void anErrorNamesTheTextWithLineAndColumn() {
    assertThatThrownBy(() -> link(KERNEL, ".visible .func broken() { nonsense.u32 %r1; }"))
        .isInstanceOf(PtxException.class)
        .hasMessageContaining("b.ptx, line 4, column");
  }
}
