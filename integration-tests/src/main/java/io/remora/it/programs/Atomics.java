// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.stream.IntStream;

/** Atomic operations, a lock and a single-launch sum ({@code atomics.cu}). */
public final class Atomics implements DeviceProgram {
  private static final int COUNT = 5000;
  private static final int BLOCK = 128;
  private static final int TOTALS_BYTES = 80;

  @Override
  public String name() {
    return "atomics";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Comparison comparison = new Comparison();
    int[] values = new Inputs(17).ints(COUNT, -100_000, 100_000);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load("atomics");
      long deviceValues = workspace.upload(values);
      applyAll(gpu, workspace, module, deviceValues, values, comparison);

      long lock = workspace.zeros(1);
      long counter = workspace.zeros(1);
      Gpu.Function locked = module.function("countUnderLock");
      gpu.launch(locked, Gpu.Extent.of(12), Gpu.Extent.of(32), 0, lock, counter, 50);
      comparison.checkSlot(600, workspace.downloadInts(counter, 1)[0], 12 * 50);

      Gpu.Extent blocks = Gpu.Extent.covering(COUNT, BLOCK);
      long partial = workspace.zeros(blocks.x());
      long result = workspace.zeros(1);
      Number[] arguments = {deviceValues, partial, result, COUNT};
      // Twice, as the counter of finished blocks must wrap to zero.
      for (int turn = 0; turn < 2; turn++) {
        gpu.launch(module.function("sumInOneLaunch"), blocks, Gpu.Extent.of(BLOCK), 0, arguments);
        int sum = workspace.downloadInts(result, 1)[0];
        comparison.checkSlot(601, sum, IntStream.of(values).sum());
      }
    }
    return comparison.exactResult(name());
  }

  private static void applyAll(
      Gpu gpu,
      Workspace workspace,
      Gpu.Module module,
      long deviceValues,
      int[] values,
      Comparison comparison) {
    ByteBuffer initial = Workspace.buffer(TOTALS_BYTES);
    initial.putInt(4, Integer.MAX_VALUE).putInt(8, Integer.MIN_VALUE).putInt(12, -1);
    initial.putInt(20, -1).putInt(36, 1000);
    long totals = workspace.allocate(TOTALS_BYTES);
    gpu.upload(totals, initial);
    long tickets = workspace.zeros(COUNT);
    Number[] arguments = {deviceValues, totals, tickets, COUNT};
    Gpu.Extent blocks = Gpu.Extent.covering(COUNT, BLOCK);
    gpu.launch(module.function("applyAtomics"), blocks, Gpu.Extent.of(BLOCK), 0, arguments);
    ByteBuffer bytes = Workspace.buffer(TOTALS_BYTES);
    gpu.download(totals, bytes);
    checkTotals(comparison, values, bytes);
    checkTickets(comparison, workspace.downloadInts(tickets, COUNT));
  }

  private static void checkTotals(Comparison comparison, int[] values, ByteBuffer totals) {
    IntStream all = IntStream.of(values);
    comparison.checkSlot(610, totals.getInt(0), COUNT);
    comparison.checkSlot(611, totals.getInt(4), all.min().orElseThrow());
    comparison.checkSlot(612, totals.getInt(8), IntStream.of(values).max().orElseThrow());
    int least = values[0];
    int greatest = values[0];
    int conjunction = -1;
    int disjunction = 0;
    int parity = 0;
    long sum = 0;
    long floats = 0;
    for (int value : values) {
      least = Integer.compareUnsigned(value, least) < 0 ? value : least;
      greatest = Integer.compareUnsigned(value, greatest) > 0 ? value : greatest;
      conjunction &= value | 0xff00;
      disjunction |= value & 0xff_00ff;
      parity ^= value;
      sum += value;
      floats += value & 15;
    }
    comparison.checkSlot(613, totals.getInt(12), least);
    comparison.checkSlot(614, totals.getInt(16), greatest);
    comparison.checkSlot(615, totals.getInt(20), conjunction);
    comparison.checkSlot(616, totals.getInt(24), disjunction);
    comparison.checkSlot(617, totals.getInt(28), parity);
    comparison.checkSlot(618, totals.getInt(32), COUNT % 10);
    comparison.checkSlot(619, totals.getInt(36), 1000 - COUNT % 1001);
    comparison.checkSlot(620, totals.getLong(40), sum);
    comparison.checkSlot(621, totals.getLong(48), (greatest & 0xffff_ffffL) << 16);
    comparison.checkSlot(622, totals.getDouble(56), sum, 0);
    comparison.checkSlot(623, totals.getFloat(64), floats, 0);
  }

  /** Each ticket was given out once. */
  private static void checkTickets(Comparison comparison, int[] tickets) {
    BitSet seen = new BitSet(COUNT);
    for (int ticket : tickets) {
      boolean fresh = ticket >= 0 && ticket < COUNT && !seen.get(ticket);
      comparison.checkSlot(630, fresh ? 1 : 0, 1);
      seen.set(Math.max(0, ticket));
    }
  }
}
