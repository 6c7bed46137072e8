// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Order, loops and liveness of a graph; computed once, read only. */
public final class Flow {
  private final List<Block> blocks;
  private final int[] order;
  private final int[] position;
  private final List<List<Integer>> predecessors;
  private final BitSet[] liveIn;
  private final BitSet[] loops;
  private final int[] depth;

  /** Computes everything. */
  public Flow(List<Block> blocks) {
    this.blocks = blocks;
    this.order = reversePostOrder(blocks);
    this.position = new int[blocks.size()];
    Arrays.fill(position, -1);
    for (int i = 0; i < order.length; i++) {
      position[order[i]] = i;
    }
    this.predecessors = new ArrayList<>();
    for (int i = 0; i < blocks.size(); i++) {
      predecessors.add(new ArrayList<>(2));
    }
    for (int block : order) {
      for (int successor : blocks.get(block).terminator().successors()) {
        predecessors.get(successor).add(block);
      }
    }
    this.liveIn = liveness();
    this.loops = new BitSet[blocks.size()];
    this.depth = new int[blocks.size()];
    findLoops();
  }

  /** The blocks. */
  public List<Block> blocks() {
    return blocks;
  }

  /** Reachable blocks in reverse post-order. */
  public int[] order() {
    return order.clone();
  }

  /** Index in {@link #order}, or -1 for an unreachable block. */
  public int position(int block) {
    return position[block];
  }

  /** Whether going from one block to the other goes back in the order. */
  public boolean isBackEdge(int from, int to) {
    return position[to] <= position[from];
  }

  /** Registers, by id, whose value a block may read from before. */
  public BitSet liveIn(int block) {
    return liveIn[block];
  }

  /** Blocks of the loop that this block heads, or null. */
  public @Nullable BitSet loop(int header) {
    return loops[header];
  }

  /** In how many loops a block lies. */
  public int depth(int block) {
    return depth[block];
  }

  /** Blocks that may come before. */
  public List<Integer> predecessors(int block) {
    return predecessors.get(block);
  }

  private static int[] reversePostOrder(List<Block> blocks) {
    // Iterative: a hostile chain of blocks must not exhaust the stack.
    var done = new ArrayList<Integer>();
    var seen = new BitSet();
    var stack = new ArrayDeque<int[]>();
    stack.push(new int[] {0, 0});
    seen.set(0);
    while (!stack.isEmpty()) {
      int[] top = stack.element();
      List<Integer> successors = blocks.get(top[0]).terminator().successors();
      // The last successor first: its blocks then come last, as in the text.
      int index = successors.size() - 1 - top[1]++;
      if (index < 0) {
        done.add(top[0]);
        stack.pop();
      } else if (!seen.get(successors.get(index))) {
        seen.set(successors.get(index));
        stack.push(new int[] {successors.get(index), 0});
      }
    }
    int[] order = new int[done.size()];
    for (int i = 0; i < order.length; i++) {
      order[i] = done.get(order.length - 1 - i);
    }
    return order;
  }

  private BitSet[] liveness() {
    var use = new BitSet[blocks.size()];
    var kill = new BitSet[blocks.size()];
    var in = new BitSet[blocks.size()];
    for (int block : order) {
      use[block] = new BitSet();
      kill[block] = new BitSet();
      summarise(blocks.get(block), use[block], kill[block]);
      in[block] = (BitSet) use[block].clone();
    }
    var work = new ArrayDeque<Integer>();
    var queued = new BitSet();
    for (int i = order.length - 1; i >= 0; i--) {
      work.add(order[i]);
      queued.set(order[i]);
    }
    while (!work.isEmpty()) {
      int block = work.remove();
      queued.clear(block);
      var out = new BitSet();
      for (int successor : blocks.get(block).terminator().successors()) {
        out.or(in[successor]);
      }
      out.andNot(kill[block]);
      out.or(use[block]);
      if (!out.equals(in[block])) {
        in[block] = out;
        for (int predecessor : predecessors.get(block)) {
          if (!queued.get(predecessor)) {
            queued.set(predecessor);
            work.add(predecessor);
          }
        }
      }
    }
    return in;
  }

  private static void summarise(Block block, BitSet use, BitSet kill) {
    for (Instruction instruction : block.code()) {
      for (Register register : Opcodes.uses(instruction)) {
        if (!kill.get(register.id())) {
          use.set(register.id());
        }
      }
      for (Register register : Opcodes.definitions(instruction)) {
        if (instruction.guard() == null) {
          kill.set(register.id());
        } else if (!kill.get(register.id())) {
          // Under a false guard the old value stays, so it is read.
          use.set(register.id());
        }
      }
    }
    for (Register register : block.terminator().uses()) {
      if (!kill.get(register.id())) {
        use.set(register.id());
      }
    }
  }

  private void findLoops() {
    for (int block : order) {
      for (int successor : blocks.get(block).terminator().successors()) {
        if (isBackEdge(block, successor)) {
          growLoop(successor, block);
        }
      }
    }
    for (int block : order) {
      BitSet body = loops[block];
      if (body != null) {
        body.stream().forEach(member -> depth[member]++);
      }
    }
  }

  private void growLoop(int header, int tail) {
    BitSet body = loops[header];
    if (body == null) {
      body = new BitSet();
      body.set(header);
      loops[header] = body;
    }
    var work = new ArrayDeque<Integer>();
    work.add(tail);
    while (!work.isEmpty()) {
      int block = work.remove();
      // Blocks before the header in the order belong to a loop with several entries: left out.
      if (!body.get(block) && position[block] >= position[header]) {
        body.set(block);
        work.addAll(predecessors.get(block));
      }
    }
  }
}
