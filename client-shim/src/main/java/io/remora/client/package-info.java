// SPDX-License-Identifier: Apache-2.0
/**
 * The client: a connection to a server, or to each of several that are one machine, and the CUDA
 * driver API in JCuda's shape on top of it. Everything that turns a call into bytes and answers
 * into results lives here; what a call <em>means</em> is decided by the server, and nothing here
 * may know the command line.
 *
 * <p>The types {@code jcuda.Pointer}, {@code jcuda.driver.CUdeviceptr} and so on are JCuda's own
 * pure Java classes; only {@code JCudaDriver}, which loads a native library, is never touched.
 *
 * <p>Start reading at {@link io.remora.client.RemoteCuda}, then {@link
 * io.remora.client.Connection}. What there is for several servers: {@link
 * io.remora.client.Servers}.
 */
@NullMarked
package io.remora.client;

import org.jspecify.annotations.NullMarked;
