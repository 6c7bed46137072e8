// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Pointer;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.nio.charset.StandardCharsets;

/** What the answers of the driver mean. */
final class Cuda {
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;

  private Cuda() {}

  /** Throws what a call has answered, unless that is success. */
  static void require(int result, String call) {
    if (result != OK) {
      throw failure(result, call);
    }
  }

  static DriverException failure(int result, String call) {
    return new DriverException(result, call + " answered " + name(result));
  }

  /** CUDA's name of a result, or its number where the driver knows none. */
  static String name(int result) {
    long[] text = new long[1];
    if (CudaCalls.cuGetErrorName(result, text) != OK || text[0] == 0) {
      return "error " + result;
    }
    return text(text[0]);
  }

  /** Text for the driver. */
  static byte[] bytes(String text) {
    return (text + '\0').getBytes(StandardCharsets.UTF_8);
  }

  /** Text in the driver's memory. */
  static String text(long address) {
    return new Pointer(address).getString(0);
  }

  /**
   * Whether an error has ended the context for everyone in it, and not only the call that answers
   * it.
   */
  static boolean endsContext(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE_VALUE,
          CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE,
          CUresult.CUDA_ERROR_ECC_UNCORRECTABLE_VALUE,
          CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE_VALUE,
          CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT_VALUE,
          CUresult.CUDA_ERROR_ASSERT_VALUE,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR_VALUE,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION_VALUE,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS_VALUE,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE_VALUE,
          CUresult.CUDA_ERROR_INVALID_PC_VALUE,
          CUresult.CUDA_ERROR_LAUNCH_FAILED_VALUE,
          CUresult.CUDA_ERROR_UNKNOWN_VALUE ->
          true;
      default -> false;
    };
  }
}
