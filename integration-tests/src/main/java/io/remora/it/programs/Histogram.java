// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** Counts of byte values by shared and global atomics ({@code histogram.cu}). */
public final class Histogram implements DeviceProgram {
  private static final int BINS = 256;

  private final int count;

  /** 400,009 bytes. */
  public Histogram() {
    this(400_009);
  }

  /**
   * @param count bytes to count, at least 1
   */
  public Histogram(int count) {
    this.count = count;
  }

  @Override
  public String name() {
    return "histogram";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    byte[] values = values();
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Function function = workspace.load("histogram").function("histogram");
      long bins = workspace.zeros(BINS);
      Number[] arguments = {workspace.upload(values), bins, count};
      gpu.launch(function, Gpu.Extent.of(24), Gpu.Extent.of(128), 0, arguments);
      int[] counted = workspace.downloadInts(bins, BINS);
      int[] expected = new int[BINS];
      for (byte value : values) {
        expected[value & 0xff]++;
      }
      Comparison comparison = new Comparison();
      for (int bin = 0; bin < BINS; bin++) {
        comparison.checkExact(counted[bin], expected[bin]);
      }
      return comparison.exactResult(name());
    }
  }

  /** Half of the bytes are alike, so that atomics meet in one bin. */
  private byte[] values() {
    int[] random = new Inputs(7).ints(count, 0, 2 * BINS);
    byte[] values = new byte[count];
    for (int i = 0; i < count; i++) {
      values[i] = (byte) (random[i] < BINS ? random[i] : 42);
    }
    return values;
  }
}
