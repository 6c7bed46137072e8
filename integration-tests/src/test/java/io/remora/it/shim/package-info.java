// SPDX-License-Identifier: Apache-2.0
/**
 * Plain C programs of the driver API on the C client, against servers in processes of their own.
 * Start reading at {@link io.remora.it.shim.ShimBuild}.
 */
@NullMarked
package io.remora.it.shim;

import org.jspecify.annotations.NullMarked;
