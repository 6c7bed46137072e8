// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CuArray3DCreate;
import io.remora.v1.CuCtxRecordEvent;
import io.remora.v1.CuEventCreate;
import io.remora.v1.CuEventRecordWithFlags;
import io.remora.v1.CuGraphInstantiateWithFlags;
import io.remora.v1.CuGraphLaunch;
import io.remora.v1.CuLaunchKernel;
import io.remora.v1.CuMemAddressReserve;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemAllocAsync;
import io.remora.v1.CuMemCreate;
import io.remora.v1.CuMemFree;
import io.remora.v1.CuMemMap;
import io.remora.v1.CuMemSetAccess;
import io.remora.v1.CuMemcpyDtoH;
import io.remora.v1.CuMemcpyHtoD;
import io.remora.v1.CuMemsetD32Async;
import io.remora.v1.CuModuleGetFunction;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.CuPointerSetAttribute;
import io.remora.v1.CuStreamBeginCaptureV10010;
import io.remora.v1.CuStreamCreateWithPriority;
import io.remora.v1.CuStreamEndCapture;
import io.remora.v1.CuStreamSynchronize;
import io.remora.v1.CuTexObjectCreate;
import io.remora.v1.RemoraGraphAddAllocation;
import io.remora.v1.RemoraUploadImage;
import io.remora.v1.SessionImage;
import io.remora.v1.Welcome;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A session that is written down on one server and made again on another. */
class SessionMoveTest {
  private static final long WAIT_SECONDS = MovingClient.WAIT_SECONDS;
  private static final long HANDLE = HandleTable.FIRST_HANDLE;
  private static final long STREAM = HANDLE;
  private static final long EVENT = HANDLE + 1;
  private static final long MODULE = HANDLE + 2;
  private static final long FUNCTION = HANDLE + 3;
  private static final long GRAPH = HANDLE + 4;
  private static final long EXEC = HANDLE + 5;
  private static final long PHYSICAL = HANDLE + 6;
  private static final long NODE = HANDLE + 8;

  private final MoveRoom here = new MoveRoom(256L << 20);
  private final MoveRoom there = new MoveRoom(256L << 20);

  @SuppressWarnings("NullAway.Init") // Each test opens it.
  private MovingClient client;

  @SuppressWarnings("NullAway.Init") // Each test opens it.
  private MovedExtras extras;

  private long memory;
  private long mapped;

  @AfterEach
  void closeRooms() {
    here.close();
    there.close();
  }

  /** A session with something of everything. */
  private void open() throws Exception {
    client = new MovingClient(here.sessions, MovingClient.grant(here.account, here.closed));
    byte[] image = MoveRoom.resource("/cuda/vector_add.ptx");
    ByteString hash = ByteString.copyFrom(TestCalls.sha256(image));
    client.call(
        Calls.REMORA_UPLOAD_IMAGE,
        RemoraUploadImage.newBuilder()
            .setSha256(hash)
            .setTotalBytes(image.length)
            .setData(ByteString.copyFrom(image))
            .build());
    client.wait(
        Calls.CU_MODULE_LOAD_DATA,
        CuModuleLoadData.newBuilder()
            .setModule(MODULE)
            .setImageSha256(hash)
            .setImageBytes(image.length)
            .build());
    client.wait(
        Calls.CU_MODULE_GET_FUNCTION,
        CuModuleGetFunction.newBuilder()
            .setHfunc(FUNCTION)
            .setHmod(MODULE)
            .setName("vectorAdd")
            .build());
    long hole = allocate(3 << 20);
    memory = allocate(5 << 20);
    client.call(Calls.CU_MEM_FREE, CuMemFree.newBuilder().setDptr(hole).build());
    client.call(
        Calls.CU_STREAM_CREATE_WITH_PRIORITY,
        CuStreamCreateWithPriority.newBuilder().setPhStream(STREAM).setFlags(1).build());
    client.call(Calls.CU_EVENT_CREATE, CuEventCreate.newBuilder().setPhEvent(EVENT).build());
    write(memory, new float[] {1, 2, 3, 4});
    client.call(
        Calls.CU_EVENT_RECORD_WITH_FLAGS,
        CuEventRecordWithFlags.newBuilder().setHEvent(EVENT).setHStream(STREAM).build());
    client.wait(
        Calls.CU_MEM_ALLOC_ASYNC,
        CuMemAllocAsync.newBuilder().setBytesize(1000).setHStream(STREAM).build());
    client.wait(
        Calls.CU_POINTER_SET_ATTRIBUTE,
        CuPointerSetAttribute.newBuilder().setAttribute(6).setPtr(memory).setSetting(1).build());
    client.call(Calls.CU_CTX_RECORD_EVENT, CuCtxRecordEvent.newBuilder().setHEvent(EVENT).build());
    capture();
    makeArrayAndTexture();
    mapMemory();
    client.wait(
        Calls.REMORA_GRAPH_ADD_ALLOCATION,
        RemoraGraphAddAllocation.newBuilder()
            .setNode(NODE)
            .setGraph(GRAPH)
            .setAllocType(1)
            .setLocationType(1)
            .setByteCount(4096)
            .build());
    extras = new MovedExtras(client);
    extras.make();
    synchronize();
    here.clock.addAndGet(700);
  }

  private long allocate(long bytes) throws Exception {
    Answer answer =
        client.wait(Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(bytes).build());
    return CuMemAlloc.parseFrom(answer.getOutputs()).getDptr();
  }

  private void write(long address, float[] values) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    client.call(
        Calls.CU_MEMCPY_HTO_D,
        CuMemcpyHtoD.newBuilder()
            .setDstDevice(address)
            .setByteCount(bytes.capacity())
            .setSrcHost(ByteString.copyFrom(bytes.flip()))
            .build());
  }

  private float read(long address) throws Exception {
    Answer answer =
        client.wait(
            Calls.CU_MEMCPY_DTO_H,
            CuMemcpyDtoH.newBuilder().setSrcDevice(address).setByteCount(4).build());
    return CuMemcpyDtoH.parseFrom(answer.getOutputs())
        .getDstHost()
        .asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .getFloat();
  }

  private void synchronize() throws Exception {
    client.wait(
        Calls.CU_STREAM_SYNCHRONIZE, CuStreamSynchronize.newBuilder().setHStream(STREAM).build());
    client.wait(Calls.CU_STREAM_SYNCHRONIZE, CuStreamSynchronize.getDefaultInstance());
  }

  /** Adds the first number to the second. */
  private CuLaunchKernel sum() {
    ByteBuffer parameters = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
    parameters.putLong(memory).putLong(memory + 4).putLong(memory + 4).putInt(1).flip();
    return CuLaunchKernel.newBuilder()
        .setF(FUNCTION)
        .setGridDimX(1)
        .setGridDimY(1)
        .setGridDimZ(1)
        .setBlockDimX(1)
        .setBlockDimY(1)
        .setBlockDimZ(1)
        .setHStream(STREAM)
        .setKernelParams(ByteString.copyFrom(parameters))
        .build();
  }

  /** A fill of the third number's bits with 0, and the sum. */
  private void capture() throws Exception {
    client.wait(
        Calls.CU_STREAM_BEGIN_CAPTURE_V10010,
        CuStreamBeginCaptureV10010.newBuilder()
            .setHStream(STREAM)
            .setThread(1)
            .setGraph(GRAPH)
            .build());
    client.call(
        Calls.CU_MEMSET_D32_ASYNC,
        CuMemsetD32Async.newBuilder().setDstDevice(memory + 8).setN(1).setHStream(STREAM).build());
    client.call(Calls.CU_LAUNCH_KERNEL, sum());
    client.wait(
        Calls.CU_STREAM_END_CAPTURE,
        CuStreamEndCapture.newBuilder().setHStream(STREAM).setThread(1).build());
    client.retain(GRAPH, 99);
    client.wait(
        Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS,
        CuGraphInstantiateWithFlags.newBuilder().setPhGraphExec(EXEC).setHGraph(GRAPH).build());
  }

  private void makeArrayAndTexture() throws Exception {
    Answer made =
        client.wait(
            Calls.CU_ARRAY3_D_CREATE,
            CuArray3DCreate.newBuilder()
                .setWidth(16)
                .setHeight(8)
                .setFormat(0x20)
                .setNumChannels(1)
                .build());
    client.wait(
        Calls.CU_TEX_OBJECT_CREATE,
        CuTexObjectCreate.newBuilder()
            .setAddress(CuArray3DCreate.parseFrom(made.getOutputs()).getPHandle())
            .addAllAddressModes(List.of(1, 1, 1))
            .addAllBorderColor(List.of(0, 0, 0, 0))
            .build());
  }

  private void mapMemory() throws Exception {
    long bytes = 2 << 20;
    Answer reserved =
        client.wait(
            Calls.CU_MEM_ADDRESS_RESERVE,
            CuMemAddressReserve.newBuilder().setSize(2 * bytes).build());
    mapped = CuMemAddressReserve.parseFrom(reserved.getOutputs()).getPtr();
    client.call(
        Calls.CU_MEM_CREATE,
        CuMemCreate.newBuilder()
            .setHandle(PHYSICAL)
            .setSize(bytes)
            .setAllocType(1)
            .setLocationType(1)
            .build());
    client.call(
        Calls.CU_MEM_MAP,
        CuMemMap.newBuilder().setPtr(mapped).setSize(bytes).setHandle(PHYSICAL).build());
    client.call(
        Calls.CU_MEM_SET_ACCESS,
        CuMemSetAccess.newBuilder()
            .setPtr(mapped)
            .setSize(bytes)
            .addLocationTypes(1)
            .addLocationIds(0)
            .addAccess(3)
            .build());
    write(mapped, new float[] {11});
  }

  private SessionImage written(Session session) throws Exception {
    ClientSession own = (ClientSession) session;
    CompletableFuture<SessionImage> image = new CompletableFuture<>();
    own.serial()
        .execute(
            () -> {
              try {
                own.outbox().flush();
                image.complete(SessionImages.write(own, own.relocation().waiting()).image());
              } catch (RuntimeException e) {
                image.completeExceptionally(e);
              }
            });
    return image.get(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  @Test
  void whatIsWrittenOfTheMovedSessionIsWhatWasWrittenOfTheFirst() throws Exception {
    open();
    SessionImage before = written(client.session);
    assertThat(before.getStreamsCount()).as("with the one that waits for all").isEqualTo(2);
    assertThat(before.getDevices(0).getSlab().getAllocationsList())
        .filteredOn(SessionImage.Allocation::getSyncMemops)
        .hasSize(1);
    Hand hand = new Hand(there);
    client.session.depart(TimeUnit.SECONDS.toNanos(WAIT_SECONDS), hand);
    Session moved = hand.arrived.get(WAIT_SECONDS, TimeUnit.SECONDS);
    assertThat(client.toldToMove().get(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo("there:1");
    there.clock.set(50);
    SessionImage after = written(moved);
    long lag = 50 - 1_000;
    SessionImage.Builder expected = before.toBuilder();
    expected
        .getDevicesBuilder(0)
        .getDomainBuilder()
        .getEventsBuilderList()
        .forEach(
            event -> {
              if (event.hasAgeNanos()) {
                event.setAgeNanos(event.getAgeNanos() + lag);
              }
            });
    expected.getToldBuilder().setDevices(0, after.getTold().getDevices(0));
    assertThat(after).isEqualTo(expected.build());

    assertThat(here.closed.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    here.expectNothingHeld();
    assertThat(there.ledger.reservedBytes()).isEqualTo(before.getDevices(0).getChargedBytes());
    client.follow(moved);
    assertThat(read(memory + 4)).isEqualTo(2);
    assertThat(read(mapped)).isEqualTo(11);
    extras.goOn();
    client.call(
        Calls.CU_GRAPH_LAUNCH,
        CuGraphLaunch.newBuilder().setHGraphExec(EXEC).setHStream(STREAM).build());
    client.call(Calls.CU_LAUNCH_KERNEL, sum());
    synchronize();
    client.destroy(GRAPH, EXEC);
    assertThat(read(memory + 4)).isEqualTo(4);
    assertThat(read(memory + 8)).isZero();
    assertThat(client.callbacks).containsExactly(MovedExtras.TOKEN, 99L);
    assertThat(client.errors).isEmpty();
    client.session.onEnd("test");
    assertThat(there.closed.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    there.expectNothingHeld();
  }

  @Test
  void whatItsFirstServerToldTheClientCountsOnAllThatFollow() throws Exception {
    open();
    BitSet calls = new BitSet();
    calls.set(Calls.CU_MEM_ALLOC);
    Welcome.Builder known = written(client.session).toBuilder().getToldBuilder();
    known
        .setProtocolVersion(Handshake.PROTOCOL_VERSION - 1)
        .setTableHash(ByteString.copyFrom(new byte[32]))
        .setSupportedCalls(ByteString.copyFrom(calls.toByteArray()))
        .setServerVersion("0.0.9")
        .setWindowCalls(known.getWindowCalls() / 2);
    Hand hand = new Hand(there, image -> image.toBuilder().setTold(known).build());
    client.session.depart(TimeUnit.SECONDS.toNanos(WAIT_SECONDS), hand);
    Session moved = hand.arrived.get(WAIT_SECONDS, TimeUnit.SECONDS);
    Welcome told = written(moved).getTold();
    assertThat(told.toBuilder().clearDevices().build())
        .isEqualTo(known.clone().clearDevices().build());
    assertThat(told.getDevicesCount()).isEqualTo(1);
    client.follow(moved);
    client.session.onEnd("test");
    assertThat(there.closed.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void callsThatComeWhileTheSessionMovesAreCarriedOutOnceAfterwards() throws Exception {
    open();
    Hand hand = new Hand(there);
    CompletableFuture<Void> inTheMidst = new CompletableFuture<>();
    CompletableFuture<Void> sent = new CompletableFuture<>();
    client.session.depart(
        TimeUnit.SECONDS.toNanos(WAIT_SECONDS),
        new Carrier() {
          @Override
          public void carry(Cargo cargo) {
            inTheMidst.complete(null);
            sent.join();
            hand.carry(cargo);
          }

          @Override
          public String goesOn() {
            return hand.goesOn();
          }

          @Override
          public void gone(long bytes) {
            hand.gone(bytes);
          }

          @Override
          public void refused(String why) {
            hand.refused(why);
          }
        });
    inTheMidst.get(WAIT_SECONDS, TimeUnit.SECONDS);
    client.send(client.frame(Calls.CU_LAUNCH_KERNEL, sum(), 200));
    sent.complete(null);
    client.follow(hand.arrived.get(WAIT_SECONDS, TimeUnit.SECONDS));
    synchronize();
    assertThat(read(memory + 4)).isEqualTo(202);
    assertThat(client.errors).isEmpty();
    client.session.onEnd("test");
    assertThat(there.closed.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aSessionThatTheOtherServerCannotHaveStaysWhole() throws Exception {
    open();
    assertThat(there.ledger.reserve(126L << 20)).isTrue();
    Hand hand = new Hand(there);
    client.session.depart(TimeUnit.SECONDS.toNanos(WAIT_SECONDS), hand);
    assertThat(hand.stays.get(WAIT_SECONDS, TimeUnit.SECONDS)).contains("memory quota");
    assertThat(there.ledger.reservedBytes()).isEqualTo(126L << 20);
    there.ledger.release(126L << 20);
    there.expectNothingHeld();
    client.call(Calls.CU_LAUNCH_KERNEL, sum());
    synchronize();
    assertThat(read(memory + 4)).isEqualTo(3);
    client.session.onEnd("test");
    assertThat(here.closed.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    here.expectNothingHeld();
  }

  private static String refusal(MoveRoom room, SessionImage image) {
    var grant = MovingClient.grant(room.account, room.closed);
    Unmovable refused =
        catchThrowableOfType(
            Unmovable.class,
            () -> room.sessions.arrive(grant, image, (hash, bytes) -> ByteBuffer.allocate(0)));
    room.expectNothingHeld();
    return refused.why();
  }

  @Test
  void aServerWithAnotherDeviceOrOfAnotherVersionRefuses() throws Exception {
    open();
    SessionImage image = written(client.session);
    try (MoveRoom smaller = new MoveRoom(64L << 20)) {
      assertThat(refusal(smaller, image)).contains("no device like");
    }
    assertThat(refusal(there, image.toBuilder().setFormat(3).build())).contains("another version");
    SessionImage.Builder newer = image.toBuilder();
    newer.getToldBuilder().setProtocolVersion(Handshake.PROTOCOL_VERSION + 2);
    assertThat(refusal(there, newer.build())).contains("more than one apart");
    client.session.onEnd("test");
  }

  /** The driver's checks are the same for all; what is changed here is what was written. */
  @Test
  void damagedImagesAreRefusedAndLeaveNothing() throws Exception {
    open();
    byte[] image = written(client.session).toByteArray();
    byte[] module = MoveRoom.resource("/cuda/vector_add.ptx");
    ByteString its = ByteString.copyFrom(TestCalls.sha256(module));
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("SessionMoveTest -Dseed=" + seed);
    Random random = new Random(seed);
    int refused = 0;
    int rounds = 400;
    for (int i = 0; i < rounds; i++) {
      byte[] damaged = image.clone();
      for (int change = 1 + random.nextInt(3); change > 0; change--) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 + random.nextInt(255));
      }
      if (random.nextInt(4) == 0) {
        damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
      }
      SessionImage read;
      try {
        read = SessionImage.parseFrom(damaged);
      } catch (InvalidProtocolBufferException e) {
        refused++;
        continue;
      }
      try {
        there
            .sessions
            .arrive(
                MovingClient.grant(there.account, there.closed),
                read,
                (hash, bytes) -> ByteBuffer.wrap(hash.equals(its) ? module : MovedExtras.module()))
            .drop("test");
      } catch (Unmovable expected) {
        assertThat(expected.why()).isNotEmpty();
        refused++;
      }
      there.expectNothingHeld();
    }
    assertThat(refused).isGreaterThan(rounds / 4);
    client.session.onEnd("test");
  }
}
