// SPDX-License-Identifier: Apache-2.0
/**
 * The whole path, end to end: a server in a process of its own, clients over real sockets, kernels
 * that nvcc compiled. Start reading at {@link io.remora.it.path.TestSession}.
 */
@NullMarked
package io.remora.it.path;

import org.jspecify.annotations.NullMarked;
