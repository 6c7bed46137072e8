// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import static org.objectweb.asm.Opcodes.IFEQ;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Register;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.objectweb.asm.Label;

/** Writes the instructions of basic blocks, with their guards, and manages the locals' lives. */
final class BlockWriter {
  private final Code code;
  private final BitSet crossing;
  private final SourceLines lines;
  private int lastLine;

  /**
   * @param crossing registers that live across the borders of blocks
   */
  BlockWriter(Code code, BitSet crossing, SourceLines lines) {
    this.code = code;
    this.crossing = crossing;
    this.lines = lines;
  }

  /** Registers that are read in a block other than the one that wrote them. */
  static BitSet crossing(CodeUnit unit) {
    var crossing = new BitSet();
    for (int block : unit.flow().order()) {
      crossing.or(unit.flow().liveIn(block));
    }
    return crossing;
  }

  void write(Block block) throws PtxException {
    Map<Integer, Integer> lastUse = lastUses(block);
    int index = 0;
    var groups = new SharedGroups(block);
    code.sharedGroups = groups;
    for (Instruction at : block.code()) {
      if (!code.dropped.contains(at)) {
        write(at);
      }
      free(at, index, lastUse);
      index++;
    }
    groups.end(code);
    code.sharedGroups = null;
  }

  private void write(Instruction at) throws PtxException {
    line(at);
    if (at.guard() == null) {
      Runnable replacement = code.replaced.get(at);
      if (replacement != null) {
        replacement.run();
      } else {
        OpTable.emit(at, code);
      }
    } else {
      Label skip = new Label();
      code.push(at, at.guard(), PtxType.PRED);
      code.jump(IFEQ, skip);
      OpTable.emit(at, code);
      code.label(skip);
    }
    code.locals.endInstruction();
  }

  /** Tells the class file which source line the code that follows is from. */
  void line(Instruction at) {
    int line = lines.number(at.sourceLine());
    if (line != 0 && line != lastLine) {
      Label here = new Label();
      code.label(here);
      code.method.visitLineNumber(line, here);
      lastLine = line;
    }
  }

  private static Map<Integer, Integer> lastUses(Block block) {
    var last = new HashMap<Integer, Integer>();
    int index = 0;
    for (Instruction at : block.code()) {
      for (Register register : Opcodes.uses(at)) {
        last.put(register.id(), index);
      }
      for (Register register : Opcodes.definitions(at)) {
        last.put(register.id(), index);
      }
      index++;
    }
    for (Register register : block.terminator().uses()) {
      last.put(register.id(), Integer.MAX_VALUE);
    }
    return last;
  }

  private void free(Instruction at, int index, Map<Integer, Integer> lastUse) {
    for (Register register : Opcodes.uses(at)) {
      freeIfLast(register, index, lastUse);
    }
    for (Register register : Opcodes.definitions(at)) {
      freeIfLast(register, index, lastUse);
    }
  }

  private void freeIfLast(Register register, int index, Map<Integer, Integer> lastUse) {
    if (!crossing.get(register.id()) && lastUse.getOrDefault(register.id(), -1) == index) {
      code.locals.free(register, code.kind(register));
    }
  }

  /** Takes back the locals that a block's terminator used last. */
  void endBlock(Block block) {
    for (Register register : block.terminator().uses()) {
      if (!crossing.get(register.id())) {
        code.locals.free(register, code.kind(register));
      }
    }
  }
}
