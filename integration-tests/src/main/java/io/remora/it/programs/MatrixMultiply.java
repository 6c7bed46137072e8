// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** The product of two matrices by shared tiles ({@code matrix_multiply.cu}). */
public final class MatrixMultiply implements DeviceProgram {
  private static final int TILE = 16;

  private final int rows;
  private final int inner;
  private final int columns;

  /** 150 x 130 by 130 x 170: no side is a multiple of the tile. */
  public MatrixMultiply() {
    this(150, 130, 170);
  }

  /**
   * @param rows rows of the first factor, at least 1
   * @param inner columns of the first factor and rows of the second, at least 1
   * @param columns columns of the second factor, at least 1
   */
  public MatrixMultiply(int rows, int inner, int columns) {
    this.rows = rows;
    this.inner = inner;
    this.columns = columns;
  }

  @Override
  public String name() {
    return "matrix_multiply";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Inputs inputs = new Inputs(3);
    float[] a = inputs.floats(rows * inner, -1, 1);
    float[] b = inputs.floats(inner * columns, -1, 1);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Function function = workspace.load("matrix_multiply").function("matrixMultiply");
      long product = workspace.zeros(rows * columns);
      gpu.launch(
          function,
          Gpu.Extent.of((columns + TILE - 1) / TILE, (rows + TILE - 1) / TILE),
          Gpu.Extent.of(TILE, TILE),
          0,
          workspace.upload(a),
          workspace.upload(b),
          product,
          rows,
          inner,
          columns);
      return compare(a, b, workspace.downloadFloats(product, rows * columns));
    }
  }

  private ProgramResult compare(float[] a, float[] b, float[] product) {
    Comparison comparison = new Comparison();
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        double sum = 0;
        double magnitude = 0;
        for (int k = 0; k < inner; k++) {
          double term = (double) a[row * inner + k] * b[k * columns + column];
          sum += term;
          magnitude += Math.abs(term);
        }
        comparison.check(product[row * columns + column], sum, magnitude);
      }
    }
    return comparison.result(
        name(), (inner + 1) * 0x1p-24, "relative to the terms: one rounding for each");
  }
}
