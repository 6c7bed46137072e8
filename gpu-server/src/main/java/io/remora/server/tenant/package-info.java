// SPDX-License-Identifier: Apache-2.0
/**
 * Who may use the server and how much of it: the tenants file, tokens, grants and quotas. Nothing
 * here knows sessions, the wire or devices.
 *
 * <p>Start reading at {@link io.remora.server.tenant.TenantRegistry}.
 */
@NullMarked
package io.remora.server.tenant;

import org.jspecify.annotations.NullMarked;
