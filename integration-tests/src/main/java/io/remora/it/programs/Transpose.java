// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** A transposed matrix by a padded shared tile ({@code transpose.cu}). */
public final class Transpose implements DeviceProgram {
  private static final int TILE = 32;
  private static final int TILE_ROWS = 8;

  private final int width;
  private final int height;

  /** 301 columns, 203 rows. */
  public Transpose() {
    this(301, 203);
  }

  /**
   * @param width columns of the input, at least 1
   * @param height rows of the input, at least 1
   */
  public Transpose(int width, int height) {
    this.width = width;
    this.height = height;
  }

  @Override
  public String name() {
    return "transpose";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    float[] input = new Inputs(4).floats(width * height, -1, 1);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Function function = workspace.load("transpose").function("transpose");
      long output = workspace.zeros(width * height);
      gpu.launch(
          function,
          Gpu.Extent.covering(width, height, TILE),
          Gpu.Extent.of(TILE, TILE_ROWS),
          0,
          workspace.upload(input),
          output,
          width,
          height);
      float[] transposed = workspace.downloadFloats(output, width * height);
      Comparison comparison = new Comparison();
      for (int i = 0; i < width * height; i++) {
        comparison.check(transposed[i], input[i % height * width + i / height], 1);
      }
      return comparison.exactResult(name());
    }
  }
}
