// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/**
 * The N-body system in double precision on the host, by the same method as {@code nbody.cu}: all
 * velocities first, then all positions. Not thread-safe.
 */
public final class NBodyReference {
  private final double[] positions;
  private final double[] velocities;
  private final double softeningSquared;

  /**
   * @param softening length below which attraction levels off
   */
  public NBodyReference(NBodyState state, float softening) {
    this.positions = widen(state.positions());
    this.velocities = widen(state.velocities());
    this.softeningSquared = softening * softening;
  }

  private static double[] widen(float[] values) {
    double[] widened = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      widened[i] = values[i];
    }
    return widened;
  }

  /** Advances all bodies. */
  public void step(int steps, float stepSeconds) {
    double[] acceleration = new double[3];
    for (int step = 0; step < steps; step++) {
      for (int i = 0; i < positions.length; i += 4) {
        accelerate(i / 4, acceleration);
        for (int axis = 0; axis < 3; axis++) {
          velocities[i + axis] += acceleration[axis] * stepSeconds;
        }
      }
      for (int i = 0; i < positions.length; i += 4) {
        for (int axis = 0; axis < 3; axis++) {
          positions[i + axis] += velocities[i + axis] * stepSeconds;
        }
      }
    }
  }

  /** Where one body would be after one step, without changing anything. */
  double[] positionAfterStep(int body, float stepSeconds) {
    double[] result = new double[3];
    accelerate(body, result);
    for (int axis = 0; axis < 3; axis++) {
      double velocity = velocities[4 * body + axis] + result[axis] * stepSeconds;
      result[axis] = positions[4 * body + axis] + velocity * stepSeconds;
    }
    return result;
  }

  private void accelerate(int body, double[] acceleration) {
    double x = positions[4 * body];
    double y = positions[4 * body + 1];
    double z = positions[4 * body + 2];
    double ax = 0;
    double ay = 0;
    double az = 0;
    for (int j = 0; j < positions.length; j += 4) {
      double dx = positions[j] - x;
      double dy = positions[j + 1] - y;
      double dz = positions[j + 2] - z;
      double squared = dx * dx + dy * dy + dz * dz + softeningSquared;
      double pull = positions[j + 3] / (squared * Math.sqrt(squared));
      ax += dx * pull;
      ay += dy * pull;
      az += dz * pull;
    }
    acceleration[0] = ax;
    acceleration[1] = ay;
    acceleration[2] = az;
  }

  /** Kinetic plus potential energy. */
  public double energy() {
    double energy = 0;
    for (int i = 0; i < positions.length; i += 4) {
      double speedSquared = 0;
      for (int axis = 0; axis < 3; axis++) {
        speedSquared += velocities[i + axis] * velocities[i + axis];
      }
      energy += positions[i + 3] * speedSquared / 2;
      for (int j = 0; j < i; j += 4) {
        double squared = softeningSquared;
        for (int axis = 0; axis < 3; axis++) {
          double difference = positions[j + axis] - positions[i + axis];
          squared += difference * difference;
        }
        energy -= positions[i + 3] * positions[j + 3] / Math.sqrt(squared);
      }
    }
    return energy;
  }

  /** One coordinate of a body; axis 0 to 2. */
  double position(int body, int axis) {
    return positions[4 * body + axis];
  }
}
