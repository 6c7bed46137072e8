// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.RegionPlan;
import java.util.ArrayList;
import java.util.List;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;

/** Writes the row forms of a kernel's regions where they save something and aren't too long. */
final class RowRegions {
  /** HotSpot doesn't compile methods beyond 8,000 bytes; the estimate may be a little low. */
  private static final int MAX_BYTES = 7400;

  /** Kernels of so many regions would take too long to compile twice. */
  private static final int MAX_REGIONS = 64;

  /** Above this, only the usual track of each region is written. */
  private static final int MANY_REGIONS = 16;

  /** Other tracks of one region: each goes another way at one branch. */
  private static final int MAX_OTHERS = 4;

  private final KernelPlan plan;
  private final List<Integer> usualStates = new ArrayList<>();
  private final List<Integer> written = new ArrayList<>();

  RowRegions(KernelPlan plan) {
    this.plan = plan;
  }

  void write(ClassWriter type, RegionPlan.Region region) throws PtxException {
    boolean hasStates = plan.regions().hasStates();
    int regions = plan.regions().regions().size();
    if (regions > MAX_REGIONS || !keepsStep()) {
      usualStates.add(0);
      return;
    }
    var rows = new RowPlan(plan, region, -1);
    int usual = rows.usualState();
    usualStates.add(usual);
    if (!(hasStates || rows.isUseful()) || size(region, rows, usual) > MAX_BYTES) {
      return;
    }
    written.add(region.number());
    var alternatives = new ArrayList<RowPlan>(List.of(rows));
    int others = regions > MANY_REGIONS ? 0 : Math.min(rows.decidedBranches(), MAX_OTHERS);
    for (int branch = 0; branch < others; branch++) {
      var other = new RowPlan(plan, region, branch);
      if (size(region, other, usual) <= MAX_BYTES) {
        alternatives.add(other);
      }
    }
    for (int i = 0; i < alternatives.size(); i++) {
      String next = i + 1 < alternatives.size() ? RowWays.methodName(region.number(), i + 1) : null;
      String name = RowWays.methodName(region.number(), i);
      RowWriter.write(
          type.visitMethod(Opcodes.ACC_STATIC, name, RowWriter.ROW_DESCRIPTOR, null, null),
          plan,
          region,
          alternatives.get(i),
          new RowWays(usual, next));
    }
  }

  /**
   * Whether threads in one state are in the same round of all loops: not where a region begins
   * without waiting inside of two loops, which threads may come to by either.
   */
  private boolean keepsStep() {
    return plan.regions().regions().stream()
        .map(RegionPlan.Region::entry)
        .filter(entry -> plan.regions().isCut(entry) || plan.regions().isYield(entry))
        .allMatch(entry -> plan.unit().flow().depth(entry) <= 1);
  }

  private int size(RegionPlan.Region region, RowPlan rows, int usual) throws PtxException {
    var counter = new SizeCounter();
    RowWriter.write(counter, plan, region, rows, new RowWays(usual, null));
    return counter.take();
  }

  /** The state that most threads have behind each region. */
  List<Integer> usualStates() {
    return usualStates;
  }

  /** Numbers of the regions that have a row form. */
  List<Integer> written() {
    return written;
  }
}
