// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.remora.client.ConnectionException.Reason;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.Found;
import io.remora.client.config.SettingKey;
import io.remora.v1.PlaceReply;
import io.remora.v1.PlaceRequest;
import io.remora.v1.PoolGrpc;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a session finds its server in a pool: any member is asked where, and if that one is gone when
 * the session comes, the pool is asked again for another one.
 */
final class PoolPlacement {
  private static final System.Logger LOG = System.getLogger(PoolPlacement.class.getName());

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** So many members are tried that were named and then can't be reached. */
  private static final int PLACES_MAX = 5;

  private final Map<SettingKey, Found<String>> wants;
  private final List<ConnectionSettings> servers;
  private final List<String> avoid = new ArrayList<>();

  private PoolPlacement(ClientSettings found) {
    wants = found.wants();
    servers = ConfiguredSettings.ofAll(found);
  }

  /** Opens something on the member that a session was given. */
  interface Opener<T> {
    T open(ConnectionSettings settings) throws ConnectionException;
  }

  /**
   * Opens a session where the settings say, in a pool where there is room.
   *
   * @throws ConnectionException that says what to do
   */
  static <T> T open(ClientSettings found, Opener<T> opener) throws ConnectionException {
    if (!found.asksForPlace()) {
      return opener.open(ConfiguredSettings.of(found));
    }
    PoolPlacement pool = new PoolPlacement(found);
    ConnectionException last = null;
    for (int i = 0; i < PLACES_MAX; i++) {
      Place place = pool.place();
      try {
        return opener.open(place.settings);
      } catch (ConnectionException e) {
        boolean gone =
            e.reason() == Reason.UNREACHABLE
                || e.reason() == Reason.BUSY
                || e.reason() == Reason.TIMEOUT;
        if (!gone || place.member.isEmpty()) {
          throw e;
        }
        LOG.log(System.Logger.Level.DEBUG, "member {0} is gone: {1}", place.member, e.getMessage());
        pool.avoid.add(place.member);
        last = e;
      }
    }
    throw Objects.requireNonNull(last);
  }

  private record Place(ConnectionSettings settings, String member) {}

  private Place place() throws ConnectionException {
    ConnectionException last = null;
    for (ConnectionSettings server : servers) {
      try {
        return ask(server);
      } catch (StatusRuntimeException e) {
        ConnectionException explained = explain(server, e);
        if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
          throw explained;
        }
        last = explained;
      }
    }
    throw last == null || servers.size() == 1
        ? Objects.requireNonNull(last)
        : new ConnectionException(
            last.reason(),
            "None of the servers that are named finds a place. The last one: " + last.getMessage(),
            last);
  }

  private Place ask(ConnectionSettings server) throws ConnectionException {
    Metadata headers = new Metadata();
    String token = server.token();
    if (token != null) {
      headers.put(AUTHORIZATION, "Bearer " + token);
    }
    try (Transport transport = Transport.open(server, NanoClock.system())) {
      Iterator<PlaceReply> replies =
          PoolGrpc.newBlockingStub(transport.channel())
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
              .place(request());
      int told = 0;
      while (replies.hasNext()) {
        PlaceReply reply = replies.next();
        if (reply.getPosition() == 0) {
          ConnectionSettings at =
              reply.getServer().isEmpty() ? server : ConnectionSettings.parse(reply.getServer());
          return new Place(server.placedOn(at, reply.getPlacement()), reply.getMember());
        }
        if (reply.getPosition() != told) {
          told = reply.getPosition();
          LOG.log(System.Logger.Level.INFO, "Waiting for a device of the pool: {0} in line", told);
        }
      }
      throw Status.UNAVAILABLE.withDescription("the answer ended early").asRuntimeException();
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED && wants.isEmpty()) {
        // An older server has no pool, but it has devices.
        return new Place(server, "");
      }
      throw e;
    }
  }

  private PlaceRequest request() {
    return PlaceRequest.newBuilder()
        .setGpus(want(SettingKey.GPUS))
        .setMemory(want(SettingKey.MEMORY))
        .setTenantClass(want(SettingKey.CLASS))
        .setLabels(want(SettingKey.LABELS))
        .setPolicy(want(SettingKey.POLICY))
        .setWait(want(SettingKey.WAIT))
        .addAllAvoid(avoid)
        .build();
  }

  private String want(SettingKey key) {
    Found<String> want = wants.get(key);
    return want == null ? "" : want.value();
  }

  private static ConnectionException explain(
      ConnectionSettings server, StatusRuntimeException failure) {
    @Nullable String said = failure.getStatus().getDescription();
    return switch (failure.getStatus().getCode()) {
      case RESOURCE_EXHAUSTED, NOT_FOUND, INVALID_ARGUMENT ->
          new ConnectionException(Reason.REFUSED, "The pool gives no device: " + said, failure);
      case UNIMPLEMENTED ->
          new ConnectionException(
              Reason.VERSION,
              "The server "
                  + server.server()
                  + " knows nothing of pools: it is older than this client. Leave out --gpus and"
                  + " what else is asked for, or install the same release.",
              failure);
      default -> Handshake.explain(server, failure.getStatus());
    };
  }
}
