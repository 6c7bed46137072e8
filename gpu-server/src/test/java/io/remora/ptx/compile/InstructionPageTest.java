// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.ir.Opcodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class InstructionPageTest {
  private static final Path PAGE = Path.of("..", "docs", "ptx-instructions.md");

  @Test
  void thePageSaysWhatTheCompilerKnows() throws IOException {
    if (Boolean.getBoolean("remora.docs.renew")) {
      Files.writeString(PAGE, InstructionPage.text());
    }
    assertThat(Files.readString(PAGE))
        .as("docs/ptx-instructions.md is out of date; renew it by:%n%s", InstructionPage.RENEW)
        .isEqualTo(InstructionPage.text());
  }

  @Test
  void everyOpcodeThatTheParserTakesCanBeWritten() {
    assertThat(Opcodes.all())
        .allMatch(
            opcode ->
                OpTable.modifiers(opcode) != null
                    || opcode.equals("bra")
                    || opcode.equals("brx")
                    || opcode.equals("ret")
                    || opcode.equals("exit"));
  }

  @Test
  void whatThePageCallsAbsentIsRefusedByTheParser() {
    assertThat(InstructionPage.absent()).noneMatch(Opcodes::isKnown);
  }
}
