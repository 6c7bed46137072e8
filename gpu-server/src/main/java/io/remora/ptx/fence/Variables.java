// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Linkage;
import io.remora.ptx.ir.Variable.Piece;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** A text's variables, when it is known where those of global memory are. */
public final class Variables {
  /** What a GPU has for one kernel (CUDA programming guide, "Compute Capabilities"). */
  private static final int CONSTANT_BYTES_MAX = 64 << 10;

  /** Bytes between two initial values that are written with them rather than apart. */
  private static final int GAP_MAX = 4 << 10;

  private final ModuleScan scan;
  private final Map<String, Long> places;
  private final Map<String, Long> functions;

  /**
   * @param places where each of the scan's variables of global memory is
   * @param functions where the functions are whose addresses the variables hold
   */
  public Variables(ModuleScan scan, Map<String, Long> places, Map<String, Long> functions) {
    this.scan = scan;
    this.places = places;
    this.functions = functions;
  }

  /** Part of an initial value; the memory around it is zero or other parts. */
  public record Contents(long address, byte[] bytes) {}

  /** Whether it is one of global memory. */
  boolean has(Token token) {
    return token.kind() == Token.Kind.WORD && places.containsKey(token.text());
  }

  long address(Token token) {
    Long place = places.get(token.text());
    if (place == null) {
      throw new IllegalStateException("no place for " + token.text());
    }
    return place;
  }

  /** What is in the variables of global memory at first, where it isn't zero. */
  public List<Contents> contents() throws PtxException {
    List<Contents> all = new ArrayList<>();
    for (Variable variable : scan.globals().values()) {
      Long place = places.get(variable.name());
      if (place == null) {
        throw new IllegalStateException("no place for " + variable.name());
      }
      for (Contents part : parts(variable)) {
        all.add(new Contents(place + part.address(), part.bytes()));
      }
    }
    return all;
  }

  /** The parts of an initial value, with offsets for addresses. */
  private List<Contents> parts(Variable variable) throws PtxException {
    List<Piece> pieces = new ArrayList<>(variable.initialiser());
    pieces.sort(Comparator.comparingLong(Piece::offset));
    List<Contents> parts = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= pieces.size(); i++) {
      if (i == pieces.size()
          || pieces.get(i).offset() - pieces.get(i - 1).offset() > GAP_MAX
          || pieces.get(i).offset() - pieces.get(from).offset() > Integer.MAX_VALUE / 2) {
        parts.add(part(variable, pieces.subList(from, i)));
        from = i;
      }
    }
    return parts;
  }

  private Contents part(Variable variable, List<Piece> pieces) throws PtxException {
    long start = pieces.get(0).offset();
    Piece last = pieces.get(pieces.size() - 1);
    ByteBuffer bytes =
        ByteBuffer.allocate((int) (last.offset() - start) + Long.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    for (Piece piece : pieces) {
      long value = value(variable, piece);
      for (int i = 0; i < piece.bytes(); i++) {
        bytes.put((int) (piece.offset() - start) + i, (byte) (value >> 8 * i));
      }
    }
    byte[] exact = new byte[(int) (last.offset() - start) + last.bytes()];
    bytes.get(0, exact);
    return new Contents(start, exact);
  }

  private long value(Variable variable, Piece piece) throws PtxException {
    if (piece.symbol().isEmpty()) {
      return piece.value();
    }
    Long place = places.get(piece.symbol());
    if (place == null) {
      place = functions.get(piece.symbol());
    }
    if (place == null) {
      throw new PtxException(
          PtxException.Kind.UNSUPPORTED,
          0,
          0,
          "the initial value of '"
              + variable.name()
              + "' has the address of '"
              + piece.symbol()
              + "': in a module to be fenced that is not supported");
    }
    return place + piece.value();
  }

  /** Writes a variable of constant memory. */
  void writeConstant(Token name, Variable variable, TokenText out) throws PtxException {
    if (variable.bytes() < 1 || variable.bytes() > CONSTANT_BYTES_MAX) {
      throw TokenStream.unsupported(
          name, "constant memory of " + variable.bytes() + " bytes in a module to be fenced");
    }
    if (variable.linkage() == Linkage.VISIBLE) {
      out.add(".visible ");
    } else if (variable.linkage() == Linkage.WEAK) {
      out.add(".weak ");
    }
    out.add(".const .align " + variable.alignment() + " .b8 ").token(name);
    out.add("[" + variable.bytes() + "]");
    byte[] value = new byte[(int) variable.bytes()];
    List<Contents> parts = parts(variable);
    for (Contents part : parts) {
      System.arraycopy(part.bytes(), 0, value, (int) part.address(), part.bytes().length);
    }
    if (!parts.isEmpty()) {
      out.add(" = {");
      for (int i = 0; i < value.length; i++) {
        out.add(i == 0 ? "" : ",").add(String.valueOf(value[i] & 0xff));
      }
      out.add("}");
    }
    out.line(";");
  }
}
