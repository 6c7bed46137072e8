// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** {@code CUstream_flags} and the stream handles with a meaning of their own. */
final class StreamFlags {
  /** {@code CU_STREAM_NON_BLOCKING}. */
  static final int NON_BLOCKING = 1;

  /** The handle that names the current context's legacy stream, beside 0. */
  static final long LEGACY = 1;

  private StreamFlags() {}
}
