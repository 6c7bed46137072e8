// SPDX-License-Identifier: Apache-2.0
package io.remora.it.remote;

import java.nio.ByteBuffer;
import jcuda.Pointer;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** Kernel parameters as JCuda wants them. */
public final class LaunchParameters {
  private LaunchParameters() {}

  /** The table of the parameters' places. */
  public static Pointer of(Object... arguments) {
    Pointer[] pointers = new Pointer[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      pointers[i] = parameter(arguments[i]);
    }
    return Pointer.to(pointers);
  }

  /** JCuda takes null for the legacy stream. */
  public static @Nullable CUstream legacyStream() {
    return null;
  }

  /** JCuda takes null for options that aren't used. */
  public static @Nullable Pointer none() {
    return null;
  }

  private static Pointer parameter(Object argument) {
    if (argument instanceof Integer value) {
      return Pointer.to(new int[] {value});
    }
    if (argument instanceof Long value) {
      return Pointer.to(new long[] {value});
    }
    if (argument instanceof Float value) {
      return Pointer.to(new float[] {value});
    }
    if (argument instanceof Double value) {
      return Pointer.to(new double[] {value});
    }
    if (argument instanceof ByteBuffer structure) {
      return Pointer.toBuffer(structure);
    }
    throw new IllegalArgumentException("no kernel parameter can be a " + argument.getClass());
  }
}
