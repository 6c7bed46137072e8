// SPDX-License-Identifier: Apache-2.0
/**
 * Pools of servers: real servers in this process, real sockets, and a real etcd where there is one.
 */
@NullMarked
package io.remora.it.pool;

import org.jspecify.annotations.NullMarked;
