// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/**
 * Positions, masses and velocities of all bodies at one moment, four floats for each body as on the
 * device: x, y, z and mass; x, y, z of the velocity and an unused one. Units are such that the
 * constant of gravity is 1. The arrays are the caller's to read, not to change.
 */
public final class NBodyState {
  private final float[] positions;
  private final float[] velocities;

  NBodyState(float[] positions, float[] velocities) {
    if (positions.length != velocities.length || positions.length % 4 != 0) {
      throw new IllegalArgumentException("positions and velocities must have four floats per body");
    }
    this.positions = positions;
    this.velocities = velocities;
  }

  /**
   * Two disc galaxies about to pass each other. The first half of the bodies belongs to one, the
   * second to the other; the first body of each half is its heavy centre. A multiple of what runs
   * in a block isn't needed.
   *
   * @param count bodies, at least 4
   * @param seed seed of the random places
   */
  public static NBodyState collidingGalaxies(int count, long seed) {
    float[] positions = new float[4 * count];
    float[] velocities = new float[4 * count];
    Inputs inputs = new Inputs(seed);
    int half = count / 2;
    NBodyState state = new NBodyState(positions, velocities);
    state.putGalaxy(inputs, 0, half, new double[] {-1.15, 0.55, 0.1}, 0.42, 0.5);
    state.putGalaxy(inputs, half, count, new double[] {1.15, -0.55, -0.1}, -0.42, -0.35);
    return state;
  }

  /** Fills bodies {@code from} to {@code to} with a disc of mass 1 around a centre. */
  private void putGalaxy(
      Inputs inputs, int from, int to, double[] centre, double speed, double inclination) {
    double centreMass = 0.85;
    double bodyMass = (1 - centreMass) / Math.max(1, to - from - 1);
    for (int i = from; i < to; i++) {
      boolean heavy = i == from;
      // Denser towards the centre; the mass inside a radius grows in proportion to it.
      double share = inputs.next(0, 1);
      double radius = heavy ? 0 : 0.14 + 0.8 * share;
      double angle = inputs.next(0, 2 * Math.PI);
      double orbit = heavy ? 0 : Math.sqrt((centreMass + (1 - centreMass) * share) / radius);
      double height = heavy ? 0 : 0.015 * inputs.nextNormal();
      double x = radius * Math.cos(angle);
      double y = radius * Math.sin(angle);
      double vx = -orbit * Math.sin(angle);
      double vy = orbit * Math.cos(angle);
      double cosine = Math.cos(inclination);
      double sine = Math.sin(inclination);
      put(positions, i, centre[0] + x, centre[1] + y * cosine - height * sine);
      positions[4 * i + 2] = (float) (centre[2] + y * sine + height * cosine);
      positions[4 * i + 3] = (float) (heavy ? centreMass : bodyMass);
      put(velocities, i, vx + speed, vy * cosine);
      velocities[4 * i + 2] = (float) (vy * sine);
    }
  }

  private static void put(float[] vectors, int body, double x, double y) {
    vectors[4 * body] = (float) x;
    vectors[4 * body + 1] = (float) y;
  }

  /** How many bodies. */
  public int count() {
    return positions.length / 4;
  }

  /** x, y, z and mass of each body. */
  public float[] positions() {
    return positions;
  }

  /** x, y and z of each body's velocity, and an unused float. */
  public float[] velocities() {
    return velocities;
  }
}
