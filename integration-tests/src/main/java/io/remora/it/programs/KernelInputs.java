// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.nio.ByteBuffer;

/** Arrays as a device sees them. */
final class KernelInputs {
  private KernelInputs() {}

  static ByteBuffer of(int[] values) {
    ByteBuffer bytes = Workspace.buffer(4L * values.length);
    bytes.asIntBuffer().put(values);
    return bytes;
  }

  static ByteBuffer of(long[] values) {
    ByteBuffer bytes = Workspace.buffer(8L * values.length);
    bytes.asLongBuffer().put(values);
    return bytes;
  }

  static ByteBuffer of(float[] values) {
    ByteBuffer bytes = Workspace.buffer(4L * values.length);
    bytes.asFloatBuffer().put(values);
    return bytes;
  }

  static ByteBuffer of(double[] values) {
    ByteBuffer bytes = Workspace.buffer(8L * values.length);
    bytes.asDoubleBuffer().put(values);
    return bytes;
  }
}
