// SPDX-License-Identifier: Apache-2.0
/**
 * Child processes for the demo, the benchmarks and the end-to-end tests: real servers and clients
 * over real sockets. Nothing here knows CUDA. Start reading at {@link
 * io.remora.it.process.ServerProcess}.
 */
@NullMarked
package io.remora.it.process;

import org.jspecify.annotations.NullMarked;
