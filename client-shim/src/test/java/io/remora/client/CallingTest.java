// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static io.remora.client.TestCalls.eventually;
import static io.remora.client.TestCalls.ok;
import static io.remora.client.TestCalls.outputs;
import static io.remora.client.TestCalls.pointer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.remora.client.FakeServer.Behaviour;
import io.remora.client.FakeServer.ReceivedCall;
import io.remora.client.FakeServer.Session;
import io.remora.client.generated.Calls;
import io.remora.v1.AsyncError;
import io.remora.v1.HostCallback;
import io.remora.v1.ServerFrame;
import io.remora.wire.WireReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import jcuda.CudaException;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls against a server that does what the test says: order, batches, credit, answers, loss. */
@Timeout(60)
final class CallingTest {
  private static final byte ZERO = 0;

  @Test
  void asynchronousCallsTravelInOrderAndManyToAFrame() throws Exception {
    try (FakeServer server = new FakeServer();
        RemoteCuda cuda = server.connect()) {
      for (int i = 0; i < 1000; i++) {
        ok(cuda.cuMemsetD8Async(pointer(4096), ZERO, i + 1, null));
      }
      ok(cuda.cuCtxSynchronize());

      List<ReceivedCall> calls = new ArrayList<>(server.session().calls);
      assertThat(calls).hasSize(1001);
      for (int i = 0; i < calls.size(); i++) {
        assertThat(calls.get(i).sequence()).isEqualTo(i + 1);
      }
      for (int i = 0; i < 1000; i++) {
        WireReader in = calls.get(i).reader();
        in.readTag();
        in.readVarint64();
        in.readTag();
        assertThat(in.readVarint64()).isEqualTo(i + 1);
      }
      assertThat(server.session().frames).isLessThan(100);
      assertThat(cuda.stats().callsSent()).isEqualTo(1001);
      assertThat(cuda.stats().callsWaited()).isEqualTo(1);
    }
  }

  @Test
  void aLoneAsynchronousCallIsSentWithoutBeingAskedFor() throws Exception {
    try (FakeServer server = new FakeServer();
        RemoteCuda cuda = server.connect()) {
      for (int round = 1; round <= 3; round++) {
        ok(cuda.cuMemFree(pointer(4096)));
        int expected = round;
        eventually("the call arrives", () -> server.session().calls.size() == expected);
      }
    }
  }

  @Test
  void withoutCreditCallersBlockAndWithCreditTheyGoOn() throws Exception {
    int window = 10;
    AtomicInteger most = new AtomicInteger();
    AtomicInteger credited = new AtomicInteger();
    Behaviour stingy =
        new Behaviour() {
          @Override
          public void onHello(Session session, io.remora.v1.Hello hello, io.grpc.Metadata headers) {
            session.send(
                ServerFrame.newBuilder().setWelcome(FakeServer.welcome(window, 1 << 20)).build());
          }

          @Override
          public void onCall(Session session, ReceivedCall call) {
            most.accumulateAndGet((int) call.sequence() - credited.get(), Math::max);
            if (call.number() == Calls.CU_CTX_SYNCHRONIZE) {
              session.answer(call, new byte[0]);
            }
          }

          @Override
          public void onFrameEnd(Session session) {}
        };
    try (FakeServer server = new FakeServer(stingy);
        RemoteCuda cuda = server.connect()) {
      CompletableFuture<Void> caller =
          CompletableFuture.runAsync(
              () -> {
                TestCalls.makeCurrent(cuda);
                for (int i = 0; i < 95; i++) {
                  ok(cuda.cuMemFree(pointer(4096)));
                }
                ok(cuda.cuCtxSynchronize());
              });
      while (!caller.isDone()) {
        Session session = server.session();
        eventually(
            "the window is full",
            () -> caller.isDone() || session.lastSequence >= Math.min(96, credited.get() + window));
        credited.set((int) session.lastSequence);
        session.credit();
      }
      caller.get(10, TimeUnit.SECONDS);
      assertThat(server.session().calls).hasSize(96);
      assertThat(most.get()).isEqualTo(window);
      assertThat(cuda.stats().creditWaitNanos()).isPositive();
    }
  }

  @Test
  void anErrorOfAnAsynchronousCallIsToldOnceAtTheNextWaitWithItsName() throws Exception {
    Behaviour failing =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            if (call.sequence() == 3) {
              session.send(
                  ServerFrame.newBuilder()
                      .addErrors(
                          AsyncError.newBuilder()
                              .setSequence(3)
                              .setCallNumber(call.number())
                              .setResult(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS)
                              .setDetail("thread 7 of block 1"))
                      .build());
            }
            Behaviour.super.onCall(session, call);
          }
        };
    try (FakeServer server = new FakeServer(failing);
        RemoteCuda cuda = server.connect()) {
      for (int i = 0; i < 5; i++) {
        ok(cuda.cuMemsetD8(pointer(4096), ZERO, 1));
      }
      assertThat(cuda.cuCtxSynchronize()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
      assertThat(cuda.lastErrorDetail())
          .contains("cuMemsetD8")
          .contains("call 3")
          .contains("thread 7 of block 1");
      ok(cuda.cuCtxSynchronize());
    }
  }

  @Test
  void aWaitThatFailsBecauseOfAnEarlierCallNamesThatCall() throws Exception {
    Behaviour faulting =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            if (call.sequence() == 1) {
              session.send(
                  ServerFrame.newBuilder()
                      .addErrors(
                          AsyncError.newBuilder()
                              .setSequence(1)
                              .setCallNumber(call.number())
                              .setResult(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS)
                              .setSticky(true))
                      .build());
            } else {
              session.fail(call, CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "the context is lost");
            }
          }
        };
    try (FakeServer server = new FakeServer(faulting);
        RemoteCuda cuda = server.connect()) {
      ok(cuda.cuMemsetD8(pointer(4096), ZERO, 1));
      assertThat(cuda.cuCtxSynchronize()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
      assertThat(cuda.lastErrorDetail()).contains("cuMemsetD8 (call 1 of this session)");
      assertThat(cuda.cuCtxSynchronize()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
      assertThat(cuda.lastErrorDetail()).contains("the context is lost");
    }
  }

  @Test
  void theDetailOfAFailureIsForgottenWithTheNextFailure() throws Exception {
    Behaviour refusing =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            session.fail(call, CUresult.CUDA_ERROR_OUT_OF_MEMORY, "the quota is 1 MiB");
          }
        };
    try (FakeServer server = new FakeServer(refusing);
        RemoteCuda cuda = server.connect()) {
      assertThat(cuda.cuMemAlloc(new CUdeviceptr(), 1 << 21))
          .isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY);
      assertThat(cuda.lastErrorDetail()).isEqualTo("cuMemAlloc: the quota is 1 MiB");
      assertThat(cuda.cuEventSynchronize(new CUevent()))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE);
      assertThat(cuda.lastErrorDetail()).isEmpty();
      cuda.setExceptionsEnabled(true);
      assertThatThrownBy(() -> cuda.cuMemAlloc(new CUdeviceptr(), 1 << 21))
          .isInstanceOf(CudaException.class)
          .hasMessage("CUDA_ERROR_OUT_OF_MEMORY (cuMemAlloc: the quota is 1 MiB)");
    }
  }

  @Test
  void answersFindTheirThreadsInAnyOrder() throws Exception {
    int threads = 8;
    int rounds = 100;
    Random random = new Random(42);
    List<ReceivedCall> held = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger finished = new AtomicInteger();
    Behaviour shuffling =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            held.add(call);
            // Only complete rounds are answered, shuffled, until threads begin to finish.
            if (held.size() >= threads - finished.get()) {
              Collections.shuffle(held, random);
              for (ReceivedCall each : held) {
                WireReader in = each.reader();
                in.readTag();
                long size = in.readVarint64();
                session.answer(each, outputs(out -> out.varint(1, size * 3)));
              }
              held.clear();
            }
          }
        };
    try (FakeServer server = new FakeServer(shuffling);
        RemoteCuda cuda = server.connect()) {
      ExecutorService pool = Executors.newFixedThreadPool(threads);
      try {
        List<Future<?>> results = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
          int thread = t;
          results.add(pool.submit(() -> allocateOften(cuda, thread, rounds)));
        }
        for (Future<?> each : results) {
          each.get(30, TimeUnit.SECONDS);
        }
      } finally {
        pool.shutdownNow();
      }
      assertThat(server.session().calls).hasSize(threads * rounds);
    }
  }

  private static void allocateOften(RemoteCuda cuda, int thread, int rounds) {
    TestCalls.makeCurrent(cuda);
    for (int i = 1; i <= rounds; i++) {
      long bytes = thread * 1000L + i;
      CUdeviceptr pointer = new CUdeviceptr();
      ok(cuda.cuMemAlloc(pointer, bytes));
      assertThat(JCudaFields.address(pointer)).isEqualTo(bytes * 3);
    }
  }

  @Test
  void whenTheConnectionIsLostWaitingAndLaterCallsSayTheSame() throws Exception {
    Behaviour silent =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {}
        };
    try (FakeServer server = new FakeServer(silent);
        RemoteCuda cuda = server.connect()) {
      List<CompletableFuture<Integer>> waiting = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        waiting.add(
            CompletableFuture.supplyAsync(
                () -> {
                  TestCalls.makeCurrent(cuda);
                  return cuda.cuCtxSynchronize();
                },
                task -> new Thread(task).start()));
      }
      eventually("all wait", () -> server.session().calls.size() == 4);
      server.session().end(Status.UNAVAILABLE.withDescription("the test pulled the plug"));
      for (CompletableFuture<Integer> each : waiting) {
        assertThat(each.get(10, TimeUnit.SECONDS))
            .isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
      }
      assertThat(cuda.cuMemFree(pointer(1))).isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
      assertThat(cuda.cuCtxSynchronize()).isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
      assertThat(cuda.lastErrorDetail()).contains("pulled the plug");
    }
  }

  @Test
  void aServerThatDiesEndsTheSessionToo() throws Exception {
    FakeServer server = new FakeServer();
    try (RemoteCuda cuda = server.connect()) {
      ok(cuda.cuCtxSynchronize());
      server.close();
      eventually(
          "the loss is noticed",
          () -> cuda.cuCtxSynchronize() == CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
    }
  }

  @Test
  void garbageFromTheServerEndsTheSessionWithoutHanging() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    for (int i = 0; i < 20; i++) {
      byte[] garbage = new byte[1 + random.nextInt(60)];
      random.nextBytes(garbage);
      // A tag of wire type 7 is never well formed, wherever the rest leads to.
      garbage[0] = (byte) (garbage[0] | 7);
      Behaviour raving =
          new Behaviour() {
            @Override
            public void onCall(Session session, ReceivedCall call) {
              session.sendRaw(garbage);
            }
          };
      try (FakeServer server = new FakeServer(raving);
          RemoteCuda cuda = server.connect()) {
        assertThat(cuda.cuCtxSynchronize())
            .as("seed " + seed)
            .isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
        assertThat(cuda.lastErrorDetail()).contains("protocol");
      }
    }
  }

  @Test
  void anAnswerThatNobodyWaitsForEndsTheSession() throws Exception {
    Behaviour confused =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            session.answer(new ReceivedCall(99, call.number(), 0, new byte[0], 0), new byte[0]);
          }
        };
    try (FakeServer server = new FakeServer(confused);
        RemoteCuda cuda = server.connect()) {
      assertThat(cuda.cuCtxSynchronize()).isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
      assertThat(cuda.lastErrorDetail()).contains("99");
    }
  }

  @Test
  void hostFunctionsRunOnAThreadOfTheirOwnAndAreReported() throws Exception {
    Behaviour calling =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            if (call.number() == Calls.CU_LAUNCH_HOST_FUNC) {
              WireReader in = call.reader();
              long token = 0;
              for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (tag >>> 3 == 15) {
                  token = in.readVarint64();
                } else {
                  in.skip(tag);
                }
              }
              session.send(
                  ServerFrame.newBuilder()
                      .addCallbacks(
                          HostCallback.newBuilder().setSequence(call.sequence()).setToken(token))
                      .build());
            }
            Behaviour.super.onCall(session, call);
          }
        };
    try (FakeServer server = new FakeServer(calling);
        RemoteCuda cuda = server.connect()) {
      CompletableFuture<Object> seen = new CompletableFuture<>();
      CompletableFuture<String> thread = new CompletableFuture<>();
      ok(
          cuda.cuLaunchHostFunc(
              null,
              data -> {
                thread.complete(Thread.currentThread().getName());
                seen.complete(data);
              },
              "user data"));
      assertThat(seen.get(10, TimeUnit.SECONDS)).isEqualTo("user data");
      assertThat(thread.get()).isEqualTo("remora-host-callbacks");
      eventually("done is told", () -> server.session().callbacksDone.contains(1L));
    }
  }

  @Test
  void theThreadsOwnStreamIsCreatedOnceForEachThread() throws Exception {
    try (FakeServer server = new FakeServer();
        RemoteCuda cuda = server.connect()) {
      CUevent event = new CUevent();
      ok(cuda.cuEventCreate(event, 0));
      for (int i = 0; i < 3; i++) {
        ok(cuda.cuEventRecord(event, RemoteDriver.CU_STREAM_PER_THREAD));
      }
      ok(cuda.cuStreamSynchronize(new CUstream()));
      assertThat(server.session().callsOf(Calls.CU_STREAM_CREATE)).hasSize(1);
      assertThat(server.session().callsOf(Calls.CU_EVENT_RECORD)).hasSize(3);
    }
  }

  @Test
  void closingSendsWhatIsPendingAndLaterCallsSaySo() throws Exception {
    try (FakeServer server = new FakeServer()) {
      RemoteCuda cuda = server.connect();
      ok(cuda.cuMemFree(pointer(4096)));
      cuda.close();
      assertThat(server.session().calls).hasSize(1);
      assertThat(server.session().ended).isTrue();
      assertThat(cuda.cuMemFree(pointer(4096))).isEqualTo(CUresult.CUDA_ERROR_DEINITIALIZED);
      assertThat(cuda.cuCtxSynchronize()).isEqualTo(CUresult.CUDA_ERROR_DEINITIALIZED);
    }
  }

  @Test
  void withoutACurrentContextCallsAreRefusedHere() throws Exception {
    try (FakeServer server = new FakeServer();
        RemoteCuda cuda = RemoteCuda.connect(server.settings())) {
      assertThat(cuda.cuMemFree(pointer(1))).isEqualTo(CUresult.CUDA_ERROR_INVALID_CONTEXT);
      assertThat(cuda.cuMemAlloc(new CUdeviceptr(), 1))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_CONTEXT);
      assertThat(server.session().calls).isEmpty();
    }
  }
}
