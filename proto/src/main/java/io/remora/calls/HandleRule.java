// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import io.remora.v1.HandleKind;
import io.remora.v1.HandleUse;

/**
 * What a field that carries a handle means.
 *
 * @param kind what the handle names
 * @param use whether the call uses, creates or destroys it
 * @param zero whether handle 0 has a meaning of its own
 */
public record HandleRule(HandleKind kind, HandleUse use, boolean zero) {}
