// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.RegionPlan;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.BitSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Writes a region a second time, for threads that are all in its state: row by row, a row being
 * threads that differ in {@code %tid.x} only. What {@link RowPlan} wants known is computed for the
 * first and the last thread of a row; if they agree, the loop over the threads between has neither
 * the branches nor the checks that this decides. If they don't, the row is halved and tried again,
 * and what is left in the end is for the other form of the region.
 *
 * <p>Nothing is kept of a thread's state but where it isn't the usual one behind the region.
 */
final class RowWriter extends RegionWriter {
  static final String ROW_DESCRIPTOR = "(" + Code.CONTEXT_DESCRIPTOR + "II)I";
  private static final int TO = 2;
  private static final int THREAD = 3;
  private static final int FUEL = 4;
  private static final int END = 5;
  private static final int LAST = 6;
  private static final int FIRST = 7;
  private static final int DELTA = 8;
  private static final int ROW_Y = 9;
  private static final int ROW_Z = 10;
  private static final int SPAN = 11;
  private static final int WHOLE = 12;
  private static final int WIDE_THREAD = 13;
  private static final int FIRST_FREE = 15;

  private static final RowLocals LOCALS =
      new RowLocals(FIRST, END, SPAN, DELTA, WHOLE, WIDE_THREAD);

  /** Shorter rows are not worth another try. */
  private static final int SHORT_SPAN = 8;

  private final RowPlan rows;
  private final RowWays ways;
  private final RowKeeper keeper;
  private final RowChecks checks;
  private final Code atFirst;
  private final Code atLast;
  private final Map<Register, Integer> starts = new HashMap<>();
  private final Map<Instruction, Runnable> replaced = new IdentityHashMap<>();
  private final Label shrink = new Label();
  private final Label refuse = new Label();

  private RowWriter(
      Code code,
      BlockWriter writer,
      KernelPlan plan,
      RegionPlan.Region region,
      RowPlan rows,
      RowWays ways) {
    super(code, writer, plan, region, FUEL);
    this.rows = rows;
    this.ways = ways;
    this.keeper = new RowKeeper(this, rows, LOCALS);
    this.atFirst = new Code(method, code.locals.fork(FIRST), plan.unit(), plan.kinds());
    this.atLast = new Code(method, code.locals.fork(LAST), plan.unit(), plan.kinds());
    code.verified = rows.verified();
    atFirst.verified = rows.verified();
    this.checks =
        new RowChecks(code, rows, LOCALS, atFirst, atLast, new RowChecks.Ways(shrink, refuse));
    code.places = checks.places();
    code.dropped = rows.dropped();
    code.replaced = replaced;
  }

  /** Writes the method of a region. */
  static void write(
      MethodVisitor method, KernelPlan plan, RegionPlan.Region region, RowPlan rows, RowWays ways)
      throws PtxException {
    List<RowPhases.Phase> phases = RowPhases.of(plan, rows);
    BitSet crossing = RowPhases.crossing(plan, phases);
    var locals = new Locals(0, THREAD, FIRST_FREE, crossing);
    locals.setRow(DELTA, ROW_Y, ROW_Z);
    var code = new Code(method, locals, plan.unit(), plan.kinds());
    var writer = new BlockWriter(code, crossing, plan.lines());
    new RowWriter(code, writer, plan, region, rows, ways).write(phases);
  }

  private void write(List<RowPhases.Phase> phases) throws PtxException {
    Label prologue = new Label();
    Label nextRow = new Label();
    Label retry = new Label();
    Label loop = new Label();
    Label loopEnd = new Label();
    Label failed = new Label();
    Label done = new Label();
    method.visitTryCatchBlock(loop, loopEnd, failed, null);
    method.visitCode();
    code.jump(Opcodes.GOTO, prologue);
    code.label(nextRow);
    startRow(done);
    code.label(retry);
    startPart();
    slice(phases.size() > 1);
    uniformInputs();
    move(FIRST, THREAD);
    code.label(loop);
    if (phases.size() < 2) {
      eachThread(
          nextThread,
          () -> {
            enter();
            blocks(rows.order(), region.entry());
          });
    } else {
      phases(phases);
    }
    code.label(loopEnd);
    keeper.fill(atFirst);
    move(END, FIRST);
    code.jump(Opcodes.GOTO, nextRow);
    writeShrink(retry);
    writeRefusal(nextRow);
    code.label(done);
    method.visitVarInsn(Opcodes.ILOAD, TO);
    code.op(Opcodes.IRETURN);
    code.label(failed);
    nameThread();
    code.label(prologue);
    method.visitVarInsn(Opcodes.ILOAD, 1);
    method.visitVarInsn(Opcodes.ISTORE, FIRST);
    prologue();
    code.jump(Opcodes.GOTO, nextRow);
    method.visitMaxs(0, 0);
    method.visitEnd();
  }

  /** What all threads of a row do. */
  private interface Body {
    void write() throws PtxException;
  }

  private void eachThread(Label next, Body body) throws PtxException {
    Label loop = new Label();
    Label end = new Label();
    move(FIRST, THREAD);
    method.visitVarInsn(Opcodes.ILOAD, FIRST);
    code.op(Opcodes.I2L);
    method.visitVarInsn(Opcodes.LSTORE, WIDE_THREAD);
    code.label(loop);
    method.visitVarInsn(Opcodes.ILOAD, THREAD);
    method.visitVarInsn(Opcodes.ILOAD, END);
    code.jump(Opcodes.IF_ICMPGE, end);
    body.write();
    code.label(next);
    method.visitIincInsn(THREAD, 1);
    method.visitVarInsn(Opcodes.LLOAD, WIDE_THREAD);
    code.constant(1L);
    code.op(Opcodes.LADD);
    method.visitVarInsn(Opcodes.LSTORE, WIDE_THREAD);
    code.jump(Opcodes.GOTO, loop);
    code.label(end);
  }

  private void phases(List<RowPhases.Phase> phases) throws PtxException {
    for (int i = 0; i < phases.size(); i++) {
      RowPhases.Phase phase = phases.get(i);
      boolean isLast = i == phases.size() - 1;
      for (Instruction at : phase.code()) {
        if (rows.isHoisted(at)) {
          hoist(at);
        }
      }
      eachThread(isLast ? nextThread : new Label(), () -> phase(phase, isLast));
    }
  }

  private void phase(RowPhases.Phase phase, boolean isLast) throws PtxException {
    enter(phase.inputs(), phase.carried());
    for (Block piece : phase.pieces()) {
      piece(piece);
    }
    phase.kept().forEach(this::keep);
    if (isLast) {
      int end = rows.track().get(rows.track().size() - 1);
      terminator(end, flow.blocks().get(end).terminator(), -1);
      code.locals.endInstruction();
    }
  }

  private void move(int from, int to) {
    method.visitVarInsn(Opcodes.ILOAD, from);
    method.visitVarInsn(Opcodes.ISTORE, to);
  }

  private void startRow(Label done) {
    method.visitVarInsn(Opcodes.ILOAD, FIRST);
    method.visitVarInsn(Opcodes.ILOAD, TO);
    code.jump(Opcodes.IF_ICMPGE, done);
    method.visitVarInsn(Opcodes.ILOAD, FIRST);
    pushThreadId("tidX");
    code.op(Opcodes.ISUB);
    method.visitVarInsn(Opcodes.ISTORE, DELTA);
    pushThreadId("tidY");
    method.visitVarInsn(Opcodes.ISTORE, ROW_Y);
    pushThreadId("tidZ");
    method.visitVarInsn(Opcodes.ISTORE, ROW_Z);
    method.visitVarInsn(Opcodes.ILOAD, DELTA);
    SpecialValues.push(code, "%ntid.x");
    code.op(Opcodes.IADD);
    method.visitVarInsn(Opcodes.ILOAD, TO);
    code.call("java/lang/Math", "min", "(II)I");
    method.visitVarInsn(Opcodes.ISTORE, END);
    keeper.startRow();
  }

  private void pushThreadId(String field) {
    int local =
        code.locals.uniformReference(
            field,
            c -> {
              c.context();
              c.contextField(field, "[I");
            });
    method.visitVarInsn(Opcodes.ALOAD, local);
    method.visitVarInsn(Opcodes.ILOAD, FIRST);
    code.op(Opcodes.IALOAD);
  }

  private void startPart() {
    method.visitVarInsn(Opcodes.ILOAD, END);
    code.constant(1);
    code.op(Opcodes.ISUB);
    method.visitVarInsn(Opcodes.ISTORE, LAST);
    method.visitVarInsn(Opcodes.ILOAD, LAST);
    method.visitVarInsn(Opcodes.ILOAD, FIRST);
    code.op(Opcodes.ISUB);
    method.visitVarInsn(Opcodes.ISTORE, SPAN);
  }

  /** Tries again with half of the row, or leaves what is short to the other form. */
  private void writeShrink(Label retry) {
    code.label(shrink);
    method.visitVarInsn(Opcodes.ILOAD, SPAN);
    code.constant(SHORT_SPAN);
    code.jump(Opcodes.IF_ICMPLT, refuse);
    keeper.split();
    method.visitVarInsn(Opcodes.ILOAD, FIRST);
    method.visitVarInsn(Opcodes.ILOAD, SPAN);
    code.constant(1);
    code.op(Opcodes.IADD);
    code.constant(1);
    code.op(Opcodes.ISHR);
    code.op(Opcodes.IADD);
    method.visitVarInsn(Opcodes.ISTORE, END);
    code.jump(Opcodes.GOTO, retry);
  }

  private void writeRefusal(Label nextRow) {
    code.label(refuse);
    if (ways.other() != null) {
      code.context();
      method.visitVarInsn(Opcodes.ILOAD, FIRST);
      method.visitVarInsn(Opcodes.ILOAD, END);
      code.call(unit.program().className(), ways.other(), ROW_DESCRIPTOR);
      method.visitVarInsn(Opcodes.ISTORE, FIRST);
      method.visitVarInsn(Opcodes.ILOAD, FIRST);
      method.visitVarInsn(Opcodes.ILOAD, END);
      code.jump(Opcodes.IF_ICMPGE, nextRow);
      method.visitVarInsn(Opcodes.ILOAD, FIRST);
      code.op(Opcodes.IRETURN);
      return;
    }
    code.context();
    method.visitVarInsn(Opcodes.ILOAD, END);
    method.visitFieldInsn(Opcodes.PUTFIELD, Code.CONTEXT, "refusedTo", "I");
    method.visitVarInsn(Opcodes.ILOAD, FIRST);
    code.op(Opcodes.IRETURN);
  }

  /** Follows the track for the row's two ends and asks whether they speak for all between. */
  private void slice(boolean inPhases) throws PtxException {
    var computedFirst = new BitSet();
    var computedLast = new BitSet();
    for (Register register : rows.sliceInputs()) {
      enter(register, atFirst, computedFirst);
      if (!derive(register)) {
        enter(register, atLast, computedLast);
      }
    }
    for (int index : rows.track()) {
      Block block = flow.blocks().get(index);
      for (Instruction at : block.code()) {
        RowAccess access = rows.checkAt(at);
        if (access != null) {
          checks.verify(access);
        }
        if (rows.isHoisted(at) && !inPhases) {
          hoist(at);
        }
        if (rows.isInSlice(at)) {
          checks.widening(at);
          emit(at, atFirst);
          boolean derived = true;
          for (Register register : io.remora.ptx.ir.Opcodes.definitions(at)) {
            derived &= derive(register);
          }
          if (!derived) {
            emit(at, atLast);
          }
          if (rows.guards().isComparison(at)) {
            checks.comparison(at);
          }
        }
      }
      Integer next = rows.next(index);
      if (next != null && block.terminator() instanceof Terminator.Branch branch) {
        checks.branch(branch, next);
      }
    }
  }

  /** Computes a register's value in the last thread from that in the first; false if it can't. */
  private boolean derive(Register register) {
    if (!plan.kept().isLinear(register)) {
      return false;
    }
    Kind kind = code.kind(register);
    method.visitVarInsn(kind.load, atFirst.locals.of(register, kind));
    addSteps(register, kind, () -> method.visitVarInsn(Opcodes.ILOAD, SPAN));
    method.visitVarInsn(kind.store, atLast.locals.of(register, kind));
    return true;
  }

  /** Adds a register's step, times a number of threads, to the value on the stack. */
  private void addSteps(Register register, Kind kind, Runnable pushThreads) {
    int step = (int) rows.steps().of(register);
    if (step != 0) {
      pushThreads.run();
      code.constant(step);
      code.op(Opcodes.IMUL);
      if (kind == Kind.LONG) {
        code.op(Opcodes.I2L);
        code.op(Opcodes.LADD);
      } else {
        code.op(Opcodes.IADD);
      }
    }
  }

  private static void emit(Instruction at, Code code) throws PtxException {
    Label skip = new Label();
    if (at.guard() != null) {
      code.push(at, at.guard(), PtxType.PRED);
      code.jump(Opcodes.IFEQ, skip);
    }
    OpTable.emit(at, code);
    code.label(skip);
    code.locals.endInstruction();
  }

  /** Loads once for the row; its threads then only copy. */
  private void hoist(Instruction at) throws PtxException {
    Register register = io.remora.ptx.ir.Opcodes.definitions(at).get(0);
    Kind kind = code.kind(register);
    int value = code.locals.allocate(kind.slots);
    // One place for all threads, so that it doesn't matter that none of them runs here.
    atFirst.places = checks.places();
    OpTable.emit(at, atFirst);
    atFirst.places = Map.of();
    atFirst.locals.endInstruction();
    method.visitVarInsn(kind.load, atFirst.locals.of(register, kind));
    method.visitVarInsn(kind.store, value);
    replaced.put(
        at,
        () -> {
          method.visitVarInsn(kind.load, value);
          method.visitVarInsn(kind.store, code.locals.of(register, kind));
        });
  }

  /** Registers with steps are read once for a row, if they are kept between regions at all. */
  private void uniformInputs() {
    for (Register register : inputs()) {
      if (hasStep(register)) {
        Kind kind = code.kind(register);
        int value = code.locals.allocate(kind.slots);
        pushFrame(register, kind, FIRST);
        code.op(kind.frameLoad);
        method.visitVarInsn(kind.store, value);
        starts.put(register, value);
      }
    }
  }

  private boolean hasStep(Register register) {
    return region.entry() != 0
        && plan.kept().isLinear(register)
        && !plan.recomputation().covers(register.id());
  }

  @Override
  boolean enterOtherwise(Register register) {
    Integer start = starts.get(register);
    if (start == null) {
      return false;
    }
    Kind kind = code.kind(register);
    method.visitVarInsn(kind.load, start);
    addSteps(
        register,
        kind,
        () -> {
          method.visitVarInsn(Opcodes.ILOAD, THREAD);
          method.visitVarInsn(Opcodes.ILOAD, FIRST);
          code.op(Opcodes.ISUB);
        });
    method.visitVarInsn(kind.store, code.locals.of(register, kind));
    return true;
  }

  @Override
  boolean isKeptOtherwise(Register register) {
    return keeper.isFilled(register);
  }

  @Override
  void terminator(int block, Terminator terminator, int following) throws PtxException {
    Integer next = rows.next(block);
    if (next == null || !rows.track().contains(block)) {
      super.terminator(block, terminator, following);
    } else if (leaves(next)) {
      leave(next);
    } else if (next != following) {
      code.jump(Opcodes.GOTO, label(next));
    }
  }

  @Override
  void leaveWith(int state) {
    if (state != ways.usual()) {
      pushState();
      code.constant(state);
      code.op(Opcodes.IASTORE);
      code.context();
      code.constant(1);
      method.visitFieldInsn(Opcodes.PUTFIELD, Code.CONTEXT, "scattered", "Z");
    }
    code.jump(Opcodes.GOTO, nextThread);
  }
}
