// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import io.remora.it.programs.EngineGpu;
import io.remora.it.programs.Gpu;
import io.remora.it.programs.Workspace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The engine's kernels beside the same algorithms in C, in rounds that alternate between the two,
 * so that both meet the same noise.
 *
 * @param rounds how often each kernel is measured
 * @param threads that work on a kernel, on either side
 */
record KernelBench(int rounds, int threads) {
  private static final int BUFFER_BYTES = 16 << 20;
  private static final int WARM_UP_NANOS = 1_200_000_000;
  private static final int EMPTY_LAUNCHES = 20_000;
  private static final int HUGE_LINES = 20_000;

  /** Measures and gives the lines of a table. */
  List<String> run(NativeKernels natives, Runnable progress) throws IOException {
    var lines = new ArrayList<String>();
    lines.add(
        "| kernel | engine, median (min–max) | gcc -O2 | engine / gcc, median (min–max) | target |");
    lines.add("|---|---|---|---|---|");
    try (EngineGpu gpu = new EngineGpu(threads);
        Workspace workspace = new Workspace(gpu)) {
      long[] buffers = buffers(workspace);
      Map<String, Gpu.Module> modules = new HashMap<>();
      for (MeasuredKernel kernel : MeasuredKernel.all()) {
        Gpu.Module module = modules.computeIfAbsent(kernel.module(), workspace::load);
        Gpu.Function function = module.function(kernel.name());
        lines.add(measure(gpu, function, kernel, buffers, natives));
        progress.run();
      }
      lines.add("");
      lines.add(emptyLaunch(gpu, workspace));
      lines.add(firstLaunch(gpu));
      lines.add(hugeKernel(gpu));
    }
    return lines;
  }

  private static long[] buffers(Workspace workspace) {
    long[] buffers = new long[5];
    for (int i = 0; i < buffers.length; i++) {
      ByteBuffer bytes = Workspace.buffer(BUFFER_BYTES);
      float least = i == 0 ? 10 : i == 1 ? 12 : 0.5f;
      float step = i == 0 ? 0.01f : i == 1 ? 0.011f : 0.002f;
      for (int k = 0; k < BUFFER_BYTES / 4; k++) {
        bytes.putFloat(4 * k, i < 3 ? least + step * (k % 1000) : 0);
      }
      buffers[i] = workspace.upload(bytes);
    }
    return buffers;
  }

  private String measure(
      Gpu gpu, Gpu.Function function, MeasuredKernel kernel, long[] buffers, NativeKernels natives)
      throws IOException {
    long start = System.nanoTime();
    while (System.nanoTime() - start < WARM_UP_NANOS) {
      kernel.run(gpu, function, buffers);
    }
    natives.run(kernel.name(), kernel.size(), threads);
    double[] engine = new double[rounds];
    double[] compiled = new double[rounds];
    double[] ratios = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      long before = System.nanoTime();
      kernel.run(gpu, function, buffers);
      engine[round] = System.nanoTime() - before;
      compiled[round] = natives.run(kernel.name(), kernel.size(), threads);
      ratios[round] = engine[round] / compiled[round];
    }
    return String.format(
        Locale.ROOT,
        "| %s | %s ms | %s ms | %s | %d |",
        kernel.name(),
        Spread.of(engine).format("%.2f", 1e-6),
        Spread.of(compiled).format("%.2f", 1e-6),
        Spread.of(ratios).format("%.2f", 1),
        kernel.targetRatio());
  }

  private String emptyLaunch(Gpu gpu, Workspace workspace) {
    Gpu.Function empty = workspace.load("small").function("emptyKernel");
    Gpu.Extent one = Gpu.Extent.of(1);
    double[] nanos = new double[rounds];
    for (int round = -3; round < rounds; round++) {
      long before = System.nanoTime();
      for (int i = 0; i < EMPTY_LAUNCHES; i++) {
        gpu.launch(empty, one, one, 0);
      }
      nanos[Math.max(0, round)] = (System.nanoTime() - before) / (double) EMPTY_LAUNCHES;
    }
    return "Launch of an empty kernel: " + Spread.of(nanos).format("%.2f", 1e-3) + " µs.";
  }

  /** The engine itself is warm by now; the kernel is new. */
  private String firstLaunch(Gpu gpu) {
    String ptx = Workspace.ptx("transpose");
    double[] millis = new double[rounds];
    try (Workspace workspace = new Workspace(gpu)) {
      long in = workspace.zeros(64 * 64);
      long out = workspace.zeros(64 * 64);
      for (int round = 0; round < rounds; round++) {
        long before = System.nanoTime();
        try (Gpu.Module module = gpu.loadModule(ptx)) {
          gpu.launch(
              module.function("transpose"),
              Gpu.Extent.of(2, 2),
              Gpu.Extent.of(32, 8),
              0,
              in,
              out,
              64,
              64);
        }
        millis[round] = (System.nanoTime() - before) * 1e-6;
      }
    }
    return String.format(
        Locale.ROOT,
        "First launch of a module of %d lines, with compilation: %s ms.",
        ptx.lines().count(),
        Spread.of(millis).format("%.1f", 1));
  }

  /** A kernel as long as the longest of libraries, with loops and a barrier in its middle. */
  private String hugeKernel(Gpu gpu) {
    String ptx = HugeKernel.text(HUGE_LINES);
    try (Workspace workspace = new Workspace(gpu)) {
      long out = workspace.zeros(4 * 256);
      long before = System.nanoTime();
      try (Gpu.Module module = gpu.loadModule(ptx)) {
        Gpu.Function function = module.function("huge");
        gpu.launch(function, Gpu.Extent.of(4), Gpu.Extent.of(256), 0, out);
        double first = (System.nanoTime() - before) * 1e-6;
        double later = 0;
        for (int i = 0; i < 200; i++) {
          before = System.nanoTime();
          gpu.launch(function, Gpu.Extent.of(4), Gpu.Extent.of(256), 0, out);
          later = (System.nanoTime() - before) * 1e-6;
        }
        return String.format(
            Locale.ROOT,
            "Kernel of %d lines: %.0f ms for compilation and first launch, %.2f ms for the 200th"
                + " launch (%.2f ns for each instruction of each thread).",
            ptx.lines().count(),
            first,
            later,
            later * 1e6 / (1024.0 * HUGE_LINES));
      }
    }
  }
}
