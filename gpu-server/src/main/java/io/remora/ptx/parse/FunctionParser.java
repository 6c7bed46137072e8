// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.ClusterRules;
import io.remora.ptx.ClusterShape;
import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Linkage;
import io.remora.ptx.ir.Variable.Space;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One {@code .entry} or {@code .func}, from the word after it to the end of its body. */
final class FunctionParser {
  private static final int MAX_NESTING = 200;
  private static final int MAX_REGISTER_RANGE = 1 << 28;
  private static final int MAX_VARIABLES = 100_000;

  private final TokenStream tokens;
  private final VariableParser variables;
  private final OperandParser operands;
  private final Set<String> functionNames;
  private final int maxInstructions;
  private final boolean isKernel;
  private final Scope outer;

  private final List<Instruction> code = new ArrayList<>();
  private final Map<String, Integer> labels = new HashMap<>();
  private final Map<String, List<String>> tables = new HashMap<>();
  private final Map<String, PtxFunction.Prototype> prototypes = new HashMap<>();
  private final List<Variable> declared = new ArrayList<>();
  private List<Integer> maxThreads = List.of();
  private List<Integer> requiredThreads = List.of();
  private List<Integer> requiredCluster = List.of();
  private int clusterBlocksMax;
  private boolean explicitCluster;
  private int sourceLine;

  /**
   * @param functionNames names of all functions so far; this one's is added
   */
  FunctionParser(
      TokenStream tokens,
      Set<String> functionNames,
      int maxInstructions,
      boolean isKernel,
      Scope module) {
    this.tokens = tokens;
    this.variables = new VariableParser(tokens);
    this.functionNames = functionNames;
    this.operands = new OperandParser(tokens, functionNames::contains);
    this.maxInstructions = maxInstructions;
    this.isKernel = isKernel;
    this.outer = module.function();
  }

  PtxFunction parse() throws PtxException {
    List<Variable> results = !isKernel && tokens.peek().is('(') ? parameters("result") : List.of();
    Token name = tokens.expect(Token.Kind.WORD, "a function name");
    functionNames.add(name.text()); // Before the body: a function may call itself.
    List<Variable> parameters = tokens.peek().is('(') ? parameters("parameter") : List.of();
    directives();
    boolean hasBody = !tokens.take(';');
    if (hasBody) {
      body();
    }
    return new PtxFunction(
        name.text(),
        isKernel,
        results,
        parameters,
        hasBody,
        code,
        labels,
        tables,
        prototypes,
        outer.allRegisters(),
        declared,
        maxThreads,
        requiredThreads,
        new ClusterRules(requiredCluster, clusterBlocksMax, explicitCluster),
        name.line(),
        name.column());
  }

  private List<Variable> parameters(String what) throws PtxException {
    var list = new ArrayList<Variable>();
    tokens.expect('(');
    while (!tokens.peek().is(')')) {
      Token start = tokens.peek();
      if (tokens.takeDot("reg")) {
        throw TokenStream.unsupported(start, "a " + what + " in a register");
      }
      if (!tokens.takeDot("param")) {
        throw tokens.error("expected .param but found " + start.shown());
      }
      VariableParser.Head head = variables.head();
      Token name =
          tokens.peek().is(')') || tokens.peek().is(',')
              ? start
              : tokens.expect(Token.Kind.WORD, "a name for the " + what);
      Variable variable = variables.rest(head, Space.PARAM, Linkage.PRIVATE, name, declared.size());
      add(name, variable, outer);
      list.add(variable);
      if (!tokens.take(',')) {
        break;
      }
    }
    tokens.expect(')');
    return list;
  }

  private void add(Token name, Variable variable, Scope scope) throws PtxException {
    if (declared.size() == MAX_VARIABLES) {
      throw TokenStream.error(name, "too many variables in one function");
    }
    declared.add(variable);
    scope.declareVariable(name, variable);
  }

  private void directives() throws PtxException {
    Token grid = null;
    while (tokens.peek().kind() == Token.Kind.DOT_WORD) {
      Token directive = tokens.next();
      switch (directive.text()) {
        case "maxntid" -> maxThreads = extents();
        case "reqntid" -> requiredThreads = extents();
        case "minnctapersm", "maxnreg", "maxnctapersm" -> Constants.integer(tokens);
        case "maxclusterrank" -> clusterBlocksMax = clusterRank();
        case "noreturn" -> {}
        case "blocksareclusters" -> grid = directive;
        case "pragma" -> skipStatement();
        case "explicitcluster" -> explicitCluster = true;
        case "reqnctapercluster" -> requiredCluster = cluster(directive);
        default -> throw TokenStream.error(directive, "unexpected " + directive.shown());
      }
    }
    if (grid != null && requiredCluster.stream().anyMatch(extent -> extent != 1)) {
      throw TokenStream.unsupported(grid, "a grid of clusters of several blocks");
    }
  }

  private int clusterRank() throws PtxException {
    Token at = tokens.peek();
    long most = Constants.integer(tokens);
    if (most < 1 || most > Integer.MAX_VALUE) {
      throw TokenStream.error(at, "expected the number of blocks of a cluster");
    }
    return (int) most;
  }

  private List<Integer> cluster(Token directive) throws PtxException {
    List<Integer> extents = extents();
    long blocks = extents.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
    if (blocks > ClusterShape.MAX_BLOCKS) {
      throw TokenStream.unsupported(directive, "a cluster of " + blocks + " blocks");
    }
    return extents;
  }

  private List<Integer> extents() throws PtxException {
    var extents = new ArrayList<Integer>(List.of(1, 1, 1));
    int count = 0;
    do {
      Token at = tokens.peek();
      long extent = Constants.integer(tokens);
      if (count == 3 || extent < 1 || extent > 1 << 20) {
        throw TokenStream.error(at, "expected one to three extents of a block");
      }
      extents.set(count++, (int) extent);
    } while (tokens.take(','));
    return extents;
  }

  private void body() throws PtxException {
    tokens.expect('{');
    Scope scope = outer;
    int depth = 1;
    while (depth > 0) {
      Token token = tokens.peek();
      if (tokens.take('{')) {
        if (++depth > MAX_NESTING) {
          throw TokenStream.error(token, "braces are nested too deeply");
        }
        scope = scope.inner();
      } else if (tokens.take('}')) {
        depth--;
        Scope parent = scope.parent();
        scope = depth == 0 || parent == null ? outer : parent;
      } else {
        statement(scope);
      }
    }
  }

  private void statement(Scope scope) throws PtxException {
    Token token = tokens.peek();
    switch (token.kind()) {
      case DOT_WORD -> directive(scope);
      case WORD -> labelOrInstruction(scope);
      case PUNCTUATION -> {
        if (tokens.take(';')) {
          return;
        }
        if (!token.is('@')) {
          throw tokens.error("expected an instruction but found " + token.shown());
        }
        guarded(scope);
      }
      case NUMBER, STRING, END ->
          throw tokens.error("expected an instruction but found " + token.shown());
    }
  }

  private void directive(Scope scope) throws PtxException {
    Token token = tokens.next();
    switch (token.text()) {
      case "reg" -> registers(scope);
      case "local" -> memory(scope, Space.LOCAL);
      case "param" -> memory(scope, Space.PARAM);
      case "shared" -> memory(scope, Space.SHARED);
      case "global" -> memory(scope, Space.GLOBAL);
      case "const" -> memory(scope, Space.CONST);
      case "loc" -> sourceLine = Directives.location(tokens);
      case "pragma" -> skipStatement();
      case "file" -> Directives.skipFile(tokens);
      default -> throw TokenStream.error(token, "unexpected " + token.shown() + " in a function");
    }
  }

  private void skipStatement() throws PtxException {
    while (!tokens.peek().is(';')) {
      if (tokens.peek().kind() == Token.Kind.END || tokens.peek().is('}')) {
        throw tokens.error("expected ';' but found " + tokens.peek().shown());
      }
      tokens.next();
    }
    tokens.expect(';');
  }

  private void memory(Scope scope, Space space) throws PtxException {
    VariableParser.Head head = variables.head();
    do {
      Token name = tokens.expect(Token.Kind.WORD, "a variable name");
      if (tokens.take('<')) {
        int count = rangeLength(name);
        for (int i = 0; i < count; i++) {
          Token each =
              new Token(name.kind(), name.text() + i, name.line(), name.column(), name.adjacent());
          memory(head, space, each, scope);
        }
      } else {
        memory(head, space, name, scope);
      }
    } while (tokens.take(','));
    tokens.expect(';');
  }

  private void memory(VariableParser.Head head, Space space, Token name, Scope scope)
      throws PtxException {
    add(name, variables.rest(head, space, Linkage.PRIVATE, name, declared.size()), scope);
  }

  /** What is left of a parameterized name: so many, from 0 on. */
  private int rangeLength(Token name) throws PtxException {
    long count = Constants.operand(tokens).bits();
    tokens.expect('>');
    if (count < 0 || count > MAX_REGISTER_RANGE) {
      throw TokenStream.error(name, "a range of " + count + " names is out of range");
    }
    return (int) count;
  }

  private void registers(Scope scope) throws PtxException {
    int width = tokens.takeDot("v2") ? 2 : tokens.takeDot("v4") ? 4 : 1;
    Token typeToken = tokens.expect(Token.Kind.DOT_WORD, "a register type");
    PtxType type = PtxType.named(typeToken.text());
    if (typeToken.isDot("b128")) {
      throw TokenStream.unsupported(typeToken, "a register of type " + typeToken.shown());
    }
    if (type == null) {
      throw TokenStream.error(typeToken, typeToken.shown() + " is not a register type");
    }
    do {
      Token name = tokens.expect(Token.Kind.WORD, "a register name");
      if (width > 1) {
        scope.declareVector(name, type, width);
      } else if (tokens.take('<')) {
        scope.declareRange(name, type, rangeLength(name));
      } else {
        scope.declareRegister(name, type);
      }
    } while (tokens.take(','));
    tokens.expect(';');
  }

  private void labelOrInstruction(Scope scope) throws PtxException {
    Token word = tokens.next();
    if (!tokens.take(':')) {
      instruction(scope, null, word, word);
      return;
    }
    Token next = tokens.peek();
    if (tokens.takeDot("branchtargets") || tokens.takeDot("calltargets")) {
      if (tables.putIfAbsent(word.text(), names()) != null) {
        throw TokenStream.error(word, word.shown() + " is declared twice");
      }
    } else if (tokens.takeDot("callprototype")) {
      if (prototypes.putIfAbsent(word.text(), prototype()) != null) {
        throw TokenStream.error(word, word.shown() + " is declared twice");
      }
    } else if (labels.putIfAbsent(word.text(), code.size()) != null) {
      throw TokenStream.error(next, "label " + word.shown() + " is declared twice");
    }
  }

  private List<String> names() throws PtxException {
    var names = new ArrayList<String>();
    do {
      names.add(tokens.expect(Token.Kind.WORD, "a name").text());
    } while (tokens.take(','));
    tokens.expect(';');
    return names;
  }

  private PtxFunction.Prototype prototype() throws PtxException {
    List<Long> results = tokens.peek().is('(') ? sizes() : List.of();
    tokens.expect(Token.Kind.WORD, "'_'");
    List<Long> parameters = tokens.peek().is('(') ? sizes() : List.of();
    tokens.takeDot("noreturn");
    tokens.expect(';');
    return new PtxFunction.Prototype(results, parameters);
  }

  private List<Long> sizes() throws PtxException {
    var sizes = new ArrayList<Long>();
    tokens.expect('(');
    while (!tokens.peek().is(')')) {
      if (!tokens.takeDot("param")) {
        throw TokenStream.unsupported(tokens.peek(), "a prototype without .param");
      }
      VariableParser.Head head = variables.head();
      Token name = tokens.expect(Token.Kind.WORD, "'_'");
      sizes.add(variables.rest(head, Space.PARAM, Linkage.PRIVATE, name, 0).bytes());
      if (!tokens.take(',')) {
        break;
      }
    }
    tokens.expect(')');
    return sizes;
  }

  private void guarded(Scope scope) throws PtxException {
    Token at = tokens.next();
    boolean negated = tokens.take('!');
    Token name = tokens.expect(Token.Kind.WORD, "a predicate after '@'");
    Register register = scope.register(name.text());
    if (register == null || register.type() != PtxType.PRED) {
      throw TokenStream.error(name, name.shown() + " is not a predicate register");
    }
    Token opcode = tokens.expect(Token.Kind.WORD, "an instruction");
    instruction(scope, new Operand.Reg(register, negated), at, opcode);
  }

  private void instruction(Scope scope, Operand.@Nullable Reg guard, Token start, Token opcode)
      throws PtxException {
    if (!Opcodes.isKnown(opcode.text())) {
      throw TokenStream.unsupported(opcode, "instruction " + opcode.shown());
    }
    var modifiers = new ArrayList<String>(4);
    while (tokens.peek().kind() == Token.Kind.DOT_WORD) {
      modifiers.add(tokens.next().text());
    }
    List<Operand> list = operands.list(scope);
    tokens.expect(';');
    if (code.size() == maxInstructions) {
      throw new PtxException(
          PtxException.Kind.TOO_LARGE,
          start.line(),
          start.column(),
          "a function has more than " + maxInstructions + " instructions");
    }
    code.add(
        new Instruction(
            opcode.text(),
            List.copyOf(modifiers),
            guard,
            List.copyOf(list),
            start.line(),
            start.column(),
            sourceLine));
  }
}
