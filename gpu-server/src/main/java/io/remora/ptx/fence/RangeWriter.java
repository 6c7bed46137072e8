// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes instructions that go on behind the address that they are given, so that they begin early
 * enough to end in the window.
 */
final class RangeWriter {
  private static final String ROOM = InstructionWriter.ROOM;
  private static final String INDEX = InstructionWriter.INDEX;

  /** Ends of groups of copies, and barriers in shared memory. */
  private static final Set<String> GROUPS =
      Set.of("commit_group", "wait_group", "wait_all", "arrive");

  private final TokenText out;
  private final Window window;
  private final InstructionWriter instructions;

  RangeWriter(TokenText out, Window window, InstructionWriter instructions) {
    this.out = out;
    this.window = window;
    this.instructions = instructions;
  }

  /** {@code cp.async} and {@code cp.async.bulk} (PTX ISA section 9.7.9.25). */
  void copy(Statement statement) throws PtxException {
    if (!statement.has("async") || statement.has("tensor") || statement.hasAny("multicast")) {
      throw InstructionWriter.refused(statement);
    }
    if (GROUPS.stream().anyMatch(statement::has)) {
      instructions.unchanged(statement);
      return;
    }
    boolean bulk = statement.has("bulk");
    int at = globalOperand(statement);
    int size = statement.has("prefetch") ? 1 : 2;
    List<List<Token>> operands = statement.operands();
    if (operands.size() <= size || !Statement.isAddress(operands.get(at))) {
      throw InstructionWriter.refused(statement);
    }
    AddressOperand address = AddressOperand.of(operands.get(at));
    if (!bulk) {
      // At most 16 bytes, aligned to as much.
      instructions.address(address, false, masked -> {});
      instructions.withAddress(statement, at, Map.of());
      return;
    }
    least(operands.get(size), window.bytes());
    out.line(" cvt.u64.u32 " + ROOM + ", " + INDEX + ";");
    instructions.address(address, false, this::moveForRoom);
    instructions.withAddress(statement, at, Map.of(size, INDEX));
  }

  /** Where the operand is that is of global memory: spaces are named in the operands' order. */
  private static int globalOperand(Statement statement) throws PtxException {
    int global = -1;
    int spaces = 0;
    for (Token modifier : statement.modifiers()) {
      if (modifier.text().equals("global")) {
        if (global >= 0) {
          throw InstructionWriter.refused(statement);
        }
        global = spaces++;
      } else if (modifier.text().startsWith("shared")) {
        spaces++;
      }
    }
    if (global < 0 || spaces != (statement.has("prefetch") ? 1 : 2)) {
      throw InstructionWriter.refused(statement);
    }
    return global;
  }

  /** Leaves an operand of 32 bits, or a limit if that is less, in the index register. */
  private void least(List<Token> operand, long limit) throws PtxException {
    out.add(" min.u32 " + INDEX + ",");
    instructions.operand(operand);
    out.line(", 0x" + Long.toHexString(Math.min(limit, 0xffff_ffffL)) + ";");
  }

  /** Moves an address of the window down as far as the bytes behind it need. */
  private void moveForRoom(String masked) {
    out.line(
        " sub.s64 "
            + ROOM
            + ", "
            + InstructionWriter.hex(window.address() + window.bytes())
            + ", "
            + ROOM
            + ";");
    out.line(" min.u64 " + masked + ", " + masked + ", " + ROOM + ";");
  }

  /** {@code wmma.load} and {@code wmma.store} (PTX ISA section 9.7.14.4). */
  void matrix(Statement statement) throws PtxException {
    boolean loads = statement.has("load");
    if (!loads && !statement.has("store") || statement.hasAny("shared")) {
      instructions.unchanged(statement);
      return;
    }
    List<List<Token>> operands = statement.operands();
    int at = loads ? 1 : 0;
    if (operands.size() < 2 || operands.size() > 3 || !Statement.isAddress(operands.get(at))) {
      throw InstructionWriter.refused(statement);
    }
    MatrixExtent extent = MatrixExtent.of(statement);
    Map<Integer, String> stride = new HashMap<>();
    if (operands.size() == 3) {
      least(operands.get(2), extent.strideMax(window.bytes()));
      stride.put(2, INDEX);
    } else {
      out.line(" mov.u32 " + INDEX + ", " + extent.length() + ";");
    }
    out.line(" mul.wide.u32 " + ROOM + ", " + INDEX + ", " + extent.steps() + ";");
    out.line(" add.s64 " + ROOM + ", " + ROOM + ", " + extent.length() + ";");
    out.line(" mul.lo.s64 " + ROOM + ", " + ROOM + ", " + extent.bits() + ";");
    out.line(" add.s64 " + ROOM + ", " + ROOM + ", 7;");
    out.line(" shr.u64 " + ROOM + ", " + ROOM + ", 3;");
    instructions.address(
        AddressOperand.of(operands.get(at)), !statement.has("global"), this::moveForRoom);
    instructions.withAddress(statement, at, stride);
  }

  /**
   * What one of these instructions reaches: some stretches of elements, one stride apart.
   *
   * @param steps how often a stride is gone
   * @param length elements in a stretch
   * @param bits size of an element
   */
  private record MatrixExtent(int steps, int length, int bits) {
    static MatrixExtent of(Statement statement) throws PtxException {
      Token shape = find(statement, "m[0-9]{1,3}n[0-9]{1,3}k[0-9]{1,3}");
      String[] sizes = shape.text().substring(1).split("[nk]");
      int m = Integer.parseInt(sizes[0]);
      int n = Integer.parseInt(sizes[1]);
      int k = Integer.parseInt(sizes[2]);
      String fragment = find(statement, "[abcd]").text();
      int rows = fragment.equals("b") ? k : m;
      int columns = fragment.equals("a") ? k : n;
      Token type = find(statement, "(f|bf|tf|s|u|b)[0-9]{1,2}");
      int bits = Integer.parseInt(type.text().replaceFirst("[a-z]+", ""));
      // Such a float takes a whole word.
      int stored = type.text().equals("tf32") ? Integer.SIZE : bits;
      boolean byRows = statement.has("row");
      if (byRows == statement.has("col")) {
        throw InstructionWriter.refused(statement);
      }
      return byRows
          ? new MatrixExtent(rows - 1, columns, stored)
          : new MatrixExtent(columns - 1, rows, stored);
    }

    private static Token find(Statement statement, String form) throws PtxException {
      for (Token modifier : statement.modifiers()) {
        if (modifier.text().matches(form)) {
          return modifier;
        }
      }
      throw TokenStream.error(
          statement.opcode(), statement.shown() + " lacks a shape, a type or a matrix");
    }

    /** The greatest stride with which all of it is in a window. */
    long strideMax(long windowBytes) {
      return (windowBytes * Byte.SIZE / bits - length - Byte.SIZE) / Math.max(1, steps);
    }
  }
}
