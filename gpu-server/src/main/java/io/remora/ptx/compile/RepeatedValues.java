// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes copies of floating-point instructions that compute what a register holds already, such as
 * the second of two polynomials of one argument. Values are numbered along straight code: equal
 * numbers are equal bits, but for the payloads and signs of NaNs.
 *
 * <p>Also knows that a magnitude doesn't depend on signs: {@code |x * -c|} is {@code |x * c|},
 * which is where the two halves of a symmetric function meet.
 */
final class RepeatedValues {
  /** Registers are not kept alive over more instructions than this for a copy. */
  private static final int REACH = 256;

  /** What an instruction computes: equal ones compute the same. */
  private record Value(List<String> words, int bits, List<Object> operands) {}

  /** A register that has a value, since an instruction of this number. */
  private record Holder(Register register, int since) {}

  private final int[] predecessors;
  private final Map<Register, Object> numbers = new HashMap<>();
  private final Map<Object, Object> known = new HashMap<>();
  private final Map<Object, Value> origins = new HashMap<>();
  private final Map<Object, Holder> holders = new HashMap<>();
  private final Set<Instruction> copies = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Registers that a copy has been put into; they may hold something else by now. */
  private final Set<Register> copied = new HashSet<>();

  private int count;

  private RepeatedValues(List<Block> blocks) {
    predecessors = new int[blocks.size()];
    for (Block block : blocks) {
      block.terminator().successors().forEach(successor -> predecessors[successor]++);
    }
  }

  /** The flow of these blocks without what is repeated. */
  static Flow flow(List<Block> blocks) {
    var values = new RepeatedValues(blocks);
    var replaced = new ArrayList<Block>();
    for (int i = 0; i < blocks.size(); i++) {
      if (!values.goesOn(blocks, i)) {
        values.forget();
      }
      List<Instruction> code = blocks.get(i).code().stream().map(values::see).toList();
      replaced.add(new Block(code, blocks.get(i).terminator()));
    }
    var flow = new Flow(replaced);
    return values.copies.isEmpty() ? flow : new Flow(values.withoutUnused(flow));
  }

  /** Most copies are of what led to a value that is repeated, too: nobody reads them. */
  private List<Block> withoutUnused(Flow flow) {
    var blocks = new ArrayList<Block>();
    for (Block block : flow.blocks()) {
      var live = new BitSet();
      block.terminator().successors().forEach(successor -> live.or(flow.liveIn(successor)));
      block.terminator().uses().forEach(register -> live.set(register.id()));
      var code = new ArrayDeque<Instruction>();
      for (int i = block.code().size() - 1; i >= 0; i--) {
        Instruction at = block.code().get(i);
        List<Register> written = Opcodes.definitions(at);
        if (!copies.contains(at) || written.stream().anyMatch(r -> live.get(r.id()))) {
          code.addFirst(at);
          if (at.guard() == null) {
            written.forEach(register -> live.clear(register.id()));
          }
          Opcodes.uses(at).forEach(register -> live.set(register.id()));
        }
      }
      blocks.add(new Block(List.copyOf(code), block.terminator()));
    }
    return blocks;
  }

  /** Whether control comes to a block from the one before it only. */
  private boolean goesOn(List<Block> blocks, int index) {
    return index > 0
        && predecessors[index] == 1
        && blocks.get(index - 1).terminator() instanceof Terminator.Jump jump
        && jump.target() == index;
  }

  private void forget() {
    numbers.clear();
    known.clear();
    origins.clear();
    holders.clear();
  }

  private Instruction see(Instruction at) {
    count++;
    Value value = value(at);
    if (value == null) {
      Opcodes.definitions(at).forEach(register -> numbers.put(register, new Object()));
      return at;
    }
    Register result = ((Operand.Reg) at.operands().get(0)).register();
    Object number = isCopy(at, result) ? value.operands().get(0) : numberOf(value);
    Register holder = holder(number);
    numbers.put(result, number);
    if (holder == null) {
      holders.put(number, new Holder(result, count));
    } else if (isWorthIt(at) && !holder.equals(result)) {
      Instruction copy = copy(at, holder);
      copies.add(copy);
      copied.add(result);
      return copy;
    }
    return at;
  }

  /** A register that has a value already; null if there is none near. */
  private @Nullable Register holder(Object number) {
    Holder holder = holders.get(number);
    return holder != null
            && count - holder.since() <= REACH
            && number.equals(numbers.get(holder.register()))
        ? holder.register()
        : null;
  }

  /** HotSpot finds repeated integers as well; but those that are made of copies keep these. */
  private boolean isWorthIt(Instruction at) {
    return isFloat(at) && !at.opcode().equals("mov")
        || Opcodes.uses(at).stream().anyMatch(copied::contains);
  }

  private Object numberOf(Value value) {
    Object number = known.computeIfAbsent(value, key -> new Object());
    origins.put(number, value);
    return number;
  }

  /** What an instruction computes, if it can be repeated at all; else null. */
  private @Nullable Value value(Instruction at) {
    if (at.guard() != null
        || at.operands().isEmpty()
        || at.opcode().equals("ld")
        || !RowSteps.isPure(at)
        || !(at.operands().get(0) instanceof Operand.Reg result)
        || result.register().type().bits() < 32) {
      return null;
    }
    var operands = new ArrayList<Object>();
    for (Operand operand : at.operands().subList(1, at.operands().size())) {
      Object number = number(operand);
      if (number == null) {
        return null;
      }
      operands.add(number);
    }
    if (at.opcode().equals("abs") && isFloat(at)) {
      operands.set(0, magnitude(operands.get(0)));
    }
    var words = new ArrayList<String>();
    words.add(at.opcode());
    words.addAll(at.modifiers());
    return new Value(words, result.register().type().bits(), operands);
  }

  private @Nullable Object number(Operand operand) {
    if (operand instanceof Operand.Imm) {
      return operand;
    } else if (operand instanceof Operand.Reg reg && !reg.negated()) {
      return numbers.computeIfAbsent(reg.register(), key -> new Object());
    }
    return null;
  }

  /** A value that has the same magnitude, the same for as many values as possible. */
  private Object magnitude(Object number) {
    Value origin = origins.get(number);
    if (number instanceof Operand.Imm imm && imm.kind() == Operand.Imm.Kind.F32) {
      return new Operand.Imm(imm.bits() & 0x7fff_ffff, imm.kind());
    } else if (number instanceof Operand.Imm imm && imm.kind() == Operand.Imm.Kind.F64) {
      return new Operand.Imm(imm.bits() & Long.MAX_VALUE, imm.kind());
    } else if (origin == null) {
      return number;
    }
    List<String> words = origin.words();
    boolean isFloat = words.contains("f32") || words.contains("f64");
    if (words.get(0).equals("neg") && isFloat && !words.contains("ftz")) {
      return magnitude(origin.operands().get(0));
    }
    // Rounding to nearest or to zero treats both signs alike; clamping to [0, 1] doesn't.
    boolean isSymmetric =
        words.get(0).equals("mul")
            && isFloat
            && !words.contains("rm")
            && !words.contains("rp")
            && !words.contains("sat");
    if (!isSymmetric) {
      return number;
    }
    List<Object> factors = origin.operands().stream().map(this::magnitude).toList();
    return numberOf(new Value(words, origin.bits(), factors));
  }

  private static boolean isFloat(Instruction at) {
    return at.modifiers().contains("f32") || at.modifiers().contains("f64");
  }

  /** Whether an instruction hands all bits of its operand on. */
  private static boolean isCopy(Instruction at, Register result) {
    return at.opcode().equals("mov")
        && at.types().size() == 1
        && at.types().get(0).bits() == result.type().bits()
        && at.operands().get(1) instanceof Operand.Reg source
        && source.register().type().bits() == result.type().bits();
  }

  private static Instruction copy(Instruction at, Register from) {
    Operand result = at.operands().get(0);
    return new Instruction(
        "mov",
        List.of(from.type().bits() == 64 ? "b64" : "b32"),
        null,
        List.of(result, new Operand.Reg(from, false)),
        at.line(),
        at.column(),
        at.sourceLine());
  }
}
