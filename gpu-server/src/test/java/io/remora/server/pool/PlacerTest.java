// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import static io.remora.server.pool.Members.GIB;
import static io.remora.server.pool.Members.demand;
import static io.remora.server.pool.Members.device;
import static io.remora.server.pool.Members.member;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.tenant.TenantClass;
import io.remora.v1.MemberState;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveReply.Outcome;
import io.remora.v1.ReserveRequest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Who gets which member, on a thread and a clock of the test's own. */
final class PlacerTest {
  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private final Map<String, Outcome> outcomes = new HashMap<>();
  private final List<String> asked = new ArrayList<>();
  private final List<String> shares = new ArrayList<>();
  private long nanos;
  private final PoolView view = new PoolView(() -> nanos, Duration.ofSeconds(4));
  private final Placer placer = new Placer("p", view, new Pool(), tasks::add, () -> nanos);

  private final List<String> released = new ArrayList<>();

  private final class Pool implements Neighbours {
    @Override
    public CompletableFuture<ReserveReply> reserve(MemberState member, ReserveRequest request) {
      asked.add(member.getName());
      shares.add(member.getName() + " " + request.getDevices());
      Outcome outcome = outcomes.getOrDefault(member.getName(), Outcome.RESERVED);
      return outcome == Outcome.UNRECOGNIZED
          ? CompletableFuture.failedFuture(new IllegalStateException("unreachable"))
          : CompletableFuture.completedFuture(
              ReserveReply.newBuilder()
                  .setOutcome(outcome)
                  .setPlacement("of " + member.getName())
                  .build());
    }

    @Override
    public void release(MemberState member, String placement) {
      assertThat(placement).isEqualTo("of " + member.getName());
      released.add(member.getName());
    }
  }

  private void run() {
    while (!tasks.isEmpty()) {
      tasks.remove().run();
    }
  }

  private Heard place(Demand demand) {
    Heard heard = new Heard();
    placer.place(demand, heard);
    run();
    return heard;
  }

  private void look() {
    placer.look();
    run();
  }

  /** What a listener was told. */
  private static class Heard implements Placer.Listener {
    private String last = "";
    private boolean gone;

    @Override
    public void position(int position) {
      last = "position " + position;
    }

    @Override
    public void placed(List<Placer.Grant> grants) {
      last =
          "placed "
              + grants.stream()
                  .map(each -> each.member().getName())
                  .collect(Collectors.joining("+"));
    }

    @Override
    public void refused(Placer.Refusal reason, String message) {
      last = reason + " " + message;
    }

    @Override
    public boolean isGone() {
      return gone;
    }
  }

  private static Demand by(Policy policy, long memoryBytes) {
    return demand("alice", 1, memoryBytes, Map.of(), policy, Duration.ZERO);
  }

  @Test
  void eachPolicyChoosesItsMember() {
    view.heard(member("full", device(0, 3, 6 * GIB, 0.2)).build());
    view.heard(member("idle", device(0, 2, 5 * GIB, 0)).build());
    view.heard(member("few", device(0, 1, GIB, 0.9)).build());
    assertThat(Ranking.members(view.reachable(), by(Policy.PACK, GIB), 1).get(0).getName())
        .isEqualTo("full");
    assertThat(Ranking.members(view.reachable(), by(Policy.SPREAD, GIB), 1).get(0).getName())
        .isEqualTo("few");
    assertThat(Ranking.members(view.reachable(), by(Policy.LEAST_LOADED, GIB), 1).get(0).getName())
        .isEqualTo("idle");
    assertThat(place(by(Policy.PACK, 3 * GIB)).last).isEqualTo("placed idle");
  }

  @Test
  void inASmallPoolAndForPackingTheBestMemberIsTheFirstOfAll() {
    SplittableRandom random = new SplittableRandom(5);
    for (int round = 0; round < 200; round++) {
      List<MemberState> members = new ArrayList<>();
      for (int i = 0; i < 1 + round % 12; i++) {
        // Few different numbers, so that many are equal and the draw decides.
        members.add(
            member(
                    "m" + i,
                    device(0, random.nextInt(5), random.nextInt(3) * GIB, 0),
                    device(1, random.nextInt(5), random.nextInt(3) * GIB, random.nextInt(2)))
                .build());
      }
      for (Policy policy : members.size() <= 8 ? Policy.values() : new Policy[] {Policy.PACK}) {
        Demand demand = demand("a", 1 + round % 2, 6 * GIB, Map.of(), policy, Duration.ZERO);
        assertThat(Ranking.best(members, demand, round))
            .isEqualTo(Ranking.members(members, demand, round).stream().findFirst());
      }
    }
  }

  /** Sixteen that place know of the same two empty members among a hundred. */
  @Test
  void inALargePoolNotAllThatPlaceChooseTheSameMembers() {
    List<MemberState> members = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      members.add(member("m" + i, device(0, i < 2 ? 0 : 3 + i % 2, 0, 0.3)).build());
    }
    int empty = 0;
    int fuller = 0;
    for (int draw = 0; draw < 1600; draw++) {
      MemberState best = Ranking.best(members, by(Policy.SPREAD, 0), draw * 977).orElseThrow();
      int sessions = best.getDevices(0).getSessions();
      empty += sessions == 0 ? 1 : 0;
      fuller += sessions == 4 ? 1 : 0;
    }
    // Eight of a hundred are looked at, so each of the two is for one in thirteen.
    assertThat(empty).isBetween(1600 / 20, 1600 / 4);
    assertThat(fuller).isLessThan(1600 / 20);
  }

  @Test
  void whereNoneOfThoseThatAreDrawnHasRoomAllAreLookedAt() {
    List<MemberState> members = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      members.add(member("m" + i, device(0, 0, i == 70 ? 0 : 8 * GIB, 0)).build());
    }
    for (int draw = 0; draw < 50; draw++) {
      assertThat(Ranking.best(members, by(Policy.SPREAD, GIB), draw * 977))
          .hasValueSatisfying(best -> assertThat(best.getName()).isEqualTo("m70"));
    }
  }

  @Test
  void whoAsksAgainWhenRefusedMakesNobodyHearTwice() {
    view.heard(member("a", device(0, 0, 0, 0)).build());
    outcomes.put("a", Outcome.NO_ROOM);
    Demand waits = demand("alice", 1, 0, Map.of(), Policy.PACK, Duration.ofSeconds(1));
    List<String> heard = new ArrayList<>();
    placer.place(
        waits,
        new Heard() {
          @Override
          public void refused(Placer.Refusal reason, String message) {
            heard.add("first");
            placer.place(waits, new Heard());
          }
        });
    placer.place(
        waits,
        new Heard() {
          @Override
          public void refused(Placer.Refusal reason, String message) {
            heard.add("second");
          }
        });
    run();
    assertThat(placer.waiting()).isEqualTo(2);
    // Nobody is reachable any more, so both are refused by one look.
    nanos += TimeUnit.SECONDS.toNanos(5);
    look();
    assertThat(heard).containsExactly("first", "second");
    assertThat(placer.waiting()).isEqualTo(1);
  }

  @Test
  void oneTenantsLineIsBoundedAndAnothersIsNot() {
    view.heard(member("a", device(0, 0, 0, 0)).build());
    outcomes.put("a", Outcome.NO_ROOM);
    Duration wait = Duration.ofMinutes(1);
    for (int i = 0; i < Placer.WAITING_MAX; i++) {
      placer.place(demand("alice", 1, GIB, Map.of(), Policy.PACK, wait), new Heard());
    }

    Heard more = place(demand("alice", 1, GIB, Map.of(), Policy.PACK, wait));
    assertThat(more.last).startsWith("TENANT_LIMIT").contains("1000 sessions in line");
    assertThat(place(demand("bob", 1, GIB, Map.of(), Policy.PACK, wait)).last)
        .startsWith("position");
  }

  @Test
  void aBurstIsSpreadThoughNothingIsMeasuredYet() {
    for (String name : List.of("a", "b", "c")) {
      view.heard(member(name, device(0, 0, 0, 0)).build());
    }
    for (int i = 0; i < 6; i++) {
      assertThat(place(demand(1, GIB)).last).startsWith("placed");
    }
    assertThat(asked).containsOnly("a", "b", "c");
    for (String name : List.of("a", "b", "c")) {
      assertThat(asked.stream().filter(name::equals)).hasSize(2);
    }
  }

  @Test
  void anotherMemberIsAskedWhereOneIsFullOrGone() {
    view.heard(member("a", device(0, 0, 0, 0)).build());
    view.heard(member("b", device(0, 0, 0, 0.5)).build());
    view.heard(member("c", device(0, 0, 0, 0.9)).build());
    outcomes.put("a", Outcome.UNRECOGNIZED);
    outcomes.put("b", Outcome.NO_ROOM);
    assertThat(place(demand(1, 0)).last).isEqualTo("placed c");
    assertThat(asked).containsExactly("a", "b", "c");
    assertThat(place(demand(1, 0)).last).isEqualTo("placed c");
    assertThat(asked).as("what doesn't answer isn't asked again").hasSize(5).endsWith("b", "c");
  }

  @Test
  void whatNeverFitsIsRefusedWithTheReason() {
    assertThat(place(demand(1, 0)).last).startsWith("NEVER no member of the pool is known yet");
    view.heard(
        member("a", device(0, 0, 0, 0)).putLabels("model", "h200").addTenants("alice").build());
    assertThat(place(demand(2, 0)).last)
        .startsWith("NEVER")
        .contains("has 2 devices: this session lies on one server");
    assertThat(place(demand(1, 9 * GIB)).last).startsWith("NEVER").contains("9GiB");
    assertThat(
            place(demand("alice", 1, 0, Map.of("model", "a100"), Policy.PACK, Duration.ZERO)).last)
        .startsWith("NEVER no member has the label model=a100");
    assertThat(place(demand("bob", 1, 0, Map.of(), Policy.PACK, Duration.ZERO)).last)
        .startsWith("NEVER")
        .contains("for tenant 'bob'");
    assertThat(asked).isEmpty();
  }

  @Test
  void whoFindsNoRoomWaitsInLineAndGoesInItsTurn() {
    view.heard(member("a", device(0, 4, 0, 0)).build());
    Demand patient = demand("alice", 1, 0, Map.of(), Policy.PACK, Duration.ofSeconds(30));
    assertThat(place(demand(1, 0)).last).startsWith("FULL").contains("--wait");
    Heard first = place(patient);
    Heard second = place(patient);
    assertThat(first.last).isEqualTo("position 1");
    assertThat(second.last).isEqualTo("position 2");
    nanos += TimeUnit.SECONDS.toNanos(1);
    view.heard(member("a", device(0, 3, 0, 0)).setRevision(1).build());
    look();
    assertThat(first.last).isEqualTo("placed a");
    assertThat(second.last).isEqualTo("position 1");
    nanos += TimeUnit.SECONDS.toNanos(30);
    look();
    assertThat(second.last).startsWith("FULL").contains("within the 30 s");
    assertThat(placer.waiting()).isZero();
  }

  @Test
  void nobodyPassesOneThatWaitsForTheSameMember() {
    view.heard(member("a", device(0, 1, 6 * GIB, 0)).build());
    Demand large = demand("alice", 1, 4 * GIB, Map.of(), Policy.PACK, Duration.ofMinutes(1));
    Heard waits = place(large);
    assertThat(waits.last).isEqualTo("position 1");
    assertThat(place(demand("bob", 1, GIB, Map.of(), Policy.PACK, Duration.ofMinutes(1))).last)
        .isEqualTo("position 2");
    waits.gone = true;
    look();
    assertThat(placer.waiting()).isZero();
    assertThat(asked).containsExactly("a");
  }

  @Test
  void aTenantAtItsLimitHoldsUpNobody() {
    view.heard(member("a", device(0, 0, 0, 0)).putTenantSessions("alice", 100).build());
    Heard limited = place(demand("alice", 1, 0, Map.of(), Policy.PACK, Duration.ofMinutes(1)));
    assertThat(limited.last).isEqualTo("position 1");
    assertThat(place(demand("bob", 1, 0, Map.of(), Policy.PACK, Duration.ZERO)).last)
        .isEqualTo("placed a");
    assertThat(place(demand(1, 0)).last).startsWith("TENANT_LIMIT").contains("100 sessions");
    placer.stop();
    assertThat(limited.last).startsWith("STOPPING");
  }

  @Test
  void whoComesWhileAnotherIsDecidedAboutIsNotRefusedForIt() {
    view.heard(member("a", device(0, 0, 0, 0)).build());
    Heard first = new Heard();
    Heard second = new Heard();
    placer.place(demand(1, 0), first);
    placer.place(demand(1, 0), second);
    assertThat(second.last).doesNotContain("FULL");
    run();
    assertThat(first.last).isEqualTo("placed a");
    assertThat(second.last).isEqualTo("placed a");
  }

  @Test
  void whoWasSentAwayHearsNothingMore() {
    view.heard(member("a", device(0, 0, 0, 0)).build());
    outcomes.put("a", Outcome.NO_ROOM);
    Heard heard = new Heard();
    placer.place(demand(1, 0), heard);
    placer.stop();
    assertThat(heard.last).startsWith("STOPPING");
    run();
    assertThat(heard.last).startsWith("STOPPING");
  }

  @Test
  void closedAndSilentMembersGetNothing() {
    view.heard(member("a", device(0, 0, 0, 0)).setServing(false).build());
    view.heard(member("b", device(0, 0, 0, 0).toBuilder().setTrouble("it stalls").build()).build());
    assertThat(place(demand(1, 0)).last).startsWith("FULL");
    view.heard(member("c", device(0, 0, 0, 0)).build());
    nanos += TimeUnit.SECONDS.toNanos(5);
    assertThat(place(demand(1, 0)).last).startsWith("FULL");
    assertThat(asked).isEmpty();
  }

  private static Demand spanning(int devices, Duration wait) {
    return new Demand(
        "alice",
        TenantClass.NORMAL,
        devices,
        0,
        Map.of(),
        Policy.LEAST_LOADED,
        wait,
        100,
        Set.of(),
        true);
  }

  @Test
  void oneMemberIsPreferredAndOtherwiseAsFewAsPossibleAreJoined() {
    view.heard(member("a", device(0, 0, 0, 0)).build());
    view.heard(member("b", device(0, 0, 0, 0.9), device(1, 0, 0, 0.9)).build());
    view.heard(member("c", device(0, 0, 0, 0), device(1, 4, 0, 0)).build());
    assertThat(place(spanning(2, Duration.ZERO)).last).isEqualTo("placed b");
    assertThat(place(spanning(3, Duration.ZERO)).last).matches("placed b\\+[ac]");
    assertThat(shares).startsWith("b 2", "b 2").hasSize(3);
    assertThat(place(spanning(4, Duration.ZERO)).last).matches("placed b\\+[ac]\\+[ac]");
    assertThat(released).isEmpty();
  }

  @Test
  void whatCanNotBeHadWholeIsGivenBack() {
    view.heard(member("a", device(0, 0, 0, 0), device(1, 0, 0, 0)).build());
    view.heard(member("b", device(0, 0, 0, 0)).build());
    outcomes.put("b", Outcome.NO_ROOM);
    assertThat(place(spanning(3, Duration.ZERO)).last).startsWith("FULL");
    assertThat(asked).containsExactly("a", "b");
    assertThat(released).containsExactly("a");
    Heard waits = place(spanning(3, Duration.ofMinutes(1)));
    assertThat(waits.last).isEqualTo("position 1");
    outcomes.put("b", Outcome.RESERVED);
    nanos += TimeUnit.SECONDS.toNanos(1);
    view.heard(member("a", device(0, 0, 0, 0), device(1, 0, 0, 0)).setRevision(1).build());
    look();
    assertThat(waits.last).isEqualTo("placed a+b");
  }

  @Test
  void theTenantsLimitEndsASearchOverSeveralMembers() {
    view.heard(member("a", device(0, 0, 0, 0), device(1, 0, 0, 0)).build());
    view.heard(member("b", device(0, 0, 0, 0)).build());
    outcomes.put("b", Outcome.TENANT_LIMIT);
    assertThat(place(spanning(3, Duration.ZERO)).last).startsWith("TENANT_LIMIT");
    assertThat(released).containsExactly("a");
  }

  @Test
  void moreThanAllHaveTogetherIsRefusedAndNobodyIsAsked() {
    view.heard(member("a", device(0, 0, 0, 0)).build());
    view.heard(member("b", device(0, 0, 0, 0)).build());
    assertThat(place(spanning(3, Duration.ofMinutes(1))).last)
        .startsWith("NEVER all members that may be used have 2 such devices together");
    assertThat(place(demand(2, 0)).last).startsWith("NEVER");
    assertThat(asked).isEmpty();
  }
}
