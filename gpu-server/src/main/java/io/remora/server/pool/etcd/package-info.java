// SPDX-License-Identifier: Apache-2.0
/**
 * A pool whose members find each other in etcd: each registers under a lease, watches the others,
 * and counts tenants' sessions by transactions. The client is made from etcd's public API with the
 * project's own gRPC. Nothing here decides who gets a session.
 *
 * <p>Start reading at {@link io.remora.server.pool.etcd.EtcdRegistry}.
 */
@NullMarked
package io.remora.server.pool.etcd;

import org.jspecify.annotations.NullMarked;
