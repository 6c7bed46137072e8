// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import io.remora.calls.source.CoveragePage;
import io.remora.v1.CUresult;
import io.remora.v1.CallClass;
import io.remora.v1.OptionsProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallTableTest {
  private final CallTable table = CallTable.load();

  @Test
  void theTableOfThisBuildIsFreeOfContradictions() {
    assertThat(table.entries()).hasSizeGreaterThan(240);
    assertThat(table.notForwarded()).hasSizeGreaterThan(200);
  }

  @Test
  void anEntryKnowsItsNamesAndParameters() {
    CallEntry entry = table.byMessageName("CuMemsetD2D16Async").orElseThrow();

    assertThat(entry.name()).isEqualTo("cuMemsetD2D16Async");
    assertThat(entry.methodName()).isEqualTo("cuMemsetD2D16Async");
    assertThat(entry.constantName()).isEqualTo("CU_MEMSET_D2_D16_ASYNC");
    assertThat(entry.callClass()).isEqualTo(CallClass.ASYNC);
    assertThat(entry.stream().orElseThrow().name()).isEqualTo("h_stream");
    assertThat(entry.parameters())
        .extracting(CallParameter::javaName)
        .containsExactly("dstDevice", "dstPitch", "us", "width", "height", "hStream");
    assertThat(entry.symbols())
        .containsExactly(
            new AbiSymbol("cuMemsetD2D16Async", 3020),
            new AbiSymbol("cuMemsetD2D16Async_ptsz", 7000));
    assertThat(entry.symbols().get(0).perThreadStream()).isFalse();
    assertThat(entry.symbols().get(1).perThreadStream()).isTrue();
  }

  @Test
  void theSupportBitmapHasOneBitForEachCallThatTravels() {
    BitSet bits = BitSet.valueOf(table.supportedCalls());

    assertThat(bits.stream().boxed())
        .containsExactlyElementsOf(table.onWire().stream().map(CallEntry::number).toList());
  }

  @Test
  void theHashDependsOnWhatTravelsAndOnNothingElse() {
    CallEntry entry = table.byMessageName("CuMemFree").orElseThrow();
    CallEntry renamedGroup =
        new CallEntry(
            entry.number(),
            entry.name(),
            entry.symbols(),
            entry.callClass(),
            entry.handling(),
            entry.queued(),
            "another group",
            "another note",
            entry.sameAs(),
            entry.parameters(),
            entry.message());
    CallEntry sync =
        new CallEntry(
            entry.number(),
            entry.name(),
            entry.symbols(),
            CallClass.SYNC,
            entry.handling(),
            entry.queued(),
            entry.group(),
            entry.note(),
            entry.sameAs(),
            entry.parameters(),
            entry.message());

    assertThat(with(entry, renamedGroup).hash()).isEqualTo(table.hash()).hasSize(32);
    assertThat(with(entry, sync).hash()).isNotEqualTo(table.hash());
  }

  private CallTable with(CallEntry replaced, CallEntry replacement) {
    List<CallEntry> entries =
        table.entries().stream().map(each -> each.equals(replaced) ? replacement : each).toList();
    return new CallTable(entries, table.notForwarded());
  }

  @Test
  void everyResultHasAText() {
    for (EnumValueDescriptor value : CUresult.getDescriptor().getValues()) {
      assertThat(value.getOptions().getExtension(OptionsProto.errorString))
          .as(value.getName())
          .isNotEmpty();
    }
  }

  @Test
  void theCoveragePageIsTheOneThatTheTableGives() throws Exception {
    Path page = Path.of("..", "docs", "api-coverage.md");

    assertThat(Files.readString(page))
        .as("docs/api-coverage.md is out of date; renew it by:%n%s", CoveragePage.RENEW)
        .isEqualTo(CoveragePage.of(table));
  }
}
