// SPDX-License-Identifier: Apache-2.0
/**
 * The call table as a model, read from the descriptors of {@code cuda_calls.proto}, and {@link
 * io.remora.calls.Generate}, which derives from it everything mechanical. The Java sources it
 * writes are described in {@link io.remora.calls.source}. Nothing here runs while calls are
 * forwarded. Start reading at {@link io.remora.calls.CallTable}.
 */
@NullMarked
package io.remora.calls;

import org.jspecify.annotations.NullMarked;
