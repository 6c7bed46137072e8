// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Space;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The second time through a text: writes it anew, with the addresses of its variables. */
public final class FenceWriter implements ModuleVisitor {
  /** The variable with the addresses of {@link ModuleScan#functionsInVariables}. */
  public static final String FUNCTION_TABLE = ModuleScan.RESERVED + "_functions";

  private static final Set<String> NOT_OF_A_DEFINITION =
      Set.of("extern", "weak", "visible", "noreturn");

  private final ModuleScan scan;
  private final Variables variables;
  private final TokenText out;
  private final InstructionWriter instructions;
  private final Set<SystemCall> replaced = new HashSet<>();

  /** How many targets the tables of the function at hand have. */
  private final Map<String, Integer> tables = new HashMap<>();

  private FenceWriter(ModuleScan scan, Window window, Variables variables, int characters) {
    this.scan = scan;
    this.variables = variables;
    this.out = new TokenText(characters);
    this.instructions = new InstructionWriter(out, scan, window, variables, tables);
  }

  /**
   * Writes a text.
   *
   * @param scan of the same text
   * @param places where each of its variables of global memory is
   */
  public static String write(String text, ModuleScan scan, Window window, Map<String, Long> places)
      throws PtxException {
    var variables = new Variables(scan, places, Map.of());
    var writer = new FenceWriter(scan, window, variables, text.length() / 2 * 3);
    ModuleWalk.walk(text, writer);
    writer.functionTable();
    return writer.out.toString();
  }

  /** What the driver's compiler knows only, and the variables' contents need. */
  private void functionTable() {
    List<String> functions = scan.functionsInVariables();
    if (!functions.isEmpty()) {
      out.add(
          ".visible .global .align 8 .u64 " + FUNCTION_TABLE + "[" + functions.size() + "] = {");
      out.add(String.join(", ", functions)).line("};");
    }
  }

  @Override
  public void directive(List<Token> tokens) throws PtxException {
    out.tokens(tokens).line("");
  }

  @Override
  public void variable(Token name, Variable variable) throws PtxException {
    if (variable.space() == Space.CONST) {
      variables.writeConstant(name, variable, out);
    }
  }

  @Override
  public void shared(List<Token> tokens) throws PtxException {
    out.tokens(tokens).line(";");
  }

  @Override
  public void function(FunctionHeader header) throws PtxException {
    String name = header.name().text();
    tables.clear();
    if (header.hasBody()) {
      out.tokens(header.tokens()).line(" {");
      instructions.writeRegisters();
    } else if (scan.defines(name)) {
      out.tokens(header.tokens()).line(";");
    } else {
      systemCall(header);
    }
  }

  /** The declaration of a system call becomes the definition of what takes its place. */
  private void systemCall(FunctionHeader header) throws PtxException {
    Token name = header.name();
    SystemCall call =
        SystemCall.named(name.text())
            .orElseThrow(() -> TokenStream.unsupported(name, "function " + name.shown()));
    if (!replaced.add(call)) {
      return;
    }
    String result = "";
    boolean beforeName = true;
    for (Token token : header.tokens()) {
      if (NOT_OF_A_DEFINITION.contains(token.text()) && token.kind() == Token.Kind.DOT_WORD) {
        continue;
      }
      if (token.equals(name)) {
        beforeName = false;
        out.add(" ").add(call.replacement());
        continue;
      }
      if (beforeName && token.kind() == Token.Kind.WORD) {
        result = token.text();
      }
      out.token(token);
    }
    if (call.hasResult() && result.isEmpty()) {
      throw TokenStream.error(name, name.shown() + " has a result, which isn't declared");
    }
    out.add(" { ").add(call.body(result)).line(" ret; }");
  }

  @Override
  public void endFunction() {
    out.line("}");
  }

  @Override
  public void brace(char brace) {
    out.line(String.valueOf(brace));
  }

  @Override
  public void declaration(List<Token> tokens) throws PtxException {
    out.tokens(tokens).line(";");
  }

  @Override
  public void label(List<Token> tokens) throws PtxException {
    out.tokens(tokens).line("");
  }

  @Override
  public void table(List<Token> tokens) throws PtxException {
    if (tokens.get(2).isDot("branchtargets")) {
      long targets = tokens.stream().skip(3).filter(t -> t.kind() == Token.Kind.WORD).count();
      if (tables.put(tokens.get(0).text(), (int) targets) != null) {
        throw TokenStream.error(tokens.get(0), tokens.get(0).shown() + " is declared twice");
      }
    }
    out.tokens(tokens).line(";");
  }

  @Override
  public void instruction(Statement statement) throws PtxException {
    instructions.write(statement);
  }
}
