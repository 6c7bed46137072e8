// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Operand.Reg;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Cuts a list of instructions into basic blocks. A suspending instruction ends its block; its
 * results are read by pseudo instructions at the start of the block behind it. Predicated control
 * flow becomes a branch around it.
 */
public final class GraphBuilder {
  /** Longer blocks are cut, so that there are places to split a huge kernel. */
  private static final int MAX_BLOCK = 64;

  private final PtxFunction function;
  private final List<Instruction> code;
  private final Map<String, Integer> labels;
  private final List<Block> blocks = new ArrayList<>();
  private int[] blockAt = new int[0];

  private GraphBuilder(PtxFunction function) {
    this.function = function;
    this.code = function.code();
    this.labels = function.labels();
  }

  /** Builds the graph; block 0 is the entry. */
  public static List<Block> build(PtxFunction function) throws PtxException {
    return new GraphBuilder(function).build();
  }

  private List<Block> build() throws PtxException {
    var starts = new TreeSet<Integer>(labels.values());
    starts.add(0);
    starts.add(code.size());
    int run = 0;
    for (int i = 0; i < code.size(); i++) {
      run = starts.contains(i) ? 1 : run + 1;
      if (endsBlock(code.get(i)) || run == MAX_BLOCK) {
        starts.add(i + 1);
      }
    }
    blockAt = new int[code.size() + 1];
    // Nothing jumps to block 0, so that a kernel's start is never run again.
    int count = 1;
    for (int start : starts) {
      blockAt[start] = count++;
    }
    for (int i = 0; i < count; i++) {
      blocks.add(new Block(List.of(), new Terminator.Return()));
    }
    blocks.set(0, new Block(List.of(), new Terminator.Jump(1)));
    var sorted = new ArrayList<>(starts);
    for (int i = 0; i + 1 < sorted.size(); i++) {
      fill(i + 1, sorted.get(i), sorted.get(i + 1));
    }
    return blocks;
  }

  private static boolean endsBlock(Instruction instruction) {
    return switch (instruction.opcode()) {
      case "bra", "brx", "ret", "exit", "trap" -> true;
      default -> Opcodes.suspends(instruction) || Opcodes.givesWay(instruction);
    };
  }

  private void fill(int block, int start, int end) throws PtxException {
    Instruction last = code.get(end - 1);
    var body = new ArrayList<Instruction>();
    if (!endsBlock(last)) {
      body.addAll(code.subList(start, end));
      blocks.set(block, new Block(body, new Terminator.Jump(block + 1)));
      return;
    }
    body.addAll(code.subList(start, end - 1));
    Reg guard = last.guard();
    if (last.opcode().equals("bra")) {
      int target = target(last, label(last, 0));
      blocks.set(
          block,
          new Block(
              body,
              guard == null
                  ? new Terminator.Jump(target)
                  : new Terminator.Branch(guard, target, block + 1)));
      return;
    }
    if (guard == null) {
      blocks.set(block, new Block(body, terminator(last, body, block + 1)));
      return;
    }
    int taken = blocks.size();
    blocks.add(new Block(List.of(), new Terminator.Return()));
    blocks.set(block, new Block(body, new Terminator.Branch(guard, taken, block + 1)));
    var unguarded = last.withOperands(last.operands(), null);
    var takenBody = new ArrayList<Instruction>();
    blocks.set(taken, new Block(takenBody, terminator(unguarded, takenBody, block + 1)));
  }

  private Terminator terminator(Instruction last, List<Instruction> body, int next)
      throws PtxException {
    switch (last.opcode()) {
      case "ret":
        return new Terminator.Return();
      case "exit":
        return new Terminator.Exit();
      case "trap":
        body.add(last);
        return new Terminator.Exit();
      case "brx":
        return table(last);
      default:
        int resume = blocks.size();
        if (Opcodes.givesWay(last)) {
          blocks.add(new Block(List.of(last), new Terminator.Jump(next)));
          return new Terminator.Suspend(pause(last), resume);
        }
        blocks.add(new Block(results(last), new Terminator.Jump(next)));
        return new Terminator.Suspend(last, resume);
    }
  }

  private static Instruction pause(Instruction at) {
    return new Instruction(
        "nanosleep", List.of(), null, List.of(), at.line(), at.column(), at.sourceLine());
  }

  /** The pseudo instructions that read what a suspension yields. */
  private static List<Instruction> results(Instruction at) {
    var results = new ArrayList<Instruction>(2);
    if (!Opcodes.writes(at) || at.operands().isEmpty()) {
      return results;
    }
    Operand destination = at.operands().get(0);
    if (Opcodes.isMatrix(at)) {
      results.add(result(at, Opcodes.RESULT_FRAGMENT, destination));
      return results;
    }
    if (destination instanceof Operand.Pair pair) {
      results.add(result(at, Opcodes.RESULT, pair.first()));
      results.add(result(at, Opcodes.RESULT_PREDICATE, pair.second()));
    } else {
      results.add(result(at, Opcodes.RESULT, destination));
    }
    return results;
  }

  private static Instruction result(Instruction at, String opcode, Operand destination) {
    return new Instruction(
        opcode,
        at.modifiers(),
        null,
        List.of(destination),
        at.line(),
        at.column(),
        at.sourceLine());
  }

  private Terminator table(Instruction at) throws PtxException {
    List<String> names = function.tables().get(label(at, 1));
    if (names == null) {
      throw at.syntax("there is no .branchtargets list named '" + label(at, 1) + "'");
    }
    var targets = new ArrayList<Integer>();
    for (String name : names) {
      targets.add(target(at, name));
    }
    return new Terminator.Switch(at.operands().get(0), targets, at);
  }

  private static String label(Instruction at, int operand) throws PtxException {
    if (operand < at.operands().size()
        && at.operands().get(operand) instanceof Operand.Label label) {
      return label.name();
    }
    throw at.syntax("operand " + (operand + 1) + " of " + at.name() + " must be a label");
  }

  private int target(Instruction at, String label) throws PtxException {
    Integer index = labels.get(label);
    if (index == null) {
      throw at.syntax("there is no label '" + label + "' in this function");
    }
    return blockAt[index];
  }
}
