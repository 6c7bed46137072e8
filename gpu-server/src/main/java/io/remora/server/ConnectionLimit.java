// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts connections. A few above the limit are let in so that their streams can be refused with a
 * reason; those above that are closed at once.
 */
final class ConnectionLimit extends ServerTransportFilter {
  private static final Logger log = LoggerFactory.getLogger(ConnectionLimit.class);
  private static final Attributes.Key<Boolean> ABOVE_LIMIT =
      Attributes.Key.create("remora-above-connection-limit");
  private static final int REFUSED_WITH_REASON_MAX = 64;

  private final int connectionsMax;
  private final AtomicInteger connections = new AtomicInteger();

  ConnectionLimit(int connectionsMax) {
    this.connectionsMax = connectionsMax;
  }

  /** Whether a stream's connection is one too many. */
  static boolean isAbove(Attributes attributes) {
    return Boolean.TRUE.equals(attributes.get(ABOVE_LIMIT));
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    int open = connections.incrementAndGet();
    if (open > connectionsMax + REFUSED_WITH_REASON_MAX) {
      connections.decrementAndGet();
      log.warn(
          "Closed a connection from {}: there are {} already (limits.connections)",
          attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR),
          open - 1);
      // The transport closes a connection whose filter fails.
      throw Status.RESOURCE_EXHAUSTED
          .withDescription("the server has too many connections")
          .asRuntimeException();
    }
    return attributes.toBuilder().set(ABOVE_LIMIT, open > connectionsMax).build();
  }

  @Override
  public void transportTerminated(Attributes attributes) {
    if (attributes != null && attributes.get(ABOVE_LIMIT) != null) {
      connections.decrementAndGet();
    }
  }
}
