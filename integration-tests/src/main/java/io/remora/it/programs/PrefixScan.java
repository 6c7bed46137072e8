// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** An inclusive prefix sum over many blocks, level by level ({@code prefix_scan.cu}). */
public final class PrefixScan implements DeviceProgram {
  private static final int BLOCK = 256;
  private static final long NULL_POINTER = 0;

  private final int count;

  /** 100,003 elements: three levels of blocks. */
  public PrefixScan() {
    this(100_003);
  }

  /**
   * @param count elements, at least 1
   */
  public PrefixScan(int count) {
    this.count = count;
  }

  @Override
  public String name() {
    return "prefix_scan";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    int[] input = new Inputs(6).ints(count, -1000, 1000);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load("prefix_scan");
      long scanned = scan(gpu, workspace, module, workspace.upload(input), count);
      int[] output = workspace.downloadInts(scanned, count);
      Comparison comparison = new Comparison();
      int sum = 0;
      for (int i = 0; i < count; i++) {
        sum += input[i];
        comparison.checkExact(output[i], sum);
      }
      return comparison.exactResult(name());
    }
  }

  /** Scans the blocks, then their totals in the same way, and adds these. */
  private static long scan(
      Gpu gpu, Workspace workspace, Gpu.Module module, long input, int elements) {
    Gpu.Extent blocks = Gpu.Extent.covering(elements, BLOCK);
    Gpu.Extent block = Gpu.Extent.of(BLOCK);
    boolean last = blocks.x() == 1;
    long output = workspace.zeros(elements);
    long totals = last ? NULL_POINTER : workspace.zeros(blocks.x());
    Gpu.Function scanBlocks = module.function("scanBlocks");
    gpu.launch(scanBlocks, blocks, block, BLOCK * 4, input, output, totals, elements);
    if (!last) {
      long scannedTotals = scan(gpu, workspace, module, totals, blocks.x());
      Gpu.Function addOffsets = module.function("addOffsets");
      gpu.launch(addOffsets, blocks, block, 0, output, scannedTotals, elements);
    }
    return output;
  }
}
