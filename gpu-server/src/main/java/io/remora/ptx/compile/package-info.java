// SPDX-License-Identifier: Apache-2.0
/**
 * Makes JVM bytecode of PTX: one class for each kernel, one static method for each region between
 * suspension points, with the loop over the block's threads inside. What the code does beyond plain
 * JVM instructions is in {@code math}, {@code memory} and {@code exec}. Start reading at {@link
 * io.remora.ptx.compile.ModuleCompiler}.
 */
@NullMarked
package io.remora.ptx.compile;

import org.jspecify.annotations.NullMarked;
