// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import io.remora.server.session.generated.Calls;
import io.remora.v1.CuStreamSynchronize;
import io.remora.v1.SessionImage;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What another server can't have told of a session's graphs, conditions, heap and captures. */
class SessionMoveRefusalsTest {
  private final MoveRoom here = new MoveRoom(64L << 20);
  private final MoveRoom there = new MoveRoom(64L << 20);

  @SuppressWarnings("NullAway.Init") // Opened before each test.
  private MovingClient client;

  @SuppressWarnings("NullAway.Init") // Written before each test.
  private SessionImage image;

  @BeforeEach
  void open() throws Exception {
    client = new MovingClient(here.sessions, MovingClient.grant(here.account, here.closed));
    new MovedExtras(client).make();
    client.wait(Calls.CU_STREAM_SYNCHRONIZE, CuStreamSynchronize.getDefaultInstance());
    Hand hand = new Hand(there);
    CompletableFuture<SessionImage> seen = new CompletableFuture<>();
    client.session.depart(
        TimeUnit.SECONDS.toNanos(MovingClient.WAIT_SECONDS),
        new Hand(
            there,
            written -> {
              seen.complete(written);
              throw new Unmovable("only looked at");
            }));
    image = seen.get(MovingClient.WAIT_SECONDS, TimeUnit.SECONDS);
    assertThat(hand.arrived).isNotDone();
  }

  @AfterEach
  void closeRooms() {
    client.session.onEnd("test");
    here.close();
    there.close();
  }

  private String refusal(Consumer<SessionImage.Builder> change) {
    SessionImage.Builder changed = image.toBuilder();
    change.accept(changed);
    Unmovable refused =
        catchThrowableOfType(
            Unmovable.class,
            () ->
                there.sessions.arrive(
                    MovingClient.grant(there.account, there.closed),
                    changed.build(),
                    (hash, bytes) -> ByteBuffer.wrap(MovedExtras.module())));
    there.expectNothingHeld();
    return refused.why();
  }

  /** Place of the graph that has a node of a kind which holds others. */
  private int holder(boolean conditional) {
    for (int i = 0; i < image.getGraphsCount(); i++) {
      for (SessionImage.Node node : image.getGraphs(i).getNodesList()) {
        if (node.getHeldCount() > 0 && node.getWork().hasConditional() == conditional) {
          return i;
        }
      }
    }
    throw new AssertionError("no graph has such a node");
  }

  @Test
  void graphsAreInOneNodeAtMostAndNeverInThemselves() {
    int loop = holder(true);
    int outer = holder(false);
    long inner = image.getGraphs(outer).getNodes(0).getHeld(0);
    assertThat(image.getFormat()).as("not what every server reads").isEqualTo(2);
    assertThat(refusal(all -> all.getGraphsBuilder(loop).getNodesBuilder(0).setHeld(0, inner)))
        .contains("in two nodes");
    assertThat(
            refusal(
                all ->
                    all.getGraphsBuilder(outer)
                        .getNodesBuilder(0)
                        .setHeld(0, all.getGraphs(outer).getHandle())))
        .contains("in itself");
    assertThat(refusal(all -> all.getGraphsBuilder(outer).getNodesBuilder(0).addHeld(inner)))
        .contains("in two nodes");
    assertThat(refusal(all -> all.getGraphsBuilder(loop).getNodesBuilder(0).clearHeld()))
        .contains("number of graphs");
    assertThat(refusal(all -> all.getGraphsBuilder(outer).getNodesBuilder(0).setHeld(0, 1)))
        .contains("graph");
  }

  @Test
  void conditionsAreWordsOfTheSession() {
    int loop = holder(true);
    long outside = image.getDevices(0).getDomain().getSlabAddress() - 4;
    assertThat(
            refusal(all -> all.getGraphsBuilder(loop).getConditionsBuilder(0).setAddress(outside)))
        .contains("in the session's memory");
    assertThat(
            refusal(
                all ->
                    all.getGraphsBuilder(loop)
                        .getNodesBuilder(0)
                        .getWorkBuilder()
                        .getConditionalBuilder()
                        .setAddress(outside)))
        .contains("in the session's memory");
    assertThat(
            refusal(
                all ->
                    all.getGraphsBuilder(loop)
                        .getNodesBuilder(0)
                        .getWorkBuilder()
                        .getConditionalBuilder()
                        .setKind(7)))
        .contains("conditional node");
  }

  private static SessionImage.Domain.UsedHeap.Builder heap(SessionImage.Builder all) {
    return all.getDevicesBuilder(0).getDomainBuilder().getUsedHeapBuilder();
  }

  @Test
  void heapsHaveOnlyBlocksThatFitWhereHeapsAre() {
    long start = image.getDevices(0).getDomain().getUsedHeap().getStart();
    assertThat(refusal(all -> heap(all).setBytes(1 << 20))).contains("another length");
    ByteString large = ByteString.copyFrom(new byte[] {24});
    assertThat(refusal(all -> heap(all).setBytes(1 << 24).setBlocks(large)))
        .as("16 MiB of 8")
        .contains("more than a heap's");
    assertThat(refusal(all -> heap(all).setBlocks(ByteString.copyFrom(new byte[] {3}))))
        .contains("2^3 bytes");
    assertThat(refusal(all -> heap(all).setStart(start + 16))).contains("no room for the heap");
    assertThat(refusal(all -> heap(all).setStart(start - (1L << 30)))).contains("no room");
    assertThat(refusal(all -> heap(all).setStart(0))).contains("nowhere");
    assertThat(refusal(all -> heap(all).setCalled(false))).contains("without a call");
    assertThat(refusal(all -> all.getDevicesBuilder(0).getDomainBuilder().clearHeapBytes()))
        .contains("without a length");
    assertThat(refusal(all -> all.getDevicesBuilder(0).getDomainBuilder().setHeapBytes(1L << 40)))
        .contains("heap");
  }

  @Test
  void faultsAreTheDeviceSAndTheDriverS() {
    assertThat(refusal(all -> all.getDevicesBuilder(0).getDomainBuilder().setFault(700)))
        .contains("such a fault");
    assertThat(refusal(all -> all.getDevicesBuilder(0).getDomainBuilder().setFault(1)))
        .contains("such a fault");
  }

  @Test
  void capturesAreOfStreamsAndNodesThatAreThere() {
    SessionImage.Capture.Builder none = SessionImage.Capture.newBuilder().setId(1).setGraph(1);
    assertThat(refusal(all -> all.addOpenCaptures(none))).contains("such a capture");
    assertThat(refusal(all -> all.setCaptures(1).addOpenCaptures(none))).contains("graph");
    long graph = image.getGraphs(0).getHandle();
    assertThat(refusal(all -> all.setCaptures(1).addOpenCaptures(none.setGraph(graph))))
        .contains("no stream");
  }
}
