// SPDX-License-Identifier: Apache-2.0
/**
 * What {@link io.remora.calls.Generate} writes: one class for each generated Java class or page,
 * each a function from the table to text. Nothing else may know how generated code looks. Start
 * reading at {@link io.remora.calls.source.DispatcherSource}.
 */
@NullMarked
package io.remora.calls.source;

import org.jspecify.annotations.NullMarked;
