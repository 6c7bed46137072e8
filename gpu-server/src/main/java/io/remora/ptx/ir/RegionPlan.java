// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/**
 * The division of a kernel into regions. A region starts at one block, its entry, and holds what
 * can be reached from there without waiting; each becomes one method. Entries are the kernel's
 * start, the blocks behind suspensions, headers of loops that may wait for another thread (yields),
 * and cuts: those that keep methods small, and headers of loops whose rounds all threads run
 * together. A block may lie in several regions as long as the copies stay cheap.
 */
public final class RegionPlan {
  /** Copies may make the kernel this much larger before regions are cut at joins instead. */
  private static final int COPY_FACTOR = 2;

  private static final int COPY_ALLOWANCE_BYTES = 3000;

  private final Flow flow;
  private final int[] size;
  private final int maxBytes;
  private final BitSet yields = new BitSet();
  private final BitSet cuts = new BitSet();
  private final TreeMap<Integer, Region> regions = new TreeMap<>();
  private final List<Region> list = new ArrayList<>();

  /**
   * One region.
   *
   * @param number its number: the state of a thread that waits to run it
   * @param entry its first block
   * @param blocks its blocks in the order of the flow
   */
  public record Region(int number, int entry, List<Integer> blocks) {}

  /**
   * Divides.
   *
   * @param spins headers of loops where a thread may wait for another
   * @param rounds headers of loops whose rounds are regions
   * @param blockBytes estimated size of a block's code
   * @param maxBytes largest region wanted
   */
  public RegionPlan(
      Flow flow, BitSet spins, BitSet rounds, ToIntFunction<Block> blockBytes, int maxBytes) {
    this.flow = flow;
    this.maxBytes = maxBytes;
    this.size = new int[flow.blocks().size()];
    int total = 0;
    for (int block : flow.order()) {
      size[block] = blockBytes.applyAsInt(flow.blocks().get(block));
      total += size[block];
    }
    yields.or(spins);
    cuts.or(rounds);
    divide();
    if (regionBytes() > COPY_FACTOR * total + COPY_ALLOWANCE_BYTES) {
      cutJoins();
      divide();
    }
    while (cutLarge()) {
      divide();
      if (regionBytes() > COPY_FACTOR * total + COPY_ALLOWANCE_BYTES) {
        cutJoins();
        divide();
      }
    }
    number();
  }

  /** All regions; the first is the kernel's start, the others follow the flow. */
  public List<Region> regions() {
    return List.copyOf(list);
  }

  /** The number of the region that starts at this block. */
  public int numberOf(int entry) {
    for (Region region : list) {
      if (region.entry() == entry) {
        return region.number();
      }
    }
    throw new IllegalArgumentException("no region starts at block " + entry);
  }

  /** Whether each way to this block leaves the region before it. */
  public boolean isCut(int block) {
    return cuts.get(block);
  }

  /** Whether threads may give way to others before this block. */
  public boolean isYield(int block) {
    return yields.get(block);
  }

  /** Whether there is more than the kernel's start. */
  public boolean hasStates() {
    return list.size() > 1;
  }

  private void divide() {
    regions.clear();
    var entries = new BitSet();
    entries.set(0);
    for (int block : flow.order()) {
      if (flow.blocks().get(block).terminator() instanceof Terminator.Suspend suspend) {
        entries.set(suspend.resume());
      }
      if (yields.get(block) || cuts.get(block)) {
        entries.set(block);
      }
    }
    entries.stream().forEach(entry -> regions.put(flow.position(entry), reach(entry)));
  }

  private Region reach(int entry) {
    var members = new BitSet();
    var work = new ArrayDeque<Integer>();
    members.set(flow.position(entry));
    work.add(entry);
    while (!work.isEmpty()) {
      Terminator terminator = flow.blocks().get(work.remove()).terminator();
      if (terminator instanceof Terminator.Suspend) {
        continue;
      }
      for (int successor : terminator.successors()) {
        if (!cuts.get(successor) && !members.get(flow.position(successor))) {
          members.set(flow.position(successor));
          work.add(successor);
        }
      }
    }
    int[] order = flow.order();
    return new Region(0, entry, members.stream().mapToObj(position -> order[position]).toList());
  }

  private long regionBytes() {
    long sum = 0;
    for (Region region : regions.values()) {
      sum += bytes(region);
    }
    return sum;
  }

  private long bytes(Region region) {
    long sum = 0;
    for (int block : region.blocks()) {
      sum += size[block];
    }
    return sum;
  }

  /** Makes each block belong to one region: blocks reached from several become entries. */
  private void cutJoins() {
    yields.stream().forEach(cuts::set);
    int[] owner = new int[flow.blocks().size()];
    boolean changed = true;
    while (changed) {
      changed = false;
      Arrays.fill(owner, -1);
      // Two rounds, because the end of a loop comes after its header.
      for (int round = 0; round < 2 && !changed; round++) {
        for (int block : flow.order()) {
          int wanted = ownerOf(block, owner);
          if (wanted == -2) {
            cuts.set(block);
            changed = true;
            wanted = block;
          }
          owner[block] = wanted;
        }
      }
    }
  }

  private int ownerOf(int block, int[] owner) {
    if (block == 0 || cuts.get(block)) {
      return block;
    }
    int found = -1;
    for (int predecessor : flow.predecessors(block)) {
      if (flow.blocks().get(predecessor).terminator() instanceof Terminator.Suspend) {
        return block;
      }
      int other = owner[predecessor];
      if (other >= 0 && found >= 0 && other != found) {
        return -2;
      }
      found = Math.max(found, other);
    }
    return found;
  }

  /** Cuts each region that is too large, where few registers live; false if all fit. */
  private boolean cutLarge() {
    boolean cut = false;
    for (Region region : regions.values()) {
      if (bytes(region) > maxBytes && region.blocks().size() > 1) {
        cut |= cutOnce(region);
      }
    }
    return cut;
  }

  private boolean cutOnce(Region region) {
    long before = 0;
    int best = -1;
    long bestCost = Long.MAX_VALUE;
    for (int block : region.blocks()) {
      boolean candidate = block != region.entry() && !cuts.get(block);
      if (candidate && (before > maxBytes / 3 || best < 0)) {
        long cost =
            (1 + flow.liveIn(block).cardinality())
                * (long) Math.pow(8, Math.min(6, flow.depth(block)));
        if (cost < bestCost || before <= maxBytes / 3) {
          best = block;
          bestCost = cost;
        }
      }
      before += size[block];
      if (before > maxBytes && best >= 0) {
        break;
      }
    }
    if (best < 0) {
      return false;
    }
    cuts.set(best);
    return true;
  }

  private void number() {
    for (Region region : regions.values()) {
      list.add(new Region(list.size(), region.entry(), region.blocks()));
    }
  }
}
