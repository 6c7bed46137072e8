// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxText;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.GraphBuilder;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.parse.PtxLinker;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RepeatedValuesTest {
  private static final String HEAD =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .visible .entry k(.param .u64 out)
      {
        .reg .pred %p<4>;
        .reg .f32 %f<20>;
        .reg .b32 %r<8>;
        .reg .b64 %d<4>;
        ld.param.u64 %d1, [out];
        ld.global.f32 %f1, [%d1];
      """;

  private static final String SECOND =
      "  fma.rn.f32 %f4, %f1, %f1, %f1;\n  ex2.approx.f32 %f5, %f4;\n";

  private static long count(String body, String opcode) throws PtxException {
    String text =
        HEAD + body + "  st.global.f32 [%d1+4], %f3;\n  st.global.f32 [%d1+8], %f5;\n  ret;\n}\n";
    PtxFunction kernel =
        PtxLinker.link(List.of(new PtxText("test", text)), CompileOptions.DEFAULTS)
            .functions()
            .values()
            .stream()
            .filter(PtxFunction::isKernel)
            .findFirst()
            .orElseThrow();
    Flow flow = RepeatedValues.flow(GraphBuilder.build(kernel));
    return flow.blocks().stream()
        .flatMap(block -> block.code().stream())
        .filter(at -> at.opcode().equals(opcode))
        .count();
  }

  private static String first() {
    return "  fma.rn.f32 %f2, %f1, %f1, %f1;\n  ex2.approx.f32 %f3, %f2;\n";
  }

  @Test
  void whatARegisterHoldsIsNotComputedAgain() throws PtxException {
    assertThat(count(first() + SECOND, "ex2")).isEqualTo(1);
    assertThat(count(first() + SECOND, "fma")).isEqualTo(1);
    // The copy of the sum, which nobody reads, is gone.
    assertThat(count(first() + SECOND, "mov")).isEqualTo(1);
  }

  @Test
  void itIsWhereTheArgumentMayHaveChanged() throws PtxException {
    String changed = "  add.f32 %f1, %f1, %f1;\n";
    assertThat(count(first() + changed + SECOND, "ex2")).isEqualTo(2);
    String guarded = "  setp.gt.f32 %p1, %f1, %f3;\n  @%p1 mov.f32 %f1, %f3;\n";
    assertThat(count(first() + guarded + SECOND, "ex2")).isEqualTo(2);
    String overwritten = "  mov.f32 %f3, %f1;\n";
    assertThat(count(first() + overwritten + SECOND, "ex2")).isEqualTo(2);
    assertThat(
            count(
                first() + "LABEL:\n" + SECOND + "  setp.gt.f32 %p1, %f4, %f5;\n  @%p1 bra LABEL;\n",
                "ex2"))
        .isEqualTo(2);
  }

  @Test
  void magnitudesDoNotDependOnSigns() throws PtxException {
    String product =
        """
          mul%1$s.f32 %%f6, %%f1, 0fBF3504F3;
          abs.f32 %%f7, %%f6;
          ex2.approx.f32 %%f3, %%f7;
          mul%1$s.f32 %%f8, %%f1, 0f3F3504F3;
          neg.f32 %%f9, %%f8;
          abs.f32 %%f10, %%f9;
          ex2.approx.f32 %%f5, %%f10;
        """;
    assertThat(count(product.formatted(""), "ex2")).isEqualTo(1);
    assertThat(count(product.formatted(".rn"), "ex2")).isEqualTo(1);
    // Rounded down and clamped products do.
    assertThat(count(product.formatted(".rm"), "ex2")).isEqualTo(2);
    assertThat(count(product.formatted(".sat"), "ex2")).isEqualTo(2);
  }
}
