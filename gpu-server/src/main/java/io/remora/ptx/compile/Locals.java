// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Register;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.Opcodes;

/**
 * Numbers of the JVM locals of one method. Registers whose life lies in one basic block give theirs
 * back, so that large methods stay below the index where instructions become longer.
 */
final class Locals {
  private final BitSet crossing;
  private final int context;
  private final int thread;
  private final Map<Integer, Integer> registers = new HashMap<>();
  private final Map<String, Uniform> uniforms;
  private final Deque<Integer> freeSingles = new ArrayDeque<>();
  private final Deque<Integer> freeDoubles = new ArrayDeque<>();
  private final List<int[]> temporaries = new ArrayList<>();
  private final int[] next;
  private int pageSites;
  private int rowDelta = -1;
  private int rowY = -1;
  private int rowZ = -1;

  /**
   * A value that is the same for all threads of a block, computed before the loop over them.
   *
   * @param store the instruction that keeps it
   */
  record Uniform(int local, int store, Consumer<Code> push) {}

  /**
   * @param context local of the block
   * @param thread local of the thread's number
   * @param firstFree first local not in use
   * @param crossing registers that live across blocks
   */
  Locals(int context, int thread, int firstFree, BitSet crossing) {
    this(context, thread, new int[] {firstFree}, crossing, new LinkedHashMap<>());
  }

  private Locals(
      int context, int thread, int[] next, BitSet crossing, Map<String, Uniform> uniforms) {
    this.crossing = crossing;
    this.context = context;
    this.thread = thread;
    this.next = next;
    this.uniforms = uniforms;
  }

  /** Locals of the same method for the registers of another thread. */
  Locals fork(int otherThread) {
    var fork = new Locals(context, otherThread, next, crossing, uniforms);
    fork.setRow(rowDelta, rowY, rowZ);
    return fork;
  }

  /**
   * Says that the method runs row by row.
   *
   * @param delta local of what a thread's number is above its {@code %tid.x}
   * @param y local of {@code %tid.y}
   * @param z local of {@code %tid.z}
   */
  void setRow(int delta, int y, int z) {
    this.rowDelta = delta;
    this.rowY = y;
    this.rowZ = z;
  }

  /** Local of the difference between thread number and {@code %tid.x}, or -1 without rows. */
  int rowDelta() {
    return rowDelta;
  }

  int rowY() {
    return rowY;
  }

  int rowZ() {
    return rowZ;
  }

  int context() {
    return context;
  }

  int thread() {
    return thread;
  }

  int allocate(int slots) {
    int local = next[0];
    next[0] += slots;
    return local;
  }

  int of(Register register, Kind kind) {
    Integer local = registers.get(register.id());
    if (local == null) {
      // A register that lives across blocks needs a local that no other block has used for itself.
      @Nullable Integer reused =
          crossing.get(register.id()) ? null : (kind.slots == 2 ? freeDoubles : freeSingles).poll();
      local = reused != null ? reused : allocate(kind.slots);
      registers.put(register.id(), local);
    }
    return local;
  }

  /** A local for use inside one instruction. */
  int temporary(int slots) {
    @Nullable Integer reused = (slots == 2 ? freeDoubles : freeSingles).poll();
    int local = reused != null ? reused : allocate(slots);
    temporaries.add(new int[] {local, slots});
    return local;
  }

  /** A local of 64 bits that stays in use until it is given back. */
  int take() {
    @Nullable Integer reused = freeDoubles.poll();
    return reused != null ? reused : allocate(2);
  }

  /** See {@link #take}. */
  void giveBack(int local) {
    freeDoubles.push(local);
  }

  /** Takes the temporary locals back. */
  void endInstruction() {
    for (int[] temporary : temporaries) {
      (temporary[1] == 2 ? freeDoubles : freeSingles).push(temporary[0]);
    }
    temporaries.clear();
  }

  /** Accesses of this method that remember their page so far. */
  int pageSites() {
    return pageSites;
  }

  int nextPageSite() {
    return pageSites++;
  }

  /** The local that holds the carry of extended-precision arithmetic. */
  int carry() {
    return uniform("carry", Kind.INT, code -> code.constant(0));
  }

  /** The register's value is not needed any more. */
  void free(Register register, Kind kind) {
    Integer local = registers.remove(register.id());
    if (local != null) {
      (kind.slots == 2 ? freeDoubles : freeSingles).push(local);
    }
  }

  /** The local that holds a uniform value; {@code push} says how to compute it. */
  int uniform(String name, Kind kind, Consumer<Code> push) {
    return uniform(name, kind.slots, kind.store, push);
  }

  /** The local that holds a uniform object. */
  int uniformReference(String name, Consumer<Code> push) {
    return uniform(name, 1, Opcodes.ASTORE, push);
  }

  private int uniform(String name, int slots, int store, Consumer<Code> push) {
    Uniform uniform = uniforms.get(name);
    if (uniform == null) {
      uniform = new Uniform(allocate(slots), store, push);
      uniforms.put(name, uniform);
    }
    return uniform.local();
  }

  /** All uniform values, in the order they were asked for. */
  List<Uniform> uniforms() {
    return new ArrayList<>(uniforms.values());
  }
}
