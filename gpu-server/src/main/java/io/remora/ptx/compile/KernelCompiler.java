// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.KernelParameter;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxKernel;
import io.remora.ptx.exec.BlockContext;
import io.remora.ptx.exec.BlockTime;
import io.remora.ptx.exec.CompiledKernel;
import io.remora.ptx.exec.KernelCode;
import io.remora.ptx.exec.MatrixStep;
import io.remora.ptx.exec.Suspension;
import io.remora.ptx.exec.Waits;
import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.GraphBuilder;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxUnit;
import io.remora.ptx.ir.RegionPlan;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import io.remora.ptx.ir.Variable;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.objectweb.asm.ClassWriter;

/** Compiles one kernel and the device functions that it calls to one class. */
final class KernelCompiler {
  /**
   * HotSpot doesn't compile methods beyond 8,000 bytes; the loop around a region needs some too.
   */
  private static final int MAX_REGION_BYTES = 6800;

  private final PtxUnit unit;
  private final PtxFunction kernel;
  private final CallGraph calls;
  private final CompileOptions options;
  private final Program program;
  private final Layout shared = new Layout();
  private final SourceLines lines = new SourceLines();
  private final Map<String, Integer> frames = new HashMap<>();
  private int staticSharedBytes;

  KernelCompiler(
      PtxUnit unit, PtxFunction kernel, CallGraph calls, CompileOptions options, String className) {
    this.unit = unit;
    this.kernel = kernel;
    this.calls = calls;
    this.options = options;
    this.program = new Program(unit, kernel, calls, className);
  }

  /**
   * Compiles.
   *
   * @param loader makes an object of a class out of its name and its bytes, when it is first needed
   */
  CompiledKernel compile(BiFunction<String, byte[], Supplier<KernelCode>> loader)
      throws PtxException {
    PtxFunction inlined = Inliner.inline(kernel, unit, calls, options.maxInstructionsPerFunction());
    PtxFunction body = program.reachesOthers() ? ClusterOps.widened(inlined) : inlined;
    placeShared(body);
    KernelPlan plan = plan(body);
    ClassWriter type = KernelClass.start(program.className());
    var rows = new RowRegions(plan);
    for (RegionPlan.Region region : plan.regions().regions()) {
      RegionWriter.write(type, plan, region);
      rows.write(type, region);
    }
    functions(type);
    KernelClass.dispatch(type, program.className(), plan.regions().regions().size());
    KernelClass.dispatchRows(type, program.className(), rows.written());
    byte[] bytes = KernelClass.finish(type, kernel);
    String name = program.className().replace('/', '.');
    return new CompiledKernel(
        describe(plan),
        loader.apply(name, bytes),
        name,
        new Waits(suspensions(plan), rows.usualStates()),
        matrices(plan),
        program.fragments(),
        plan.kept().places(plan.slots()),
        plan.slots().count(Kind.INT),
        plan.slots().count(Kind.LONG),
        plan.slots().count(Kind.FLOAT),
        plan.slots().count(Kind.DOUBLE),
        takesStack(plan) ? localBytes(plan) : -1,
        lines.toArray(),
        new BlockTime());
  }

  private void placeShared(PtxFunction body) throws PtxException {
    var dynamic = new ArrayList<Variable>();
    var functions = new ArrayList<PtxFunction>(List.of(body));
    calls.reachable(kernel.name()).stream()
        .map(name -> unit.functions().get(name))
        .filter(function -> function != null)
        .forEach(functions::add);
    for (PtxFunction function : functions) {
      for (Variable variable : SharedVariables.used(function)) {
        if (variable.bytes() == 0) {
          dynamic.add(variable);
        } else {
          shared.place(variable);
        }
      }
    }
    if (shared.bytes() > PtxKernel.MAX_SHARED_BYTES) {
      throw new PtxException(
          PtxException.Kind.UNSUPPORTED,
          kernel.line(),
          kernel.column(),
          kernel.name()
              + " has "
              + shared.bytes()
              + " bytes of shared memory; the most is "
              + PtxKernel.MAX_SHARED_BYTES);
    }
    staticSharedBytes = (int) shared.bytes();
    if (!dynamic.isEmpty()) {
      // Dynamic memory begins behind the static one; all its names mean the same place.
      long end = (shared.bytes() + 15) & -16L;
      dynamic.forEach(variable -> shared.alias(variable, end));
      staticSharedBytes = (int) end;
    }
  }

  private KernelPlan plan(PtxFunction body) throws PtxException {
    var codeUnit = unitOf(body);
    var kinds = new KindVotes(body.registers());
    Map<Block, Integer> sizes = vote(codeUnit, kinds);
    Flow flow = codeUnit.flow();
    var steps = RowSteps.of(body, flow);
    var regions =
        new RegionPlan(
            flow,
            Spins.headers(flow),
            Interchange.headers(body, flow, steps),
            block -> sizes.getOrDefault(block, 0),
            MAX_REGION_BYTES);
    var reachable = new ArrayList<Instruction>();
    for (int block : flow.order()) {
      reachable.addAll(flow.blocks().get(block).code());
    }
    var recomputation = new Recomputation(body, reachable);
    return new KernelPlan(
        codeUnit,
        regions,
        kinds,
        BlockWriter.crossing(codeUnit),
        new FrameSlots(),
        recomputation,
        steps,
        new KeptSteps(flow, regions, body.registers(), steps, kinds, recomputation),
        lines);
  }

  private CodeUnit unitOf(PtxFunction body) throws PtxException {
    var flow = RepeatedValues.flow(GraphBuilder.build(body));
    return new CodeUnit(body, flow, new Addresses(body, program, shared), program);
  }

  /** Runs the emitters once without output: refuses what can't be written, measures and votes. */
  private static Map<Block, Integer> vote(CodeUnit unit, KindVotes kinds) throws PtxException {
    var counter = new SizeCounter();
    var code = new Code(counter, new Locals(0, 1, 3, new BitSet()), unit, kinds);
    var writer = new BlockWriter(code, new BitSet(), new SourceLines());
    var sizes = new IdentityHashMap<Block, Integer>();
    for (int index : unit.flow().order()) {
      Block block = unit.flow().blocks().get(index);
      kinds.weigh(unit.flow().depth(index));
      writer.write(block);
      if (block.terminator() instanceof Terminator.Suspend suspend) {
        OpTable.emit(suspend.at(), code);
        code.locals.endInstruction();
      }
      sizes.put(block, counter.take() + 8 + 4 * unit.flow().liveIn(index).cardinality() / 4);
    }
    kinds.decide(unit.function().registers());
    return sizes;
  }

  private void functions(ClassWriter type) throws PtxException {
    while (!program.pending().isEmpty()) {
      PtxFunction next = program.pending().remove();
      PtxFunction function = program.reachesOthers() ? ClusterOps.widened(next) : next;
      CodeUnit codeUnit = unitOf(function);
      var kinds = new KindVotes(function.registers());
      vote(codeUnit, kinds);
      frames.put(function.name(), Math.max(16, codeUnit.addresses().frameBytes()));
      FunctionWriter.write(type, codeUnit, kinds, lines);
    }
  }

  /** Whether the kernel or a function that it calls has {@code alloca}. */
  private boolean takesStack(KernelPlan plan) {
    return StackOps.takes(plan.unit().function())
        || calls.reachable(kernel.name()).stream()
            .map(name -> unit.functions().get(name))
            .anyMatch(function -> function != null && StackOps.takes(function));
  }

  /** Local memory for the kernel and all calls below it. */
  private int localBytes(KernelPlan plan) {
    int own = plan.unit().addresses().frameBytes();
    if (frames.isEmpty()) {
      return own;
    }
    if (calls.isUnbounded(kernel.name())) {
      return own
          + frames.values().stream().mapToInt(Integer::intValue).sum()
          + options.callStackBytes();
    }
    return own + frames.values().stream().mapToInt(Integer::intValue).sum();
  }

  private static List<Suspension> suspensions(KernelPlan plan) throws PtxException {
    var kinds = new HashMap<Integer, Suspension>();
    Flow flow = plan.unit().flow();
    for (int index : flow.order()) {
      if (flow.blocks().get(index).terminator() instanceof Terminator.Suspend suspend) {
        kinds.put(suspend.resume(), SuspendOps.kind(suspend.at()));
      }
    }
    return plan.regions().regions().stream()
        .map(region -> kinds.getOrDefault(region.entry(), Suspension.NONE))
        .toList();
  }

  private static Map<Integer, MatrixStep> matrices(KernelPlan plan) throws PtxException {
    var steps = new HashMap<Integer, MatrixStep>();
    Flow flow = plan.unit().flow();
    for (int index : flow.order()) {
      if (flow.blocks().get(index).terminator() instanceof Terminator.Suspend suspend
          && io.remora.ptx.ir.Opcodes.isMatrix(suspend.at())) {
        int region = plan.regions().numberOf(suspend.resume());
        steps.put(region, MatrixShapes.step(suspend.at()));
      }
    }
    return Map.copyOf(steps);
  }

  private PtxKernel describe(KernelPlan plan) throws PtxException {
    Layout layout = plan.unit().addresses().parameters();
    var parameters = new ArrayList<KernelParameter>();
    for (Variable variable : kernel.parameters()) {
      parameters.add(
          new KernelParameter(
              (int) layout.place(variable), (int) variable.bytes(), variable.alignment()));
    }
    if (layout.bytes() > BlockContext.PARAMETER_BYTES) {
      throw new PtxException(
          PtxException.Kind.UNSUPPORTED,
          kernel.line(),
          kernel.column(),
          kernel.name()
              + " has more than "
              + BlockContext.PARAMETER_BYTES
              + " bytes of parameters");
    }
    List<Integer> limit =
        kernel.requiredThreads().isEmpty() ? kernel.maxThreads() : kernel.requiredThreads();
    int maxThreads =
        limit.isEmpty()
            ? PtxKernel.MAX_THREADS_PER_BLOCK
            : (int)
                Math.min(
                    PtxKernel.MAX_THREADS_PER_BLOCK,
                    limit.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b));
    return new PtxKernel(
        kernel.name(),
        parameters,
        (int) layout.bytes(),
        staticSharedBytes,
        localBytes(plan) + (takesStack(plan) ? options.callStackBytes() : 0),
        constBytes(),
        registers(plan),
        maxThreads,
        kernel.requiredThreads(),
        architecture(unit.target()),
        kernel.clusters(),
        usesHeap());
  }

  private boolean usesHeap() {
    return calls.reachable(kernel.name()).stream().anyMatch(DeviceLibrary::isOfHeap);
  }

  private int constBytes() {
    return (int)
        Math.min(
            Integer.MAX_VALUE,
            unit.variables().stream()
                .filter(variable -> variable.space() == Variable.Space.CONST)
                .mapToLong(Variable::bytes)
                .sum());
  }

  /**
   * The most registers that live at the start of any block, in 32-bit units, and a few to work
   * with.
   */
  private static int registers(KernelPlan plan) {
    Flow flow = plan.unit().flow();
    List<Register> all = plan.unit().function().registers();
    int most = 0;
    for (int block : flow.order()) {
      int live =
          flow.liveIn(block).stream().map(id -> all.get(id).type().bits() == 64 ? 2 : 1).sum();
      most = Math.max(most, live);
    }
    return Math.min(255, most + 8);
  }

  /** The number in a target's name, such as sm_90a. */
  private static int architecture(String target) {
    int number = 0;
    for (int i = 0; i < target.length(); i++) {
      int digit = Character.digit(target.charAt(i), 10);
      if (digit >= 0) {
        number = Math.min(number, 99) * 10 + digit;
      }
    }
    return number;
  }
}
