// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import static io.remora.server.pool.Members.GIB;
import static io.remora.server.pool.Members.demand;
import static io.remora.server.pool.Members.device;
import static io.remora.server.pool.Members.member;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantClass;
import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import io.remora.v1.PlaceRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a member promises, what a tenant is counted for, and how a request is read. */
final class PromisesTest {
  private long nanos;
  private final Promises promises = new Promises(() -> nanos);
  private final List<MemberDevice> devices = List.of(device(0, 0, 0, 0), device(1, 0, GIB, 0));

  @Test
  void nothingIsPromisedTwice() {
    assertThat(promises.make("1", demand(1, 5 * GIB), devices).orElseThrow().devices())
        .containsExactly(0);
    assertThat(promises.make("2", demand(1, 5 * GIB), devices).orElseThrow().devices())
        .containsExactly(1);
    assertThat(promises.make("3", demand(1, 5 * GIB), devices)).isEmpty();
    assertThat(promises.make("3", demand(2, GIB), devices).orElseThrow().devices())
        .containsExactlyInAnyOrder(0, 1);
    MemberDevice first = promises.on(devices.get(0));
    assertThat(first.getTakenBytes()).isEqualTo(6 * GIB);
    assertThat(first.getSessions()).isEqualTo(2);
    assertThat(promises.release("1")).isTrue();
    assertThat(promises.on(devices.get(0)).getTakenBytes()).isEqualTo(GIB);
  }

  @Test
  void aPromiseIsKeptOnceByItsOwnTenantAndInTime() {
    promises.make("1", demand(1, GIB), devices);
    assertThat(promises.keep("1", "bob")).isEmpty();
    assertThat(promises.keep("1", "alice")).isPresent();
    assertThat(promises.keep("1", "alice")).isEmpty();
    assertThat(promises.releaseOpen("1")).isFalse();
    promises.make("2", demand(1, GIB), devices);
    nanos += Promises.OPEN_TIME.toNanos() + TimeUnit.SECONDS.toNanos(1);
    assertThat(promises.expire()).isEqualTo(Map.of("2", "alice"));
    assertThat(promises.keep("2", "alice")).isEmpty();
    assertThat(promises.on(devices.get(0)).getTakenBytes()).as("kept").isEqualTo(GIB);
  }

  @Test
  void placesAreBoundedByTheMembersTerms() {
    for (int i = 0; i < 8; i++) {
      assertThat(promises.make("p" + i, demand(1, 0), devices)).isPresent();
    }
    assertThat(promises.make("p8", demand(1, 0), devices)).isEmpty();
  }

  @Test
  void sessionsOfAllMembersCount() throws Exception {
    PoolView view = new PoolView(() -> nanos, Duration.ofSeconds(4));
    view.heard(member("self").putTenantSessions("alice", 7).build());
    view.heard(member("other").putTenantSessions("alice", 2).build());
    SeenCounts counts = new SeenCounts("self", view);
    assertThat(counts.take("alice", "1", 3).toCompletableFuture().get()).isTrue();
    assertThat(counts.take("alice", "1", 3).toCompletableFuture().get()).isTrue();
    assertThat(counts.take("alice", "2", 3).toCompletableFuture().get()).isFalse();
    view.lost("other", "silent");
    assertThat(counts.take("alice", "2", 3).toCompletableFuture().get())
        .as("what a silent member has may be there still")
        .isFalse();
    counts.give("alice", "1");
    counts.give("alice", "1");
    assertThat(counts.own()).isEmpty();
    assertThat(counts.take("alice", "2", 3).toCompletableFuture().get()).isTrue();
  }

  @Test
  void tenantsSumsFollowWhatMembersSay() {
    PoolView view = new PoolView(() -> nanos, Duration.ofSeconds(4));
    for (String name : List.of("a", "b", "c")) {
      view.heard(member(name, device(0, 0, 0, 0)).putTenantSessions("alice", 2).build());
    }
    assertThat(view.sessionsElsewhere("alice", "")).isEqualTo(6);
    assertThat(view.sessionsElsewhere("alice", "b")).isEqualTo(4);
    view.placed("a", demand(1, 0));
    assertThat(view.sessionsElsewhere("alice", "")).isEqualTo(7);
    view.heard(member("a", device(0, 0, 0, 0)).putTenantSessions("bob", 5).build());
    assertThat(view.sessionsElsewhere("alice", "")).isEqualTo(4);
    assertThat(view.sessionsElsewhere("bob", "")).isEqualTo(5);
    view.listed("b", "elsewhere:1");
    assertThat(view.sessionsElsewhere("alice", "")).isEqualTo(2);
    view.retain(Set.of("a", "b"));
    assertThat(view.sessionsElsewhere("alice", "")).isZero();
    view.remove("a");
    view.remove("a");
    assertThat(view.sessionsElsewhere("bob", "")).isZero();
    assertThat(view.states()).extracting(MemberState::getName).containsExactly("b");
  }

  @Test
  void lateNewsIsNoNews() {
    PoolView view = new PoolView(() -> nanos, Duration.ofSeconds(4));
    view.heard(member("a", device(0, 1, 0, 0)).setRevision(5).build());
    view.heard(member("a", device(0, 2, 0, 0)).setRevision(4).build());
    assertThat(view.reachable().get(0).getDevices(0).getSessions()).isEqualTo(1);
    view.heard(member("a", device(0, 3, 0, 0)).setRevision(1).setIncarnation("2").build());
    assertThat(view.reachable().get(0).getDevices(0).getSessions()).isEqualTo(3);
  }

  private static Demand read(PlaceRequest.Builder request) {
    Tenant alice = new Tenant("alice", 1, TenantClass.NORMAL, null, 9, Set.of(), null, List.of());
    return Demand.of(request.build(), alice, PoolFile.alone());
  }

  @Test
  void requestsAreReadInTheWordsOfTheUser() {
    Demand demand =
        read(
            PlaceRequest.newBuilder()
                .setGpus("2")
                .setMemory("8GiB")
                .setTenantClass("batch")
                .setLabels("model=h200, zone=b")
                .setPolicy("pack")
                .setWait("5m"));
    assertThat(demand.devices()).isEqualTo(2);
    assertThat(demand.memoryBytes()).isEqualTo(8 * GIB);
    assertThat(demand.labels()).isEqualTo(Map.of("model", "h200", "zone", "b"));
    assertThat(demand.policy()).isEqualTo(Policy.PACK);
    assertThat(demand.waitTime()).as("no longer than the pool lets it").isZero();
    assertThat(demand.tenantSessionsMax()).isEqualTo(9);
    assertThatThrownBy(() -> read(PlaceRequest.newBuilder().setGpus("0")))
        .hasMessageContaining("from 1 to 256");
    assertThatThrownBy(() -> read(PlaceRequest.newBuilder().setMemory("much")))
        .hasMessageContaining("--memory");
    assertThatThrownBy(() -> read(PlaceRequest.newBuilder().setLabels("model")))
        .hasMessageContaining("NAME=VALUE");
    assertThatThrownBy(() -> read(PlaceRequest.newBuilder().setPolicy("best")))
        .hasMessageContaining("pack, spread, least-loaded");
    assertThatThrownBy(() -> read(PlaceRequest.newBuilder().setWait("long")))
        .hasMessageContaining("--wait");
    assertThatThrownBy(() -> read(PlaceRequest.newBuilder().setTenantClass("latency")))
        .hasMessageContaining("can't ask for latency");
  }
}
