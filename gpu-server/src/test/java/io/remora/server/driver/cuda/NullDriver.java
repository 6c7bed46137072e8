// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.nio.file.Path;

/** The null driver in this process: see src/test/c/nulldriver, control.c has the commands. */
final class NullDriver {
  static final String LIBRARY =
      Path.of("target", "nulldriver", "libcuda.so.1").toAbsolutePath().toString();

  /** Its management library; see src/test/c/nullmanagement. */
  static final String MANAGEMENT =
      Path.of("target", "nullmanagement", "libnvidia-ml.so.1").toAbsolutePath().toString();

  private NullDriver() {}

  static CudaDriver open() {
    try {
      return CudaDriver.open(LIBRARY, MANAGEMENT, false);
    } catch (CudaUnavailableException e) {
      throw new AssertionError(e);
    }
  }

  static void control(String command) {
    if (function("nullcudaControl").invokeInt(new Object[] {command}) != 0) {
      throw new AssertionError("the null driver doesn't know: " + command);
    }
  }

  static long calls(String name) {
    return function("nullcudaCalls").invokeLong(new Object[] {name});
  }

  /** Gives a command to the management library; management.c has them. */
  static void manage(String command) {
    if (management("nullnvmlControl").invokeInt(new Object[] {command}) != 0) {
      throw new AssertionError("the null management library doesn't know: " + command);
    }
  }

  /** How many users the management library has. */
  static int managementUsers() {
    return management("nullnvmlUsers").invokeInt(new Object[0]);
  }

  private static Function function(String name) {
    return NativeLibrary.getInstance(LIBRARY).getFunction(name);
  }

  private static Function management(String name) {
    return NativeLibrary.getInstance(MANAGEMENT).getFunction(name);
  }
}
