// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static io.remora.client.TestCalls.eventually;
import static io.remora.client.TestCalls.ok;
import static io.remora.client.TestCalls.outputs;
import static io.remora.client.TestCalls.pointer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Metadata;
import io.grpc.Status;
import io.remora.client.FakeServer.Behaviour;
import io.remora.client.FakeServer.ReceivedCall;
import io.remora.client.FakeServer.Session;
import io.remora.client.generated.Calls;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Hello;
import io.remora.v1.HostCallback;
import io.remora.v1.MachinePart;
import io.remora.v1.ServerFrame;
import io.remora.v1.Welcome;
import io.remora.wire.WireReader;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One machine of a server with one device and one with two. */
class SeveralServersTest {
  private static final long SLAB_BYTES = 1 << 30;

  private final Part one = new Part(1, 1L << 40);
  private final Part two = new Part(2, 2L << 40);
  private FakeServer first;
  private FakeServer second;
  private RemoteCuda cuda;

  /** A server that welcomes with devices numbered as it is told. */
  private static final class Part implements Behaviour {
    final CountDownLatch greeted = new CountDownLatch(1);
    private final int devices;
    private final long slab;
    volatile MachinePart part = MachinePart.getDefaultInstance();

    /** Answers calls that wait, unless it is told not to. */
    volatile boolean silent;

    Part(int devices, long slab) {
      this.devices = devices;
      this.slab = slab;
    }

    @Override
    public void onHello(Session session, Hello hello, Metadata headers) {
      part = hello.getPart();
      Welcome welcome = FakeServer.welcome(4096, 64 << 20);
      DeviceSnapshot device = welcome.getDevices(0);
      Welcome.Builder mine = welcome.toBuilder().clearDevices();
      for (int i = 0; i < devices; i++) {
        mine.addDevices(
            device.toBuilder()
                .setOrdinal(part.getFirstDevice() + i)
                .setSlabAddress(slab + i * SLAB_BYTES)
                .setSlabBytes(SLAB_BYTES));
      }
      session.send(ServerFrame.newBuilder().setWelcome(mine).build());
      greeted.countDown();
    }

    @Override
    public void onCall(Session session, ReceivedCall call) {
      if (Calls.isSync(call.number()) && !silent) {
        session.answer(
            call,
            call.number() == Calls.CU_MEM_ALLOC
                ? outputs(out -> out.varint(1, slab + 4096))
                : new byte[0]);
      }
    }

    long address() {
      return slab + 4096;
    }
  }

  @BeforeEach
  void connect() throws Exception {
    first = new FakeServer(one);
    second = new FakeServer(two);
    cuda = RemoteCuda.connect(List.of(first.settings(), second.settings()));
  }

  @AfterEach
  void close() {
    cuda.close();
    first.close();
    second.close();
  }

  private CUcontext use(int ordinal) {
    CUdevice device = new CUdevice();
    CUcontext context = new CUcontext();
    ok(cuda.cuDeviceGet(device, ordinal));
    ok(cuda.cuDevicePrimaryCtxRetain(context, device));
    ok(cuda.cuCtxSetCurrent(context));
    return context;
  }

  private static List<Integer> numbers(FakeServer server) {
    return server.session().calls.stream().map(ReceivedCall::number).toList();
  }

  private CUstream stream() {
    CUstream stream = new CUstream();
    ok(cuda.cuStreamCreate(stream, 0));
    return stream;
  }

  private CUevent event() {
    CUevent event = new CUevent();
    ok(cuda.cuEventCreate(event, 0));
    return event;
  }

  /** The token of the latest function that was put on a stream of a server. */
  private static ReceivedCall awaitFunction(FakeServer server) {
    eventually(
        "a function on a stream",
        () -> !server.session().callsOf(Calls.CU_STREAM_ADD_CALLBACK).isEmpty());
    List<ReceivedCall> calls = server.session().callsOf(Calls.CU_STREAM_ADD_CALLBACK);
    return calls.get(calls.size() - 1);
  }

  private static void reach(FakeServer server, ReceivedCall function) {
    WireReader in = function.reader();
    long token = 0;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (tag >>> 3 == 15) {
        token = in.readVarint64();
      } else {
        in.skip(tag);
      }
    }
    server
        .session()
        .send(
            ServerFrame.newBuilder()
                .addCallbacks(
                    HostCallback.newBuilder().setSequence(function.sequence()).setToken(token))
                .build());
  }

  @Test
  void eachServerHearsWhatTheOthersHave() {
    assertThat(one.part).isEqualTo(MachinePart.getDefaultInstance());
    assertThat(two.part.getIndex()).isEqualTo(1);
    assertThat(two.part.getFirstDevice()).isEqualTo(1);
    assertThat(two.part.getTakenList())
        .singleElement()
        .satisfies(
            taken -> {
              assertThat(taken.getAddress()).isEqualTo(1L << 40);
              assertThat(taken.getBytes()).isEqualTo(SLAB_BYTES);
            });
    int[] count = new int[1];
    ok(cuda.cuDeviceGetCount(count));
    assertThat(count[0]).isEqualTo(3);
    assertThat(cuda.welcome().getDevicesList())
        .extracting(DeviceSnapshot::getOrdinal)
        .containsExactly(0, 1, 2);
    assertThat(cuda.servers())
        .containsExactly(first.settings().server(), second.settings().server());
    assertThat(cuda.serverOf(2)).isEqualTo(second.settings().server());
    assertThat(cuda.stats().across().servers()).isEqualTo(2);
  }

  @Test
  void callsGoToTheServerThatHasTheirObjects() {
    use(2);
    CUstream stream = stream();
    CUdeviceptr memory = new CUdeviceptr();
    ok(cuda.cuMemAlloc(memory, 100));
    use(0);
    ok(cuda.cuStreamQuery(stream));
    ok(cuda.cuMemFree(memory));
    ok(cuda.cuCtxSynchronize());
    cuda.flush();
    eventually("the free", () -> numbers(second).contains(Calls.CU_MEM_FREE));
    assertThat(numbers(second))
        .containsExactly(
            Calls.CU_STREAM_CREATE_WITH_PRIORITY,
            Calls.CU_MEM_ALLOC,
            Calls.CU_STREAM_QUERY,
            Calls.CU_MEM_FREE);
    assertThat(second.session().calls)
        .extracting(ReceivedCall::context)
        .containsExactly(2L, 2L, 1L, 1L);
    assertThat(numbers(first)).containsExactly(Calls.CU_CTX_SYNCHRONIZE);
    assertThat(cuda.stats().callsSent()).isEqualTo(5);
  }

  @Test
  void largeCopiesGoInChunksToTheMemorysServer() {
    use(0);
    byte[] bytes = new byte[(2 << 20) + 10];
    ok(cuda.cuMemcpyHtoD(pointer(two.address()), Pointer.to(bytes), bytes.length));
    eventually("the chunks", () -> second.session().callsOf(Calls.CU_MEMCPY_HTO_D).size() == 3);
    assertThat(first.sessions.get(0).calls).isEmpty();
  }

  @Test
  void aStreamStandsStillUntilTheOtherServersEventHasCome() {
    use(1);
    CUevent event = event();
    use(0);
    CUstream stream = stream();
    ok(cuda.cuStreamWaitEvent(stream, event, 0));
    ReceivedCall hold = awaitFunction(first);
    ReceivedCall watch = awaitFunction(second);
    assertThat(second.session().callsOf(Calls.CU_STREAM_WAIT_EVENT)).hasSize(1);
    assertThat(first.session().callsOf(Calls.CU_STREAM_WAIT_EVENT)).isEmpty();
    reach(first, hold);
    reach(second, watch);
    eventually("both go on", () -> first.session().callbacksDone.contains(hold.sequence()));
    ok(cuda.cuCtxSynchronize());
  }

  @Test
  void whoWaitsForAServerThatIsLostGoesOnAndIsToldOnce() {
    use(2);
    CUevent event = event();
    use(0);
    CUstream stream = stream();
    ok(cuda.cuStreamWaitEvent(stream, event, 0));
    ReceivedCall hold = awaitFunction(first);
    awaitFunction(second);
    reach(first, hold);
    second.session().end(Status.UNAVAILABLE.withDescription("gone"));
    eventually("the stream goes on", () -> first.session().callbacksDone.size() == 1);
    assertThat(cuda.cuStreamSynchronize(stream)).isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
    ok(cuda.cuStreamSynchronize(stream));
    assertThat(cuda.cuEventQuery(event)).isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
    ok(cuda.cuInit(0));
    assertThat(cuda.cuMemcpyDtoD(pointer(one.address()), pointer(two.address()), 4))
        .isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
    ok(cuda.cuCtxSynchronize());
  }

  @Test
  void whatIsMadeOfAnObjectIsMadeOnItsServer() {
    use(1);
    CUgraph graph = new CUgraph();
    ok(cuda.cuGraphCreate(graph, 0));
    use(0);
    CUgraphNode node = new CUgraphNode();
    CUgraph clone = new CUgraph();
    CUgraphExec exec = new CUgraphExec();
    ok(cuda.cuGraphAddEmptyNode(node, graph, null, 0));
    ok(cuda.cuGraphClone(clone, graph));
    ok(cuda.cuGraphInstantiate(exec, graph, 0));
    cuda.flush();
    assertThat(List.of(graph, node, clone, exec))
        .extracting(each -> JCudaFields.value(each) >>> 48)
        .containsOnly(1L);
    assertThat(numbers(second))
        .containsExactly(
            Calls.CU_GRAPH_CREATE,
            Calls.REMORA_GRAPH_ADD_NODE,
            Calls.CU_GRAPH_CLONE,
            Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS);
    assertThat(numbers(first)).isEmpty();
  }

  @Test
  void aCaptureIsOfOneServer() {
    use(2);
    CUevent event = event();
    use(0);
    CUstream stream = stream();
    ok(cuda.cuStreamBeginCapture(stream, 0));
    assertThat(cuda.cuStreamWaitEvent(stream, event, 0))
        .isEqualTo(CUresult.CUDA_ERROR_NOT_SUPPORTED);
    assertThat(cuda.cuMemcpyDtoD(pointer(one.address()), pointer(two.address()), 4))
        .isEqualTo(CUresult.CUDA_ERROR_NOT_SUPPORTED);
  }

  @Test
  void serversWithTheSameAddressesAreNoMachine() throws Exception {
    try (FakeServer same = new FakeServer(new Part(1, 1L << 40))) {
      ConnectionException refused =
          catchThrowableOfType(
              ConnectionException.class,
              () -> RemoteCuda.connect(List.of(first.settings(), same.settings())).close());
      assertThat(refused).hasMessageContaining("have given the same device addresses");
      eventually("the first session's end", () -> first.sessions.get(1).ended);
    }
  }
}
