// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Operand.Imm;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Linkage;
import io.remora.ptx.ir.Variable.Piece;
import io.remora.ptx.ir.Variable.Space;
import java.util.ArrayList;
import java.util.List;

/** Declarations of memory (PTX ISA section 5.4). */
public final class VariableParser {
  /** No variable may be longer; the device has no more anyway. */
  private static final long MAX_BYTES = 1L << 40;

  private static final int MAX_DIMENSIONS = 8;

  /** Whole pages of every host, which can only watch pages for the touch of its program. */
  private static final int MANAGED_ALIGNMENT = 64 << 10;

  private final TokenStream tokens;

  /** Reads from these tokens. */
  public VariableParser(TokenStream tokens) {
    this.tokens = tokens;
  }

  /** What stands before the name: alignment, vector width, type. */
  public record Head(PtxType type, int vector, int alignment, boolean managed) {
    /** Size of one element. */
    public int elementBytes() {
      return type.bytes() * vector;
    }
  }

  /** Reads alignment, pointer attributes, vector width and type in any order that compilers use. */
  public Head head() throws PtxException {
    int alignment = 0;
    int vector = 1;
    boolean managed = false;
    while (true) {
      Token token = tokens.peek();
      if (token.kind() != Token.Kind.DOT_WORD) {
        throw tokens.error("expected a type but found " + token.shown());
      }
      tokens.next();
      switch (token.text()) {
        case "align" -> alignment = alignment();
        case "attribute" -> {
          managed();
          managed = true;
        }
        case "v2" -> vector = 2;
        case "v4" -> vector = 4;
        case "v8" -> vector = 8;
        default -> {
          PtxType type = PtxType.named(token.text());
          if (type == null || type.family() == PtxType.Family.PACKED) {
            throw refuse(token);
          }
          int natural = type.bytes() * vector;
          skipPointerAttributes();
          int own = alignment == 0 ? natural : alignment;
          return new Head(type, vector, managed ? MANAGED_ALIGNMENT : own, managed);
        }
      }
    }
  }

  private static PtxException refuse(Token token) {
    if (token.isDot("texref") || token.isDot("samplerref") || token.isDot("surfref")) {
      return TokenStream.unsupported(token, "a " + token.shown() + " variable");
    }
    return TokenStream.error(token, "expected a type but found " + token.shown());
  }

  /** Kernel parameters may say where they point: {@code .ptr .global .align 16}. */
  private void skipPointerAttributes() throws PtxException {
    if (!tokens.takeDot("ptr")) {
      return;
    }
    while (tokens.peek().kind() == Token.Kind.DOT_WORD) {
      if (tokens.next().isDot("align")) {
        alignment();
      }
    }
  }

  /** {@code .attribute(.managed)}: the host uses the variable, too. */
  private void managed() throws PtxException {
    tokens.expect('(');
    Token attribute = tokens.next();
    if (!attribute.isDot("managed")) {
      throw TokenStream.unsupported(attribute, "the attribute " + attribute.shown());
    }
    tokens.expect(')');
  }

  private int alignment() throws PtxException {
    Token at = tokens.peek();
    long value = Constants.integer(tokens);
    if (value < 1 || value > 4096 || Long.bitCount(value) != 1) {
      throw TokenStream.error(at, "an alignment must be a power of two up to 4096: " + value);
    }
    return (int) value;
  }

  /**
   * Reads dimensions and initial value.
   *
   * @param name its name, which was read
   * @param index number among its function's variables; -1 at module scope
   */
  public Variable rest(Head head, Space space, Linkage linkage, Token name, int index)
      throws PtxException {
    List<Long> dimensions = dimensions();
    if (!dimensions.isEmpty()) {
      elements(name, dimensions.subList(1, dimensions.size()));
    }
    bytes(name, dimensions, head);
    if (head.managed() && space != Space.GLOBAL) {
      throw TokenStream.error(name, "only .global variables can be managed: " + name.shown());
    }
    var pieces = new ArrayList<Piece>();
    if (tokens.take('=')) {
      if (space != Space.GLOBAL && space != Space.CONST) {
        throw tokens.error("only .global and .const variables can have an initial value");
      }
      long first = dimensions.isEmpty() ? 1 : Math.max(0, dimensions.get(0));
      long end = initialiser(head, dimensions, 0, 0, pieces);
      if (!dimensions.isEmpty() && first == 0) {
        long inner = elements(name, dimensions.subList(1, dimensions.size()));
        dimensions.set(0, (end / head.elementBytes() + inner - 1) / inner);
      }
    }
    long bytes = Math.max(0, bytes(name, dimensions, head));
    if (pieces.stream().anyMatch(piece -> piece.offset() + piece.bytes() > bytes)) {
      throw TokenStream.error(name, name.shown() + " has more initial values than room");
    }
    return new Variable(
        name.text(), space, head.type(), bytes, head.alignment(), linkage, pieces, index);
  }

  private List<Long> dimensions() throws PtxException {
    var dimensions = new ArrayList<Long>();
    while (tokens.take('[')) {
      if (dimensions.size() == MAX_DIMENSIONS) {
        throw tokens.error("an array may have at most " + MAX_DIMENSIONS + " dimensions");
      }
      if (tokens.peek().is(']')) {
        if (!dimensions.isEmpty()) {
          throw tokens.error("only the first dimension may be left open");
        }
        dimensions.add(0L);
      } else {
        long length = Constants.integer(tokens);
        if (length < 0 || length > MAX_BYTES) {
          throw tokens.error("array length out of range: " + length);
        }
        dimensions.add(length);
      }
      tokens.expect(']');
    }
    return dimensions;
  }

  private static long elements(Token name, List<Long> dimensions) throws PtxException {
    long product = 1;
    for (long dimension : dimensions) {
      if (dimension == 0) {
        throw TokenStream.error(name, name.shown() + " has an empty dimension");
      }
      if (product > MAX_BYTES / dimension) {
        throw TokenStream.error(name, name.shown() + " is larger than any device memory");
      }
      product *= dimension;
    }
    return product;
  }

  private static long bytes(Token name, List<Long> dimensions, Head head) throws PtxException {
    if (!dimensions.isEmpty() && dimensions.get(0) == 0) {
      return 0;
    }
    long count = elements(name, dimensions);
    if (count > MAX_BYTES / head.elementBytes()) {
      throw TokenStream.error(name, name.shown() + " is larger than any device memory");
    }
    return count * head.elementBytes();
  }

  /** Reads one value or one list of them and returns the offset after the last. */
  private long initialiser(
      Head head, List<Long> dimensions, int level, long offset, List<Piece> pieces)
      throws PtxException {
    if (!tokens.take('{')) {
      pieces.add(value(head.type(), offset));
      return offset + head.type().bytes();
    }
    if (level > dimensions.size()) {
      throw tokens.error("too many braces in this initial value");
    }
    long stride = head.type().bytes();
    for (int i = dimensions.size() - 1; i > level; i--) {
      stride *= dimensions.get(i);
    }
    long at = offset;
    long end = offset;
    while (!tokens.peek().is('}')) {
      if (at > MAX_BYTES) {
        throw tokens.error("this initial value is larger than any device memory");
      }
      boolean nested = tokens.peek().is('{');
      end = initialiser(head, dimensions, level + 1, at, pieces);
      at = nested ? at + Math.max(stride, end - at) : end;
      if (!tokens.take(',')) {
        break;
      }
    }
    tokens.expect('}');
    return end;
  }

  private Piece value(PtxType type, long offset) throws PtxException {
    Token token = tokens.peek();
    boolean maskable = token.kind() == Token.Kind.NUMBER;
    if (token.kind() == Token.Kind.WORD && !token.text().equals("WARP_SZ")) {
      return symbol(type, offset);
    }
    Imm value = Constants.operand(tokens);
    if (maskable && tokens.peek().is('(')) { // 0xFF(symbol): one byte of an address.
      throw TokenStream.unsupported(token, "an initial value that takes bytes of an address");
    }
    return new Piece(offset, type.bytes(), convert(token, value, type), "");
  }

  private Piece symbol(PtxType type, long offset) throws PtxException {
    Token token = tokens.next();
    String name = token.text();
    if (name.equals("generic")) {
      tokens.expect('(');
      name = tokens.expect(Token.Kind.WORD, "a symbol").text();
      tokens.expect(')');
    }
    long addend = 0;
    if (tokens.take('+')) {
      addend = Constants.integer(tokens);
    } else if (tokens.peek().is('-')) {
      addend = Constants.integer(tokens);
    }
    if (type.bytes() != 8) {
      throw TokenStream.unsupported(token, "an address in fewer than 64 bits");
    }
    return new Piece(offset, 8, addend, name);
  }

  private static long convert(Token token, Imm value, PtxType type) throws PtxException {
    if (!type.isFloat()) {
      if (value.kind() != Imm.Kind.INTEGER && type.bits() < 32) {
        throw TokenStream.error(token, token.shown() + " doesn't fit " + type.spelling());
      }
      return value.bits();
    }
    double number =
        switch (value.kind()) {
          case INTEGER -> (double) value.bits();
          case F32 -> Float.intBitsToFloat((int) value.bits());
          case F64 -> Double.longBitsToDouble(value.bits());
        };
    return switch (type) {
      case F64 -> Double.doubleToRawLongBits(number);
      case F32 ->
          value.kind() == Imm.Kind.F32
              ? value.bits()
              : Float.floatToRawIntBits((float) number) & 0xffff_ffffL;
      default -> {
        if (value.kind() != Imm.Kind.INTEGER) {
          throw TokenStream.unsupported(token, "a floating-point initial value of " + type);
        }
        yield value.bits();
      }
    };
  }
}
