// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class TextTableTest {
  @Test
  void columnsAreAsWideAsTheirWidestCell() {
    TextTable table = new TextTable("ID", "NAME", "KIND");
    table.row("0", "shark", "cuda");
    table.row("100", "x", "software");
    assertThat(table.toString().lines())
        .containsExactly("ID   NAME   KIND", "0    shark  cuda", "100  x      software");
  }

  @Test
  void aRowWithTooFewCellsIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new TextTable("A", "B").row("1"));
  }
}
