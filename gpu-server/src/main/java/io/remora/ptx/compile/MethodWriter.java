// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.exec.BlockContext;
import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Terminator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Writes blocks and the jumps between them into one method. Subclasses say what happens where
 * control leaves the method. Every jump backwards burns fuel, so that no loop escapes cancellation.
 */
abstract class MethodWriter {
  final MethodVisitor method;
  final Code code;
  final CodeUnit unit;
  final Flow flow;
  private final BlockWriter writer;
  private final int fuelLocal;
  private final Map<Integer, Label> labels = new HashMap<>();
  private final Deque<Stub> stubs = new ArrayDeque<>();

  /** Code for a jump that needs more than an instruction, put behind the blocks. */
  private record Stub(Label label, int from, int to) {}

  MethodWriter(Code code, BlockWriter writer, int fuelLocal) {
    this.method = code.method;
    this.code = code;
    this.unit = code.unit;
    this.flow = code.unit.flow();
    this.writer = writer;
    this.fuelLocal = fuelLocal;
  }

  /** Whether a jump to this block leaves the method. */
  abstract boolean leaves(int target);

  /** Writes the code that leaves for a block of another method. */
  abstract void leave(int target);

  /** Writes the code that gives way to other threads before a block; false if threads don't. */
  abstract boolean giveWay(int target);

  abstract void exit();

  abstract void returnFromBody();

  abstract void suspend(Terminator.Suspend suspend) throws PtxException;

  /** Writes blocks in this order; control comes in before them and goes to the entry. */
  void blocks(List<Integer> blocks, int entry) throws PtxException {
    if (blocks.get(0) != entry) {
      code.jump(Opcodes.GOTO, label(entry));
    }
    for (int i = 0; i < blocks.size(); i++) {
      int block = blocks.get(i);
      code.label(label(block));
      Block body = flow.blocks().get(block);
      writer.write(body);
      int next = i + 1 < blocks.size() ? blocks.get(i + 1) : -1;
      terminator(block, body.terminator(), next);
      code.locals.endInstruction();
      writer.endBlock(body);
    }
    while (!stubs.isEmpty()) {
      Stub stub = stubs.remove();
      code.label(stub.label());
      jump(stub.from(), stub.to());
    }
  }

  /** Writes straight code; how it ends is written by others. */
  final void piece(Block piece) throws PtxException {
    writer.write(piece);
    code.locals.endInstruction();
  }

  final Label label(int block) {
    return labels.computeIfAbsent(block, key -> new Label());
  }

  /** Writes the end of a block; {@code next} is the block written next, or -1. */
  void terminator(int block, Terminator terminator, int next) throws PtxException {
    if (terminator instanceof Terminator.Jump jump) {
      jumpOrFall(block, jump.target(), next);
    } else if (terminator instanceof Terminator.Branch branch) {
      branch(block, branch, next);
    } else if (terminator instanceof Terminator.Switch table) {
      table(block, table);
    } else if (terminator instanceof Terminator.Return) {
      returnFromBody();
    } else if (terminator instanceof Terminator.Exit) {
      exit();
    } else if (terminator instanceof Terminator.Suspend suspend) {
      writer.line(suspend.at());
      suspend(suspend);
    }
  }

  private boolean isPlain(int from, int to) {
    return !leaves(to) && !flow.isBackEdge(from, to);
  }

  private void jumpOrFall(int from, int to, int next) {
    if (to != next || !isPlain(from, to)) {
      jump(from, to);
    }
  }

  private void jump(int from, int to) {
    if (leaves(to)) {
      leave(to);
      return;
    }
    if (flow.isBackEdge(from, to)) {
      method.visitIincInsn(fuelLocal, -1);
      method.visitVarInsn(Opcodes.ILOAD, fuelLocal);
      code.jump(Opcodes.IFGE, label(to));
      if (giveWay(to)) {
        return;
      }
      code.context();
      code.contextCall("refuel", "()I");
      method.visitVarInsn(Opcodes.ISTORE, fuelLocal);
    }
    code.jump(Opcodes.GOTO, label(to));
  }

  private void branch(int block, Terminator.Branch branch, int next) throws PtxException {
    Operand.Reg predicate = branch.predicate();
    int local = code.locals.of(predicate.register(), Kind.INT);
    method.visitVarInsn(Opcodes.ILOAD, local);
    int target = branch.target();
    int otherwise = branch.otherwise();
    boolean swap = target == next && isPlain(block, target);
    int jumpTo = swap ? otherwise : target;
    boolean jumpIfSet = predicate.negated() == swap;
    Label label = label(jumpTo);
    if (!isPlain(block, jumpTo)) {
      label = new Label();
      stubs.add(new Stub(label, block, jumpTo));
    }
    code.jump(jumpIfSet ? Opcodes.IFNE : Opcodes.IFEQ, label);
    jumpOrFall(block, swap ? target : otherwise, next);
  }

  private void table(int block, Terminator.Switch table) throws PtxException {
    code.push(table.at(), table.index(), PtxType.U32);
    Label bad = new Label();
    var targets = new Label[table.targets().size()];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = new Label();
      stubs.add(new Stub(targets[i], block, table.targets().get(i)));
    }
    method.visitTableSwitchInsn(0, targets.length - 1, bad, targets);
    code.label(bad);
    method.visitLdcInsn("the index of brx.idx is beyond its table");
    code.call(Code.CONTEXT, "illegal", "(Ljava/lang/String;)Lio/remora/ptx/exec/KernelStop;");
    code.op(Opcodes.ATHROW);
  }

  /** Writes what is computed once, before everything else; jumped to from the method's start. */
  void prologue() {
    for (Locals.Uniform uniform : code.locals.uniforms()) {
      uniform.push().accept(code);
      method.visitVarInsn(uniform.store(), uniform.local());
    }
    code.constant(fuel());
    method.visitVarInsn(Opcodes.ISTORE, fuelLocal);
  }

  int fuel() {
    return BlockContext.FUEL;
  }
}
