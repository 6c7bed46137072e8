// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;

/** Which results mean what to a session. */
final class Results {
  private Results() {}

  /**
   * Whether CUDA answers a context's every later call with this result: the kernel that brought it
   * about left the context's memory in an unknown state.
   */
  static boolean isSticky(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT_VALUE,
          CUresult.CUDA_ERROR_ASSERT_VALUE,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR_VALUE,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION_VALUE,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS_VALUE,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE_VALUE,
          CUresult.CUDA_ERROR_INVALID_PC_VALUE,
          CUresult.CUDA_ERROR_LAUNCH_FAILED_VALUE ->
          true;
      default -> false;
    };
  }
}
