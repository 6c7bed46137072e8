// SPDX-License-Identifier: Apache-2.0
/**
 * What {@code gpu/verify} runs as client processes: the project's device programs as a program of
 * JCuda, over whatever {@code libcuda.so.1} the process gets, NVIDIA's or Remora's. Start reading
 * at {@link io.remora.it.verify.ProgramsCommand}.
 */
@NullMarked
package io.remora.it.verify;

import org.jspecify.annotations.NullMarked;
