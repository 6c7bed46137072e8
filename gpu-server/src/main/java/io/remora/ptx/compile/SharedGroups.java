// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.Register;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Accesses of one basic block to shared memory that differ only in the constant offset from one
 * register: rows and columns of a tile in an unrolled loop. All are certain to happen, so the first
 * checks the range of all, and the others only add their offset to the host address found.
 */
final class SharedGroups {
  /** Offsets further apart are separate groups, so that no range passes the smallest window. */
  private static final long MAX_SPAN = 1 << 20;

  /** One group, while its block is being written. */
  private static final class Group {
    final List<Instruction> members = new ArrayList<>();
    final int bytes;
    long least;
    long most;
    int local = -1;

    Group(int bytes, long offset) {
      this.bytes = bytes;
      this.least = offset;
      this.most = offset;
    }

    boolean takes(int otherBytes, long offset) {
      long low = Math.min(least, offset);
      long high = Math.max(most, offset);
      return otherBytes == bytes && (offset - least) % bytes == 0 && high - low <= MAX_SPAN;
    }
  }

  private final Map<Instruction, Group> groups = new IdentityHashMap<>();

  /** Finds the groups of a block. */
  SharedGroups(Block block) throws PtxException {
    Map<Register, Group> open = new HashMap<>();
    for (Instruction at : block.code()) {
      Operand.Address address = address(at);
      if (address != null && address.base() instanceof Operand.Reg reg) {
        add(open, at, reg.register(), address.offset());
      }
      Opcodes.definitions(at).forEach(open::remove);
    }
    groups.values().removeIf(group -> group.members.size() < 2);
  }

  private void add(Map<Register, Group> open, Instruction at, Register base, long offset)
      throws PtxException {
    int bytes = MemoryOps.accessBytes(at);
    Group group = open.get(base);
    if (group == null || !group.takes(bytes, offset)) {
      group = new Group(bytes, offset);
      open.put(base, group);
    }
    group.members.add(at);
    group.least = Math.min(group.least, offset);
    group.most = Math.max(group.most, offset);
    groups.put(at, group);
  }

  /** The address of an access to shared memory that happens for certain, or null. */
  private static Operand.@org.jspecify.annotations.Nullable Address address(Instruction at)
      throws PtxException {
    boolean isAccess = at.opcode().equals("ld") || at.opcode().equals("st");
    if (!isAccess || at.guard() != null || MemoryOps.path(at) != MemoryOps.Path.SHARED) {
      return null;
    }
    int operand = at.opcode().equals("ld") ? 1 : 0;
    return operand < at.operands().size()
            && at.operands().get(operand) instanceof Operand.Address address
        ? address
        : null;
  }

  /** Pushes the host address of a member; false, with nothing pushed, for other accesses. */
  boolean pushHost(Instruction at, Code code) throws PtxException {
    Group group = groups.get(at);
    Operand.Address address = address(at);
    if (group == null || address == null) {
      return false;
    }
    if (group.local < 0) {
      group.local = code.locals.take();
      MemoryOps.pushSharedMemory(code);
      MemoryOps.pushAddress(at, new Operand.Address(address.base(), group.least), code);
      code.constant((int) (group.most - group.least) + group.bytes);
      code.constant(group.bytes - 1);
      code.call(at, "Access.checkRange");
      code.method.visitVarInsn(org.objectweb.asm.Opcodes.LSTORE, group.local);
    }
    code.method.visitVarInsn(org.objectweb.asm.Opcodes.LLOAD, group.local);
    long delta = address.offset() - group.least;
    if (delta != 0) {
      code.constant(delta);
      code.op(org.objectweb.asm.Opcodes.LADD);
    }
    return true;
  }

  /** Gives the locals of all groups back: the block is written. */
  void end(Code code) {
    for (Group group : groups.values()) {
      if (group.local >= 0) {
        code.locals.giveBack(group.local);
        group.local = -1;
      }
    }
  }
}
