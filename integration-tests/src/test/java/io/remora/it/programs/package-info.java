// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the device programs on the bare PTX engine, and checks that they notice wrong devices.
 *
 * <p>Start reading at {@link io.remora.it.programs.ProgramsOnTheEngineTest}.
 */
@NullMarked
package io.remora.it.programs;

import org.jspecify.annotations.NullMarked;
