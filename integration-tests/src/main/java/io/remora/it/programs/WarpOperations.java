// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** Shuffles, votes, matches and barriers ({@code warp_operations.cu}). */
public final class WarpOperations implements DeviceProgram {
  private static final int BLOCK = 96;
  private static final int BLOCKS = 5;
  private static final int RESULTS = 20;

  @Override
  public String name() {
    return "warp_operations";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Comparison comparison = new Comparison();
    int[] values = new Inputs(16).ints(BLOCK * BLOCKS, -900, 900);
    values[40] = 77;
    // One warp holds the same everywhere.
    for (int i = 64; i < 96; i++) {
      values[i] = 5 << 20;
    }
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load("warp_operations");
      long results = workspace.zeros(values.length * RESULTS);
      Gpu.Extent block = Gpu.Extent.of(BLOCK);
      long deviceValues = workspace.upload(values);
      gpu.launch(
          module.function("warpOperations"),
          Gpu.Extent.of(BLOCKS),
          block,
          0,
          deviceValues,
          results);
      int[] actual = workspace.downloadInts(results, values.length * RESULTS);
      for (int i = 0; i < actual.length; i++) {
        int expected = expected(values, i / RESULTS, i % RESULTS);
        comparison.checkSlot(500 + i % RESULTS, actual[i], expected);
      }
      Gpu.Extent one = Gpu.Extent.of(1);
      long sums = workspace.zeros(128);
      gpu.launch(module.function("namedBarriers"), one, Gpu.Extent.of(128), 0, deviceValues, sums);
      checkNamedBarriers(comparison, values, workspace.downloadInts(sums, 128));
    }
    return comparison.exactResult(name());
  }

  private static int expected(int[] values, int thread, int slot) {
    int lane = thread % BLOCK % 32;
    int warp = thread - lane;
    int own = values[thread];
    return switch (slot) {
      case 0 -> values[warp + 5];
      case 1 -> values[warp + (lane * 7 & 31)];
      case 2 -> values[lane < 3 ? thread : thread - 3];
      case 3 -> values[lane + 9 > 31 ? thread : thread + 9];
      case 4 -> values[warp + (lane ^ 17)];
      case 5 -> values[warp + (lane & ~7) + 2];
      case 6 -> values[(lane & 15) + 3 > 15 ? thread : thread + 3];
      case 7 -> all(values, warp, 32) | any(values, warp, 32) << 1;
      case 8 -> lanesWith(values, warp, 1, 1);
      case 9 -> lanesWith(values, warp, 3, own & 3);
      case 10 -> matchesAll(values, warp) ? -1 : 0;
      case 11 -> matchesAll(values, warp) ? 1 : 0;
      case 12 -> (lane & 1) == 1 ? values[warp + 31] : values[warp] + 1;
      case 13 -> 1;
      case 14 -> votes(values, warp, lane);
      case 15 -> positive(values, thread / BLOCK * BLOCK);
      case 16 -> all(values, thread / BLOCK * BLOCK, BLOCK);
      case 17 -> any(values, thread / BLOCK * BLOCK, BLOCK);
      case 18 -> crossed(values[warp + (lane ^ 1)]);
      default -> values[lane == 31 ? thread : thread + 1];
    };
  }

  private static int all(int[] values, int from, int length) {
    for (int i = from; i < from + length; i++) {
      if (values[i] <= -1000) {
        return 0;
      }
    }
    return 1;
  }

  private static int any(int[] values, int from, int length) {
    for (int i = from; i < from + length; i++) {
      if (values[i] == 77) {
        return 1;
      }
    }
    return 0;
  }

  private static int lanesWith(int[] values, int warp, int mask, int bits) {
    int lanes = 0;
    for (int lane = 0; lane < 32; lane++) {
      lanes |= (values[warp + lane] & mask) == bits ? 1 << lane : 0;
    }
    return lanes;
  }

  private static boolean matchesAll(int[] values, int warp) {
    for (int lane = 1; lane < 32; lane++) {
      if (values[warp + lane] >> 20 != values[warp] >> 20) {
        return false;
      }
    }
    return true;
  }

  private static int votes(int[] values, int warp, int lane) {
    int votes = 0;
    for (int turn = 0; turn <= lane; turn++) {
      for (int other = turn; other < 32; other++) {
        votes += values[warp + other] >> turn & 1;
      }
    }
    return votes;
  }

  private static int positive(int[] values, int block) {
    int count = 0;
    for (int i = block; i < block + BLOCK; i++) {
      count += values[i] > 0 ? 1 : 0;
    }
    return count;
  }

  private static int crossed(int value) {
    long wide = value * 0x1_0000_0001L;
    return (int) (wide >> 32) ^ (int) wide;
  }

  private static void checkNamedBarriers(Comparison comparison, int[] values, int[] sums) {
    for (int t = 0; t < 64; t++) {
      comparison.checkSlot(550, sums[t], values[63 - t] * 2 + values[64 + t]);
      comparison.checkSlot(551, sums[64 + t], values[127 - t] * 3 + values[t]);
    }
  }
}
