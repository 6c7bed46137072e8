// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts connections and refuses those above the limit. */
final class ConnectionLimit extends ServerTransportFilter {
  private static final Logger log = LoggerFactory.getLogger(ConnectionLimit.class);
  private static final Attributes.Key<Boolean> COUNTED = Attributes.Key.create("remora-counted");

  private final int connectionsMax;
  private final AtomicInteger connections = new AtomicInteger();

  ConnectionLimit(int connectionsMax) {
    this.connectionsMax = connectionsMax;
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    if (connections.incrementAndGet() > connectionsMax) {
      connections.decrementAndGet();
      log.warn(
          "Refused a connection from {}: there are {} already (limits.connections)",
          attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR),
          connectionsMax);
      // The transport closes a connection whose filter fails.
      throw Status.RESOURCE_EXHAUSTED
          .withDescription("the server has too many connections: try again later")
          .asRuntimeException();
    }
    return attributes.toBuilder().set(COUNTED, true).build();
  }

  @Override
  public void transportTerminated(Attributes attributes) {
    if (attributes != null && attributes.get(COUNTED) != null) {
      connections.decrementAndGet();
    }
  }
}
