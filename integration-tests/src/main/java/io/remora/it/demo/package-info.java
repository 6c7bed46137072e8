// SPDX-License-Identifier: Apache-2.0
/**
 * {@code ./remora demo}: a server in a process of its own, two tenants that share its device, their
 * results compared with the host's, and what a person wants to see of it.
 *
 * <p>Start reading at {@link io.remora.it.demo.DemoCommand}.
 */
@NullMarked
package io.remora.it.demo;

import org.jspecify.annotations.NullMarked;
