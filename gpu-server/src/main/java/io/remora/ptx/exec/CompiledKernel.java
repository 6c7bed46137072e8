// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.PtxKernel;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A kernel with all that is needed to run it.
 *
 * @param kernel what callers see
 * @param code gives the compiled code; loads its class at the first call
 * @param className name of the generated class, to find its frames in a stack trace
 * @param waits where threads wait, and for what
 * @param matrices what matrix instructions do, by the number of the region behind them
 * @param fragments what {@code wmma.load} and {@code wmma.store} move, by their number
 * @param kept registers that rows of threads may keep once, at most 64
 * @param frameInts 32-bit slots that each thread keeps over suspensions
 * @param frameLongs 64-bit slots
 * @param frameFloats float slots
 * @param frameDoubles double slots
 * @param stackStart where {@code alloca} begins in a thread's local memory; -1 if there is none
 * @param sourceLines source line of each position that the code's line numbers name
 * @param blockTime how long its blocks have taken
 */
public record CompiledKernel(
    PtxKernel kernel,
    Supplier<KernelCode> code,
    String className,
    Waits waits,
    Map<Integer, MatrixStep> matrices,
    List<FragmentAccess> fragments,
    List<KeptRegister> kept,
    int frameInts,
    int frameLongs,
    int frameFloats,
    int frameDoubles,
    long stackStart,
    int[] sourceLines,
    BlockTime blockTime) {

  /** Whether threads need words for the registers of matrices. */
  public boolean hasFragments() {
    return !matrices.isEmpty() || !fragments.isEmpty();
  }
}
