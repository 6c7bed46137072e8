// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a program takes for a CUDA context. All contexts of all sessions share the device's real
 * one; what CUDA scopes to a context is kept here. Belongs to the session's serial executor.
 */
final class VirtualContext {
  private final long handle;
  private final SessionDevice device;
  private final SessionStream legacy;
  private final Map<Integer, Long> limits;
  private final List<SessionStream> aheadOfLegacy = new ArrayList<>();

  private @Nullable SessionStream gathering;
  private @Nullable SessionStream barrier;

  /**
   * @param driverStream the driver's handle of the stream that serves as the legacy stream
   */
  VirtualContext(long handle, SessionDevice device, long driverStream, SerialExecutor serial) {
    this.handle = handle;
    this.device = device;
    this.limits = new HashMap<>(device.description().limits());
    this.legacy = new SessionStream(this, driverStream, 0, 0, serial);
  }

  long handle() {
    return handle;
  }

  SessionDevice device() {
    return device;
  }

  /** The stream that CUDA calls 0 or {@code CU_STREAM_LEGACY}. */
  SessionStream legacy() {
    return legacy;
  }

  /** The server's own stream that waits for all others; null until it is needed. */
  @Nullable SessionStream gathering() {
    return gathering;
  }

  void setGathering(SessionStream stream) {
    gathering = stream;
  }

  /** The server's own stream for which all others wait; null until it is needed. */
  @Nullable SessionStream barrier() {
    return barrier;
  }

  void setBarrier(SessionStream stream) {
    barrier = stream;
  }

  /** A stream is being destroyed; a client may name the server's own ones, too. */
  void streamEnds(SessionStream stream) {
    gathering = gathering == stream ? null : gathering;
    barrier = barrier == stream ? null : barrier;
  }

  /** {@code CUlimit} values of this context; changing them changes nothing for other tenants. */
  Map<Integer, Long> limits() {
    return limits;
  }

  /** Blocking streams with work that the legacy stream has not been made to wait for. */
  List<SessionStream> aheadOfLegacy() {
    return aheadOfLegacy;
  }
}
