// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;

/**
 * {@code CUjit_option} and {@code CUlibraryOption}. Most say how good the code or how talkative the
 * compiler should be; they can't change what a program computes and need nothing done. Buffers for
 * logs are filled by the client.
 */
final class JitOptions {
  private static final int OPTIONS_MAX = 64;

  // CUjit_option.
  private static final int CACHE_MODE = 14;
  private static final int NEW_SM3X_OPT = 15;
  private static final int FAST_COMPILE = 16;
  private static final int POSITION_INDEPENDENT_CODE = 30;
  private static final int OVERRIDE_DIRECTIVE_VALUES = 33;

  /** {@code CU_LIBRARY_BINARY_IS_PRESERVED}: the client may read the image later; it was copied. */
  private static final int LIBRARY_BINARY_IS_PRESERVED = 1;

  private JitOptions() {}

  /**
   * Checks the options of a load.
   *
   * @throws CallException {@code CUDA_ERROR_NOT_SUPPORTED} for options that change the program:
   *     addresses of symbols, arithmetic of link-time code
   */
  static void check(int[] options, long[] values) {
    checkCounts(options, values);
    for (int option : options) {
      boolean quality =
          (option >= 0 && option <= CACHE_MODE)
              || option == NEW_SM3X_OPT
              || option == FAST_COMPILE
              || (option >= POSITION_INDEPENDENT_CODE && option <= OVERRIDE_DIRECTIVE_VALUES);
      if (!quality) {
        throw notSupported("JIT option " + option);
      }
    }
  }

  /** Checks the options of a library. */
  static void checkLibrary(int[] options, long[] values) {
    // Some callers give a count and no values for options that have none.
    if (values.length != 0) {
      checkCounts(options, values);
    }
    for (int option : options) {
      if (option != LIBRARY_BINARY_IS_PRESERVED) {
        throw notSupported("library option " + option);
      }
    }
  }

  private static void checkCounts(int[] options, long[] values) {
    if (options.length > OPTIONS_MAX || options.length != values.length) {
      throw CallException.invalidValue(
          "options and their values differ in number, or are too many");
    }
  }

  private static CallException notSupported(String option) {
    return new CallException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "the " + option + " is not supported");
  }
}
