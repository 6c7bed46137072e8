// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.exec.KernelCode;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.RegionPlan;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Writes one region of a kernel as a static method with the loop over the threads inside. A thread
 * enters by loading what it needs from the frame arrays and leaves by storing what the next region
 * needs and its next state.
 */
class RegionWriter extends MethodWriter {
  static final String DESCRIPTOR = "(" + Code.CONTEXT_DESCRIPTOR + "II)J";
  private static final int FROM = 1;
  private static final int TO = 2;
  private static final int THREAD = 3;
  private static final int UNION = 4;
  private static final int INTERSECTION = 5;
  private static final int NEXT_STATE = 6;
  private static final int FUEL = 7;
  private static final int FIRST_FREE = 8;

  /** A loop that may wait for another thread gives way after so many rounds. */
  private static final int SPIN_FUEL = 500;

  final KernelPlan plan;
  final RegionPlan.Region region;
  final Label nextThread = new Label();
  private final BitSet written = new BitSet();
  private final BitSet read = new BitSet();
  private final Label done = new Label();

  RegionWriter(
      Code code, BlockWriter writer, KernelPlan plan, RegionPlan.Region region, int fuelLocal) {
    super(code, writer, fuelLocal);
    this.plan = plan;
    this.region = region;
    for (int block : region.blocks()) {
      for (Instruction at : flow.blocks().get(block).code()) {
        io.remora.ptx.ir.Opcodes.definitions(at).forEach(register -> written.set(register.id()));
        io.remora.ptx.ir.Opcodes.uses(at).forEach(register -> read.set(register.id()));
      }
      flow.blocks().get(block).terminator().uses().forEach(register -> read.set(register.id()));
    }
  }

  static void write(ClassWriter type, KernelPlan plan, RegionPlan.Region region)
      throws PtxException {
    MethodVisitor method =
        type.visitMethod(Opcodes.ACC_STATIC, name(region.number()), DESCRIPTOR, null, null);
    var code =
        new Code(
            method, new Locals(0, THREAD, FIRST_FREE, plan.crossing()), plan.unit(), plan.kinds());
    var writer = new BlockWriter(code, plan.crossing(), plan.lines());
    new RegionWriter(code, writer, plan, region, FUEL).write();
  }

  static String name(int region) {
    return "region" + region;
  }

  private void write() throws PtxException {
    Label prologue = new Label();
    Label loop = new Label();
    Label end = new Label();
    Label failed = new Label();
    method.visitTryCatchBlock(loop, end, failed, null);
    method.visitCode();
    code.jump(Opcodes.GOTO, prologue);
    code.label(loop);
    method.visitVarInsn(Opcodes.ILOAD, THREAD);
    method.visitVarInsn(Opcodes.ILOAD, TO);
    code.jump(Opcodes.IF_ICMPGE, end);
    if (plan.regions().hasStates()) {
      pushState();
      code.op(Opcodes.IALOAD);
      code.constant(region.number());
      code.jump(Opcodes.IF_ICMPNE, nextThread);
    }
    enter();
    blocks(region.blocks(), region.entry());
    finishThread();
    code.label(nextThread);
    method.visitIincInsn(THREAD, 1);
    code.jump(Opcodes.GOTO, loop);
    code.label(end);
    returnStates();
    code.label(failed);
    nameThread();
    code.label(prologue);
    method.visitVarInsn(Opcodes.ILOAD, FROM);
    method.visitVarInsn(Opcodes.ISTORE, THREAD);
    code.constant(0);
    method.visitVarInsn(Opcodes.ISTORE, UNION);
    code.constant(-1);
    method.visitVarInsn(Opcodes.ISTORE, INTERSECTION);
    prologue();
    code.jump(Opcodes.GOTO, loop);
    method.visitMaxs(0, 0);
    method.visitEnd();
  }

  /**
   * Whatever was thrown, the report needs the thread; keeping it in the block would cost each one.
   */
  final void nameThread() {
    code.context();
    code.thread();
    method.visitFieldInsn(Opcodes.PUTFIELD, Code.CONTEXT, "lane", "I");
    code.op(Opcodes.ATHROW);
  }

  private void finishThread() {
    code.label(done);
    if (!plan.regions().hasStates()) {
      return;
    }
    pushState();
    method.visitVarInsn(Opcodes.ILOAD, NEXT_STATE);
    code.op(Opcodes.IASTORE);
    method.visitVarInsn(Opcodes.ILOAD, UNION);
    method.visitVarInsn(Opcodes.ILOAD, NEXT_STATE);
    code.op(Opcodes.IOR);
    method.visitVarInsn(Opcodes.ISTORE, UNION);
    method.visitVarInsn(Opcodes.ILOAD, INTERSECTION);
    method.visitVarInsn(Opcodes.ILOAD, NEXT_STATE);
    code.op(Opcodes.IAND);
    method.visitVarInsn(Opcodes.ISTORE, INTERSECTION);
  }

  private void returnStates() {
    method.visitVarInsn(Opcodes.ILOAD, UNION);
    code.op(Opcodes.I2L);
    code.constant(32);
    code.op(Opcodes.LSHL);
    method.visitVarInsn(Opcodes.ILOAD, INTERSECTION);
    code.op(Opcodes.I2L);
    code.constant(0xffff_ffffL);
    code.op(Opcodes.LAND);
    code.op(Opcodes.LOR);
    code.op(Opcodes.LRETURN);
  }

  /** Pushes the array of states and the thread's index in it. */
  final void pushState() {
    int local =
        code.locals.uniformReference(
            "state",
            c -> {
              c.context();
              c.contextField("state", "[I");
            });
    method.visitVarInsn(Opcodes.ALOAD, local);
    code.thread();
  }

  /** Registers that the region reads, or stores again where it hasn't written them after all. */
  final List<Register> inputs() {
    List<Register> all = unit.function().registers();
    return flow.liveIn(region.entry()).stream()
        .filter(id -> region.number() == 0 || read.get(id) || written.get(id))
        .mapToObj(all::get)
        .toList();
  }

  /** Registers that the region may write. */
  final List<Register> writtenRegisters() {
    List<Register> all = unit.function().registers();
    return written.stream().mapToObj(all::get).toList();
  }

  /** Gives a register its value in another way than from the frame; false if there is none. */
  boolean enterOtherwise(Register register) {
    return false;
  }

  /** Whether a register's value is kept for the next region without the thread's doing. */
  boolean isKeptOtherwise(Register register) {
    return false;
  }

  /** Gives each register that the region reads its value. */
  final void enter() throws PtxException {
    enter(inputs(), Set.of());
  }

  /**
   * Gives registers their values.
   *
   * @param kept those that the thread has kept within the region
   */
  final void enter(List<Register> registers, Set<Register> kept) throws PtxException {
    var computed = new BitSet();
    for (Register register : registers) {
      if (kept.contains(register)) {
        load(register, code, code.locals.thread());
      } else if (!enterOtherwise(register)) {
        enter(register, code, computed);
      }
    }
  }

  /** Gives a register the value that it has at the region's start in the thread of the code. */
  final void enter(Register register, Code into, BitSet computed) throws PtxException {
    if (region.entry() == 0 && region.number() == 0) {
      FunctionWriter.Undefined.write(into, register);
    } else if (plan.recomputation().covers(register.id())) {
      for (Instruction at : plan.recomputation().chain(register.id())) {
        compute(at, into, computed);
      }
    } else {
      load(register, into, into.locals.thread());
    }
  }

  private static void compute(Instruction at, Code into, BitSet computed) throws PtxException {
    int id = io.remora.ptx.ir.Opcodes.definitions(at).get(0).id();
    if (!computed.get(id)) {
      computed.set(id);
      OpTable.emit(at, into);
      into.locals.endInstruction();
    }
  }

  /** Reads a register of the thread whose number is in a local. */
  final void load(Register register, Code into, int thread) {
    Kind kind = into.kind(register);
    pushFrame(register, kind, thread);
    code.op(kind.frameLoad);
    method.visitVarInsn(kind.store, into.locals.of(register, kind));
  }

  final void pushFrame(Register register, Kind kind, int thread) {
    int array =
        code.locals.uniformReference(
            kind.frameField,
            c -> {
              c.context();
              c.contextField(kind.frameField, kind.frameDescriptor);
            });
    int threads =
        code.locals.uniform(
            "threads",
            Kind.INT,
            c -> {
              c.context();
              c.contextField("threads", "I");
            });
    method.visitVarInsn(Opcodes.ALOAD, array);
    code.constant(plan.slots().of(register, kind));
    method.visitVarInsn(Opcodes.ILOAD, threads);
    code.op(Opcodes.IMUL);
    method.visitVarInsn(Opcodes.ILOAD, thread);
    code.op(Opcodes.IADD);
  }

  /** Stores what the region at this block reads, unless the frame has it already. */
  private void save(int target) {
    BitSet loaded = flow.liveIn(region.entry());
    for (int id : flow.liveIn(target).stream().toArray()) {
      boolean unchanged = region.number() != 0 && loaded.get(id) && !written.get(id);
      Register register = unit.function().registers().get(id);
      if (unchanged || plan.recomputation().covers(id) || isKeptOtherwise(register)) {
        continue;
      }
      keep(register);
    }
  }

  /** Stores a register's value for later. */
  final void keep(Register register) {
    Kind kind = code.kind(register);
    pushFrame(register, kind, code.locals.thread());
    method.visitVarInsn(kind.load, code.locals.of(register, kind));
    code.op(kind.frameStore);
  }

  void leaveWith(int state) {
    code.constant(state);
    method.visitVarInsn(Opcodes.ISTORE, NEXT_STATE);
    code.jump(Opcodes.GOTO, done);
  }

  @Override
  boolean leaves(int target) {
    return plan.regions().isCut(target);
  }

  @Override
  void leave(int target) {
    save(target);
    leaveWith(plan.regions().numberOf(target));
  }

  @Override
  boolean giveWay(int target) {
    if (!plan.regions().isYield(target)) {
      return false;
    }
    save(target);
    leaveWith(plan.regions().numberOf(target) | KernelCode.YIELDED);
    return true;
  }

  @Override
  void exit() {
    if (plan.regions().hasStates()) {
      leaveWith(KernelCode.EXITED);
    } else {
      code.jump(Opcodes.GOTO, nextThread);
    }
  }

  @Override
  void returnFromBody() {
    exit();
  }

  @Override
  void suspend(Terminator.Suspend suspend) throws PtxException {
    OpTable.emit(suspend.at(), code);
    code.locals.endInstruction();
    save(suspend.resume());
    leaveWith(plan.regions().numberOf(suspend.resume()) | KernelCode.WAITING);
  }

  @Override
  int fuel() {
    boolean spins = region.blocks().stream().anyMatch(plan.regions()::isYield);
    return spins ? SPIN_FUEL : super.fuel();
  }
}
