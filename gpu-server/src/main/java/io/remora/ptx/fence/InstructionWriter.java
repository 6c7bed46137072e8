// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.fence.ModuleScan.Spaces;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Writes instructions so that those of global memory reach the window and nothing else. */
final class InstructionWriter {
  static final String ADDRESS = "%" + ModuleScan.RESERVED + "_a";
  static final String MASKED = "%" + ModuleScan.RESERVED + "_m";
  static final String ROOM = "%" + ModuleScan.RESERVED + "_r";
  static final String INDEX = "%" + ModuleScan.RESERVED + "_i";
  static final String OTHER = "%" + ModuleScan.RESERVED + "_p";
  static final String ONE = "%" + ModuleScan.RESERVED + "_q";

  /** Memory that the hardware keeps to the kernel that runs. */
  private static final Set<String> OWN_SPACES =
      Set.of(
          "shared",
          "shared::cta",
          "shared::cluster",
          "local",
          "const",
          "param",
          "param::entry",
          "param::func");

  private final TokenText out;
  private final ModuleScan scan;
  private final Window window;
  private final Variables variables;
  private final Map<String, Integer> tables;
  private final CallWriter calls;
  private final RangeWriter ranges;

  /**
   * @param tables the tables of branches of the function at hand, and how long each is
   */
  InstructionWriter(
      TokenText out,
      ModuleScan scan,
      Window window,
      Variables variables,
      Map<String, Integer> tables) {
    this.out = out;
    this.scan = scan;
    this.window = window;
    this.variables = variables;
    this.tables = tables;
    this.calls = new CallWriter(out, scan, this);
    this.ranges = new RangeWriter(out, window, this);
  }

  /** What the instructions below need, at the beginning of each function. */
  void writeRegisters() {
    out.line(".reg .b64 " + ADDRESS + ", " + MASKED + ", " + ROOM + ";");
    out.line(".reg .b32 " + INDEX + ";");
    out.line(".reg .pred " + OTHER + ", " + ONE + ";");
  }

  void write(Statement statement) throws PtxException {
    InstructionKind kind =
        InstructionKind.of(statement.opcode().text()).orElseThrow(() -> refused(statement));
    switch (kind) {
      case PLAIN -> plain(statement);
      case SHARED -> unchanged(statement);
      case MEMORY -> memory(statement);
      case CALL -> calls.write(statement);
      case TABLE -> table(statement);
      case ASYNC_COPY -> ranges.copy(statement);
      case MATRIX -> ranges.matrix(statement);
    }
  }

  static PtxException refused(Statement statement) {
    return TokenStream.unsupported(
        statement.opcode(), statement.shown() + " in a module to be fenced");
  }

  private void plain(Statement statement) throws PtxException {
    if (statement.operands().stream().anyMatch(Statement::isAddress)) {
      throw refused(statement);
    }
    List<List<Token>> operands = statement.operands();
    if (statement.opcode().text().equals("cvta")
        && operands.size() == 2
        && variables.has(operands.get(1).get(0))) {
      // An address of global memory is its own generic address.
      begin(statement).add("mov.b64").tokens(operands.get(0));
      out.line(", " + symbol(operands.get(1)) + ";");
      return;
    }
    unchanged(statement);
  }

  /** Guard and opcode are written by the caller, or here as they are. */
  void unchanged(Statement statement) throws PtxException {
    begin(statement).add(statement.opcode().text()).tokens(statement.modifiers());
    String separator = "";
    for (List<Token> operand : statement.operands()) {
      out.add(separator);
      operand(operand);
      separator = ",";
    }
    out.line(";");
  }

  TokenText begin(Statement statement) throws PtxException {
    return out.tokens(statement.guard()).add(" ");
  }

  /** An operand as it is, but for the names of variables. */
  void operand(List<Token> tokens) throws PtxException {
    if (tokens.stream().anyMatch(variables::has)) {
      out.add(" " + symbol(tokens));
    } else {
      out.add(" ").tokens(tokens);
    }
  }

  /** The address that a variable's name and what is added to it stand for. */
  private String symbol(List<Token> operand) throws PtxException {
    Token name = operand.get(0);
    if (!variables.has(name)) {
      throw TokenStream.unsupported(name, "a variable's address in an operand of this form");
    }
    return hex(variables.address(name) + AddressOperand.sum(operand.subList(1, operand.size())));
  }

  static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  private void memory(Statement statement) throws PtxException {
    if (isCounted(statement)) {
      unchanged(statement);
      return;
    }
    if (statement.has("async") || statement.hasAny("bulk") || statement.hasAny("tensormap")) {
      throw refused(statement);
    }
    boolean isOwn = statement.modifiers().stream().anyMatch(m -> OWN_SPACES.contains(m.text()));
    boolean isGlobal = statement.has("global");
    if (isOwn && isGlobal) {
      throw TokenStream.error(statement.opcode(), statement.shown() + " names two state spaces");
    }
    int at = addressAt(statement);
    if (isOwn) {
      unchanged(statement);
    } else {
      fenced(statement, at, !isGlobal);
    }
  }

  /** {@code st.async} and {@code red.async}: place and barrier are both in the cluster's memory. */
  private static boolean isCounted(Statement statement) {
    return statement.has("async")
        && statement.has("shared::cluster")
        && statement.modifiers().stream().noneMatch(m -> m.text().equals("global"));
  }

  /** Which operand is the address. */
  private static int addressAt(Statement statement) throws PtxException {
    int found = -1;
    for (int i = 0; i < statement.operands().size(); i++) {
      if (Statement.isAddress(statement.operands().get(i))) {
        if (found >= 0) {
          throw refused(statement);
        }
        found = i;
      }
    }
    if (found < 0) {
      throw TokenStream.error(statement.opcode(), statement.shown() + " has no address");
    }
    return found;
  }

  /** Writes an instruction with one of its operands fenced. */
  private void fenced(Statement statement, int at, boolean isGeneric) throws PtxException {
    address(AddressOperand.of(statement.operands().get(at)), isGeneric, masked -> {});
    withAddress(statement, at, Map.of());
  }

  /**
   * Writes an instruction with the address that was left in {@link #ADDRESS}.
   *
   * @param others further operands that are replaced
   */
  void withAddress(Statement statement, int at, Map<Integer, String> others) throws PtxException {
    begin(statement).add(statement.opcode().text()).tokens(statement.modifiers());
    for (int i = 0; i < statement.operands().size(); i++) {
      out.add(i == 0 ? "" : ",");
      if (i == at) {
        out.add(" [" + ADDRESS + "]");
      } else if (others.containsKey(i)) {
        out.add(" " + others.get(i));
      } else {
        operand(statement.operands().get(i));
      }
    }
    out.line(";");
  }

  /**
   * Leaves the address that may be used in {@link #ADDRESS}.
   *
   * @param moving gets the register with the address of the window, to write what moves it further
   */
  void address(AddressOperand operand, boolean isGeneric, Consumer<String> moving)
      throws PtxException {
    Token base = operand.base();
    if (base.kind() == Token.Kind.NUMBER || variables.has(base)) {
      long start = variables.has(base) ? variables.address(base) : AddressOperand.number(base);
      out.line(" mov.b64 " + ADDRESS + ", " + hex(window.masked(start + operand.offset())) + ";");
      moving.accept(ADDRESS);
      return;
    }
    Set<Spaces> spaces = scan.spaces();
    String plain = base.text();
    boolean others = isGeneric && !spaces.isEmpty();
    if (operand.offset() != 0) {
      out.line(" add.s64 " + ADDRESS + ", " + plain + ", " + operand.offset() + ";");
      plain = ADDRESS;
    }
    String into = others ? MASKED : ADDRESS;
    String offset = plain;
    if (!window.isAligned()) {
      out.line(" sub.s64 " + into + ", " + plain + ", " + hex(window.address()) + ";");
      offset = into;
    }
    out.line(" and.b64 " + into + ", " + offset + ", " + hex(window.bytes() - 1) + ";");
    String together = window.isAligned() ? " or.b64 " : " add.s64 ";
    out.line(together + into + ", " + into + ", " + hex(window.address()) + ";");
    moving.accept(into);
    if (others) {
      others(plain, spaces);
    }
  }

  /** An address of other memory than global memory is used as it is. */
  private void others(String plain, Set<Spaces> spaces) {
    boolean first = true;
    for (Spaces space : Spaces.values()) {
      if (!spaces.contains(space) || space == Spaces.SHARED && spaces.contains(Spaces.CLUSTER)) {
        continue;
      }
      out.line(" isspacep." + word(space) + " " + (first ? OTHER : ONE) + ", " + plain + ";");
      if (!first) {
        out.line(" or.pred " + OTHER + ", " + OTHER + ", " + ONE + ";");
      }
      first = false;
    }
    out.line(" selp.b64 " + ADDRESS + ", " + plain + ", " + MASKED + ", " + OTHER + ";");
  }

  private static String word(Spaces space) {
    return switch (space) {
      case SHARED -> "shared";
      case CLUSTER -> "shared::cluster";
      case LOCAL -> "local";
      case CONST -> "const";
      case PARAM -> "param";
    };
  }

  /** Behind the end of a table anything may stand. */
  private void table(Statement statement) throws PtxException {
    List<List<Token>> operands = statement.operands();
    boolean isPlain = operands.size() == 2 && operands.get(1).size() == 1;
    Integer targets = isPlain ? tables.get(operands.get(1).get(0).text()) : null;
    if (targets == null || targets < 1) {
      throw TokenStream.error(
          statement.opcode(), statement.shown() + " has no table of targets before it");
    }
    out.add(" min.u32 " + INDEX + ",");
    operand(operands.get(0));
    out.line(", " + (targets - 1) + ";");
    begin(statement).add(statement.opcode().text()).tokens(statement.modifiers());
    out.add(" " + INDEX + ",").tokens(operands.get(1)).line(";");
  }
}
