// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import com.google.protobuf.ByteString;
import io.remora.server.session.MemberReads;
import io.remora.v1.ReadRequest;
import java.util.Optional;

/**
 * Reads device memory of other members of the pool. Where a member is, the pool says and never the
 * client: so no client can make this server connect to anything else. Any thread.
 */
final class PoolReads implements MemberReads {
  private final PoolOffice office;

  PoolReads(PoolOffice office) {
    this.office = office;
  }

  @Override
  public Optional<Home> home() {
    return office.isAlone()
        ? Optional.empty()
        : Optional.of(new Home(office.pool().name(), office.desk().self().name()));
  }

  @Override
  public Reading read(Home from, String tenant, byte[] ticket, Listener listener) {
    MemberRead read = new MemberRead(listener);
    if (office.isAlone() || !from.pool().equals(office.pool().name())) {
      read.refuse("it belongs to another pool");
      return read;
    }
    ReadRequest request =
        ReadRequest.newBuilder()
            .setPool(from.pool())
            .setTenant(tenant)
            .setTicket(ByteString.copyFrom(ticket))
            .build();
    office.member(
        from.member(),
        member -> {
          if (member.isEmpty()) {
            read.refuse("the pool has no such member");
          } else if (!member.get().getReachable()) {
            read.refuse(member.get().getTrouble());
          } else {
            read.start(office.links(), member.get().getState().getServer(), request);
          }
        });
    return read;
  }
}
