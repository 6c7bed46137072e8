// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;

/**
 * Draws an {@link NBodyState}: each body glows, the two galaxies in warm and cold colours, faster
 * bodies whiter, on a dark background. Needs no display.
 */
public final class NBodyPicture {
  private static final float[] WARM = {1.0f, 0.50f, 0.16f};
  private static final float[] COLD = {0.20f, 0.48f, 1.0f};
  private static final float[] HOT = {1.0f, 0.94f, 0.86f};

  /** From how far above the plane one looks, in radians. */
  private static final double TILT = 0.62;

  private final int width;
  private final int height;
  private final float[] light;

  private NBodyPicture(int width, int height) {
    this.width = width;
    this.height = height;
    this.light = new float[3 * width * height];
  }

  /**
   * Draws a state.
   *
   * @param width pixels in a row, at least 16
   * @param height rows, at least 16
   */
  public static BufferedImage render(NBodyState state, int width, int height) {
    if (width < 16 || height < 16) {
      throw new IllegalArgumentException("a picture has at least 16 x 16 pixels");
    }
    NBodyPicture picture = new NBodyPicture(width, height);
    picture.drawBodies(state);
    return picture.develop();
  }

  /** Draws a state of 1600 x 1000 pixels into a PNG file, and makes its directory. */
  public static void write(NBodyState state, Path file) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    if (!ImageIO.write(render(state, 1600, 1000), "png", file.toFile())) {
      throw new IOException("this Java runtime cannot write PNG files");
    }
  }

  private void drawBodies(NBodyState state) {
    int count = state.count();
    double[] x = new double[count];
    double[] y = new double[count];
    project(state.positions(), x, y);
    double scale = 0.47 * Math.min(width / spread(x), height / spread(y));
    double typicalSpeed = typicalSpeed(state);
    // Many bodies share the light, so that dense pictures don't drown in white.
    double unit = height / 1000d;
    double brightness = 1.3 * Math.sqrt(4000d / count);
    for (int body = 0; body < count; body++) {
      double px = width / 2d + x[body] * scale;
      double py = height / 2d - y[body] * scale;
      float[] colour = colour(body < count / 2, speed(state, body) / typicalSpeed);
      glow(px, py, 1.1 * unit, 0.85 * brightness, colour);
      glow(px, py, 5 * unit, 0.05 * brightness, colour);
      glow(px, py, 26 * unit, 0.004 * brightness, colour);
      if (body == 0 || body == count / 2) {
        glow(px, py, 7 * unit, 1.5, HOT);
        glow(px, py, 60 * unit, 0.35, colour);
      }
    }
  }

  private static void project(float[] positions, double[] x, double[] y) {
    for (int body = 0; body < x.length; body++) {
      x[body] = positions[4 * body];
      y[body] = positions[4 * body + 1] * Math.cos(TILT) - positions[4 * body + 2] * Math.sin(TILT);
    }
  }

  /** Half the extent that holds all but the outermost bodies. */
  private static double spread(double[] coordinates) {
    double[] sorted = Arrays.stream(coordinates).map(Math::abs).sorted().toArray();
    return Math.max(1e-3, 1.06 * sorted[(int) (0.985 * (sorted.length - 1))]);
  }

  private static double typicalSpeed(NBodyState state) {
    double sum = 0;
    for (int body = 0; body < state.count(); body++) {
      sum += speed(state, body);
    }
    return Math.max(1e-6, sum / state.count());
  }

  private static double speed(NBodyState state, int body) {
    float[] velocities = state.velocities();
    double x = velocities[4 * body];
    double y = velocities[4 * body + 1];
    double z = velocities[4 * body + 2];
    return Math.sqrt(x * x + y * y + z * z);
  }

  private static float[] colour(boolean first, double relativeSpeed) {
    float[] base = first ? WARM : COLD;
    float heat = (float) Math.max(0, Math.min(0.8, (relativeSpeed - 0.9) / 2));
    float[] colour = new float[3];
    for (int i = 0; i < 3; i++) {
      colour[i] = base[i] + (HOT[i] - base[i]) * heat;
    }
    return colour;
  }

  /** Adds a round spot of light whose edge fades. */
  private void glow(double x, double y, double radius, double strength, float[] colour) {
    int reach = (int) Math.ceil(2.6 * radius);
    int top = (int) Math.max(0, Math.floor(y) - reach);
    int bottom = (int) Math.min(height - 1, Math.floor(y) + reach);
    int left = (int) Math.max(0, Math.floor(x) - reach);
    int right = (int) Math.min(width - 1, Math.floor(x) + reach);
    double sharpness = 1 / (radius * radius);
    for (int row = top; row <= bottom; row++) {
      for (int column = left; column <= right; column++) {
        double dx = column + 0.5 - x;
        double dy = row + 0.5 - y;
        float amount = (float) (strength * Math.exp(-(dx * dx + dy * dy) * sharpness));
        int pixel = 3 * (row * width + column);
        light[pixel] += amount * colour[0];
        light[pixel + 1] += amount * colour[1];
        light[pixel + 2] += amount * colour[2];
      }
    }
  }

  /** Turns light into colours as film does: highlights approach white without clipping. */
  private BufferedImage develop() {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        double dx = (column - width / 2d) / width;
        double dy = (row - height / 2d) / height;
        double dusk = Math.max(0, 1 - 2.2 * (dx * dx + dy * dy));
        int pixel = 3 * (row * width + column);
        int red = channel(light[pixel] + 0.012 * dusk);
        int green = channel(light[pixel + 1] + 0.014 * dusk);
        int blue = channel(light[pixel + 2] + 0.030 * dusk);
        image.setRGB(column, row, red << 16 | green << 8 | blue);
      }
    }
    return image;
  }

  private static int channel(double light) {
    return (int) Math.round(255 * Math.pow(1 - Math.exp(-1.4 * light), 1 / 1.6));
  }
}
