// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.PtxFunction;

/**
 * One body of code on its way to bytecode: a kernel with everything inlined that must be, or a
 * device function that is a method of its own.
 *
 * @param function the body
 * @param flow its graph
 * @param addresses where its variables are
 * @param program what it can call
 */
record CodeUnit(PtxFunction function, Flow flow, Addresses addresses, Program program) {

  boolean isKernel() {
    return function.isKernel();
  }
}
