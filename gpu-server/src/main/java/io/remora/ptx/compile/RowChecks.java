// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.IdentityHashMap;
import java.util.Map;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Writes the checks whether a row's first and last thread speak for all between. */
final class RowChecks {
  /**
   * Where a row goes that can't run like this.
   *
   * @param shrink for a shorter one, if its threads differ
   * @param refuse for the other form of the region
   */
  record Ways(Label shrink, Label refuse) {}

  private final Code code;
  private final MethodVisitor method;
  private final RowPlan rows;
  private final RowLocals locals;
  private final Code atFirst;
  private final Code atLast;
  private final Ways ways;
  private final Map<Instruction, RowPlace> places = new IdentityHashMap<>();

  /**
   * @param atFirst writes for the row's first thread
   * @param atLast writes for its last one
   */
  RowChecks(Code code, RowPlan rows, RowLocals locals, Code atFirst, Code atLast, Ways ways) {
    this.code = code;
    this.method = code.method;
    this.rows = rows;
    this.locals = locals;
    this.atFirst = atFirst;
    this.atLast = atLast;
    this.ways = ways;
  }

  /** Where the accesses are that have been checked so far. */
  Map<Instruction, RowPlace> places() {
    return places;
  }

  /** One check stands for all accesses of the row's threads to one place. */
  void verify(RowAccess access) throws PtxException {
    Instruction at = access.first();
    Operand.Address address = RowAccess.address(at);
    if (access.isShared()) {
      MemoryOps.pushSharedOutside(code);
    } else {
      method.visitVarInsn(Opcodes.ALOAD, MemoryOps.memory(code));
    }
    MemoryOps.pushBase(at, address, atFirst);
    MemoryOps.pushBase(at, address, atLast);
    code.constant((int) rows.guards().step(address.base()));
    method.visitVarInsn(Opcodes.ILOAD, locals.span());
    code.constant(access.least());
    code.constant(access.length());
    code.constant(access.bytes() - 1);
    code.call(at, access.isShared() ? "Ranges.isShared" : "Ranges.isGlobal");
    code.jump(Opcodes.IFEQ, ways.shrink());
    place(access);
  }

  /** Works out once for the row where its threads' accesses are. */
  private void place(RowAccess access) throws PtxException {
    Instruction at = access.first();
    Operand.Address address = RowAccess.address(at);
    int step = (int) rows.guards().step(address.base());
    int local = code.locals.allocate(Kind.LONG.slots);
    MemoryOps.pushHostBase(at, address, MemoryOps.path(at), atFirst);
    method.visitVarInsn(Opcodes.ILOAD, locals.first());
    code.op(Opcodes.I2L);
    code.constant((long) step);
    code.op(Opcodes.LMUL);
    code.op(Opcodes.LSUB);
    method.visitVarInsn(Opcodes.LSTORE, local);
    access
        .members()
        .forEach(member -> places.put(member, new RowPlace(local, step, locals.wideThread())));
  }

  /** A 32-bit value that becomes wider must not wrap around within the row. */
  void widening(Instruction at) throws PtxException {
    boolean isWide = at.has("wide");
    boolean widens =
        at.opcode().equals("cvt")
            && at.types().size() == 2
            && at.types().get(0).bits() == 64
            && at.types().get(1).bits() == 32;
    if (!isWide && !widens) {
      return;
    }
    PtxType from = at.types().get(isWide ? 0 : 1);
    for (int i = 1; i <= (isWide ? 2 : 1); i++) {
      Operand operand = at.operands().get(i);
      if (rows.guards().step(operand) != 0 && operand instanceof Operand.Reg) {
        checkSteady(at, operand, from, !from.isSigned());
      }
    }
  }

  private void checkSteady(Instruction at, Operand operand, PtxType type, boolean unsigned)
      throws PtxException {
    atFirst.pushNarrowing(at, operand, type);
    atLast.pushNarrowing(at, operand, type);
    code.constant((int) rows.guards().step(operand));
    method.visitVarInsn(Opcodes.ILOAD, locals.span());
    code.call(at, unsigned ? "Ranges.isSteadyUnsigned" : "Ranges.isSteadySigned");
    code.jump(Opcodes.IFEQ, ways.shrink());
  }

  /** A comparison must come out alike in the whole row. */
  void comparison(Instruction at) throws PtxException {
    PtxType type = at.types().get(0);
    Operand left = at.operands().get(1);
    Operand right = at.operands().get(2);
    boolean unsigned = RowGuards.isUnsigned(at) && !RowGuards.isEquality(at);
    for (Operand operand : new Operand[] {left, right}) {
      if (operand instanceof Operand.Reg) {
        checkSteady(at, operand, type, unsigned);
      }
    }
    Operand result = at.operands().get(0);
    atFirst.push(at, result, PtxType.PRED);
    atLast.push(at, result, PtxType.PRED);
    code.jump(Opcodes.IF_ICMPNE, ways.shrink());
    if (RowGuards.isEquality(at)) {
      atFirst.push(at, left, type);
      atLast.push(at, left, type);
      atFirst.push(at, right, type);
      atLast.push(at, right, type);
      code.call(at, "Ranges.isApart");
      code.jump(Opcodes.IFEQ, ways.shrink());
    }
  }

  /** The row must go the way that is written. */
  void branch(Terminator.Branch branch, int next) {
    if (branch.target() == branch.otherwise()) {
      return;
    }
    Register predicate = branch.predicate().register();
    method.visitVarInsn(Opcodes.ILOAD, atFirst.locals.of(predicate, Kind.INT));
    boolean wanted = next == branch.target() ^ branch.predicate().negated();
    code.jump(wanted ? Opcodes.IFEQ : Opcodes.IFNE, ways.refuse());
  }
}
