// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.util.List;

/**
 * Writes calls, so that they begin a function that the text defines: anywhere else code isn't
 * fenced, or the fence has been passed.
 */
final class CallWriter {
  private final TokenText out;
  private final ModuleScan scan;
  private final InstructionWriter instructions;

  CallWriter(TokenText out, ModuleScan scan, InstructionWriter instructions) {
    this.out = out;
    this.scan = scan;
    this.instructions = instructions;
  }

  void write(Statement statement) throws PtxException {
    List<List<Token>> operands = statement.operands();
    int at = !operands.isEmpty() && operands.get(0).get(0).is('(') ? 1 : 0;
    if (at >= operands.size()) {
      throw TokenStream.error(statement.opcode(), "a call of nothing");
    }
    Token callee = operands.get(at).get(0);
    if (operands.get(at).size() != 1 || callee.kind() != Token.Kind.WORD) {
      throw TokenStream.error(callee, "expected a function but found " + callee.shown());
    }
    String target = callee.text();
    if (!scan.defines(target)) {
      var system = SystemCall.named(target);
      if (system.isPresent()) {
        target = system.get().replacement();
      } else {
        check(statement, callee);
      }
    }
    instructions.begin(statement).add(statement.opcode().text()).tokens(statement.modifiers());
    for (int i = 0; i < operands.size(); i++) {
      out.add(i == 0 ? "" : ",");
      if (i == at) {
        out.add(" " + target);
      } else {
        instructions.operand(operands.get(i));
      }
    }
    out.line(";");
  }

  /** Ends the kernel if a register holds anything but the address of a function of the text. */
  private void check(Statement statement, Token register) throws PtxException {
    List<String> known = scan.addressed();
    if (known.isEmpty()) {
      throw TokenStream.error(
          register, register.shown() + " is no function, and the address of none is taken");
    }
    String good = InstructionWriter.OTHER;
    String one = InstructionWriter.ONE;
    for (int i = 0; i < known.size(); i++) {
      out.line(" mov.u64 " + InstructionWriter.ADDRESS + ", " + known.get(i) + ";");
      out.line(
          String.format(
              " setp.eq.u64 %s, %s, %s;",
              i == 0 ? good : one, register.text(), InstructionWriter.ADDRESS));
      if (i > 0) {
        out.line(String.format(" or.pred %s, %s, %s;", good, good, one));
      }
    }
    out.line(String.format(" not.pred %s, %s;", good, good));
    List<Token> guard = statement.guard();
    if (!guard.isEmpty()) {
      String predicate = guard.get(guard.size() - 1).text();
      String condition = predicate;
      if (guard.get(1).is('!')) {
        condition = one;
        out.line(String.format(" not.pred %s, %s;", one, predicate));
      }
      out.line(String.format(" and.pred %s, %s, %s;", good, good, condition));
    }
    out.line(" @" + good + " trap;");
  }
}
