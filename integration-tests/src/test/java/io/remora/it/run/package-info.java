// SPDX-License-Identifier: Apache-2.0
/**
 * {@code remora run} as a user starts it, by the launcher in the root of the checkout. Start
 * reading at {@link io.remora.it.run.Launcher}.
 */
@NullMarked
package io.remora.it.run;

import org.jspecify.annotations.NullMarked;
