// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntToLongFunction;

/**
 * {@code cooperation.cu}, {@code asynchronous.cu}, {@code clusters.cu} and {@code blockwide.cu}.
 */
final class GroupCases {
  private static final int THREADS = 128;

  private GroupCases() {}

  static List<DeviceProgram> all() {
    int[] in = new Inputs(67).ints(8 * THREADS, -1000, 1000);
    return List.of(
        cooperation("tileSums", in, i -> sum(in, i / 8 * 8, i / 8 * 8 + 8)),
        cooperation("tileScans", in, i -> sum(in, i / 16 * 16, i)),
        cooperation("coalescedRanks", in, i -> rank(in, i)),
        cooperation("labelledMaxima", in, i -> maximum(in, i)),
        cooperation("passAround", in, i -> in[(i + 7) % THREADS]),
        cooperation("countingBarriers", in, i -> odd(in) * 4 + 2 + 1),
        asynchronous("copyAsync", in, i -> in[127 - i]),
        asynchronous("copyAsyncFilled", in, i -> i % 4 < 4 - i / 4 % 3 ? in[i] : 0),
        asynchronous("barrierRounds", in, i -> i < 64 ? 0 : 5L * in[i - 64] + 10),
        asynchronous("copyWithBarrier", in, i -> in[i ^ 5]),
        pipelined(in),
        clusters("clusterHistogram", in, 256, i -> inBin(in, i)),
        clusters("clusterSums", in, 4, i -> sum(in, i * 2 * THREADS, (i + 1) * 2 * THREADS)),
        clusters("clusterRing", in, 8 * THREADS, i -> in[behind(i, 11) ^ THREADS - 1] + 55),
        clusters("clusterStores", in, 8 * THREADS, i -> stored(in, i ^ THREADS)),
        blockSum(in),
        blockwide("blockScan", in, THREADS, i -> sum(in, 0, i)),
        sorted("radixSort", in),
        sorted("mergeSort", in),
        warpScan());
  }

  private static DeviceProgram cooperation(String kernel, int[] in, IntToLongFunction expected) {
    return threads("cooperation", kernel, in, THREADS, expected);
  }

  private static DeviceProgram asynchronous(String kernel, int[] in, IntToLongFunction expected) {
    return threads("asynchronous", kernel, in, THREADS, expected);
  }

  /** Eight blocks, in clusters of as many as the kernel was compiled for. */
  private static DeviceProgram clusters(
      String kernel, int[] in, int count, IntToLongFunction expected) {
    var setup = new KernelCase.Setup("clusters", kernel, 8, THREADS, KernelInputs.of(in));
    return KernelCase.ints(setup, count, expected);
  }

  private static long inBin(int[] in, int bin) {
    return Arrays.stream(in).filter(value -> (value & 255) == bin).count();
  }

  /** The same thread so many blocks before, of eight in a ring. */
  private static int behind(int i, int blocks) {
    return Math.floorMod(i - blocks * THREADS, 8 * THREADS);
  }

  private static long stored(int[] in, int from) {
    int block = from & -THREADS;
    return in[from] + sum(in, block, block + THREADS);
  }

  private static DeviceProgram blockwide(
      String kernel, int[] in, int count, IntToLongFunction expected) {
    return threads("blockwide", kernel, in, count, expected);
  }

  private static DeviceProgram threads(
      String module, String kernel, int[] in, int count, IntToLongFunction expected) {
    var setup = new KernelCase.Setup(module, kernel, 1, THREADS, KernelInputs.of(in));
    return KernelCase.ints(setup, count, expected);
  }

  private static long sum(int[] in, int from, int to) {
    return Arrays.stream(in, from, to).asLongStream().sum();
  }

  private static long rank(int[] in, int i) {
    int warp = i & -32;
    boolean negative = in[i] < 0;
    int below = 0;
    int all = 0;
    for (int other = warp; other < warp + 32; other++) {
      boolean together = in[other] < 0 == negative;
      below += together && other < i ? 1 : 0;
      all += together ? 1 : 0;
    }
    return negative ? -1 - below : below + 100L * all;
  }

  private static long maximum(int[] in, int i) {
    int warp = i & -32;
    return Arrays.stream(in, warp, warp + 32)
        .filter(other -> (other & 3) == (in[i] & 3))
        .max()
        .orElseThrow();
  }

  private static long odd(int[] in) {
    return Arrays.stream(in, 0, THREADS).filter(value -> (value & 1) != 0).count();
  }

  /** The kernel takes the count of the output for that of the input: one row. */
  private static DeviceProgram pipelined(int[] in) {
    return asynchronous("pipelined", in, i -> in[127 - i]);
  }

  private static DeviceProgram blockSum(int[] in) {
    return blockwide("blockSum", in, 1, i -> sum(in, 0, THREADS));
  }

  private static DeviceProgram sorted(String kernel, int[] in) {
    int[] expected = Arrays.copyOf(in, 4 * THREADS);
    Arrays.sort(expected);
    return blockwide(kernel, in, 4 * THREADS, i -> expected[i]);
  }

  private static DeviceProgram warpScan() {
    double[] in = new Inputs(71).doubles(THREADS, 0, 1);
    var setup = new KernelCase.Setup("blockwide", "warpScan", 1, THREADS, KernelInputs.of(in));
    return KernelCase.doubles(
        setup,
        THREADS,
        i -> Arrays.stream(in, i & -32, i + 1).sum(),
        32 * 0x1p-52,
        "one rounding per term");
  }
}
