// SPDX-License-Identifier: Apache-2.0
/**
 * The C files that {@link io.remora.calls.Generate} writes for the C client: one class for each
 * subject, a function from the table to texts by file name. What they build on by hand ({@code
 * wire.h}, {@code call.h}, {@code cuda_types.h}) lies in {@code client-shim/src/main/c}; nothing
 * else may know how generated C looks. Start reading at {@link
 * io.remora.calls.source.c.CallsFiles}.
 */
@NullMarked
package io.remora.calls.source.c;

import org.jspecify.annotations.NullMarked;
