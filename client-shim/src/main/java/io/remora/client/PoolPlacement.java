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
import io.remora.v1.Grant;
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
 * How a program finds its server in a pool, or its servers: any member is asked where, and if one
 * of those that it names is gone when the session comes, the pool is asked again for others.
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

  /**
   * Opens a session where the settings say, or one on each server of which a pool has granted
   * devices.
   *
   * @throws ConnectionException that says what to do
   */
  static Servers open(ClientSettings found) throws ConnectionException {
    if (!found.asksForPlace()) {
      return ServersOpening.open(List.of(ConfiguredSettings.of(found)));
    }
    PoolPlacement pool = new PoolPlacement(found);
    ConnectionException last = null;
    for (int i = 0; i < PLACES_MAX; i++) {
      List<Place> places = pool.place();
      String member = "";
      try (ServersOpening opening = new ServersOpening()) {
        for (Place place : places) {
          member = place.member;
          opening.add(place.settings);
        }
        return opening.finish();
      } catch (ConnectionException e) {
        boolean gone =
            e.reason() == Reason.UNREACHABLE
                || e.reason() == Reason.BUSY
                || e.reason() == Reason.TIMEOUT;
        if (!gone || member.isEmpty()) {
          throw e;
        }
        LOG.log(System.Logger.Level.DEBUG, "member {0} is gone: {1}", member, e.getMessage());
        pool.avoid.add(member);
        last = e;
      }
    }
    throw Objects.requireNonNull(last);
  }

  private record Place(ConnectionSettings settings, String member) {
    static Place of(ConnectionSettings asked, Grant grant) {
      ConnectionSettings at =
          grant.getServer().isEmpty() ? asked : ConnectionSettings.parse(grant.getServer());
      return new Place(asked.placedOn(at, grant.getPlacement()), grant.getMember());
    }
  }

  private List<Place> place() throws ConnectionException {
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

  private List<Place> ask(ConnectionSettings server) throws ConnectionException {
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
          return places(server, reply);
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
        return List.of(new Place(server, ""));
      }
      throw e;
    }
  }

  private static List<Place> places(ConnectionSettings asked, PlaceReply reply)
      throws ConnectionException {
    List<Grant> grants = new ArrayList<>();
    grants.add(
        Grant.newBuilder()
            .setMember(reply.getMember())
            .setServer(reply.getServer())
            .setPlacement(reply.getPlacement())
            .build());
    grants.addAll(reply.getMoreList());
    if (grants.size() > Numbering.SERVERS_MAX) {
      throw new ConnectionException(
          Reason.PROTOCOL,
          "The pool gives devices of "
              + grants.size()
              + " servers, of which a program can have "
              + Numbering.SERVERS_MAX
              + ".",
          null);
    }
    return grants.stream().map(each -> Place.of(asked, each)).toList();
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
        .setSeveralServers(true)
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
