// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.nio.file.Path;

/** The null driver in this process: see src/test/c/nulldriver, control.c has the commands. */
final class NullDriver {
  static final String LIBRARY =
      Path.of("target", "nulldriver", "libcuda.so.1").toAbsolutePath().toString();

  private NullDriver() {}

  static CudaDriver open() {
    try {
      return CudaDriver.open(LIBRARY, false);
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

  private static Function function(String name) {
    return NativeLibrary.getInstance(LIBRARY).getFunction(name);
  }
}
