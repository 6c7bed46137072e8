// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.remora.server.driver.software.SoftwareDeviceConfig;
import io.remora.server.driver.software.SoftwareDriver;
import io.remora.server.metrics.Replacements;
import io.remora.server.queue.DeviceQueue;
import io.remora.server.queue.QueueConfig;
import io.remora.server.session.generated.Calls;
import io.remora.server.tenant.Isolation;
import io.remora.server.tenant.MemoryLedger;
import io.remora.server.tenant.TenantAccount;
import io.remora.server.tenant.TenantClass;
import io.remora.server.tenant.TenantGrant;
import io.remora.server.tenant.TenantLimits;
import io.remora.v1.Answer;
import io.remora.v1.AsyncError;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.v1.CuLaunchKernel;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemcpyDtoH;
import io.remora.v1.CuMemcpyHtoD;
import io.remora.v1.CuModuleGetFunction;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.CuStreamSynchronize;
import io.remora.v1.Hello;
import io.remora.v1.RemoraUploadImage;
import io.remora.v1.ServerFrame;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A session with real threads over the software device: what a client sees of a whole program. */
class SessionOnSoftwareTest {
  private static final long WAIT_SECONDS = 20;
  private static final long SPILL_BYTES = 1L << 30;

  private final SoftwareDriver driver =
      new SoftwareDriver(new SoftwareDeviceConfig(1, 256L << 20, 2, 121, "test"));
  private final Sessions sessions =
      new Sessions(
          driver,
          List.of(new DeviceQueue(QueueConfig.DEFAULTS, System::nanoTime)),
          new ModuleImageCache(1 << 24, 1 << 22),
          SessionLimits.DEFAULTS,
          SPILL_BYTES,
          2,
          Duration.ZERO,
          new Replacements(1, new Fates(), System::nanoTime),
          System::nanoTime,
          "test");
  private final MemoryLedger ledger = new MemoryLedger(128L << 20);

  @AfterEach
  void closeDriver() {
    sessions.close();
    driver.close();
  }

  @Test
  void aProgramLoadsAModuleCopiesLaunchesAndReadsItsResult() throws Exception {
    Client client = new Client();
    long function = client.function("/cuda/vector_add.ptx", "vectorAdd");
    int count = 100_000;
    float[] a = new float[count];
    float[] b = new float[count];
    for (int i = 0; i < count; i++) {
      a[i] = i;
      b[i] = 3 * i;
    }
    long deviceA = client.allocate(4L * count);
    long deviceB = client.allocate(4L * count);
    long deviceC = client.allocate(4L * count);
    client.upload(deviceA, a);
    client.upload(deviceB, b);
    ByteBuffer parameters = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
    parameters.putLong(deviceA).putLong(deviceB).putLong(deviceC).putInt(count).flip();
    client.launch(function, (count + 255) / 256, 256, parameters);
    ByteBuffer result = client.download(deviceC, 4 * count);

    for (int i = 0; i < count; i++) {
      assertThat(result.getFloat(4 * i)).isEqualTo(4f * i);
    }
    assertThat(client.errors).isEmpty();
    client.endAndCheck();
  }

  @Test
  void aWildKernelFaultsItsOwnSessionOnlyAndIsNamed() throws Exception {
    Client guilty = new Client();
    Client other = new Client();
    long kept = other.allocate(1024);
    long function = guilty.function("/cuda/vector_add.ptx", "vectorAdd");
    ByteBuffer parameters = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
    parameters.putLong(16).putLong(kept).putLong(kept).putInt(64).flip();
    long sequence = guilty.launch(function, 1, 64, parameters);
    Answer answer =
        guilty.wait(Calls.CU_STREAM_SYNCHRONIZE, CuStreamSynchronize.getDefaultInstance());

    assertThat(answer.getResult()).isEqualTo(700);
    assertThat(guilty.errors).hasSize(1);
    assertThat(guilty.errors.get(0).getSequence()).isEqualTo(sequence);
    assertThat(guilty.errors.get(0).getSticky()).isTrue();
    assertThat(guilty.errors.get(0).getDetail()).contains("vectorAdd");
    other.upload(kept, new float[256]);
    assertThat(other.download(kept, 1024).remaining()).isEqualTo(1024);
    guilty.endAndCheck();
    other.endAndCheck();
    assertThat(ledger.reservedBytes()).isZero();
  }

  @Test
  void aKernelOverTheTenantsTimeIsStoppedAndTheOthersGoOn() throws Exception {
    TenantAccount account = new TenantAccount(ledger);
    Client guilty = new Client(account);
    Client other = new Client();
    long memory = guilty.allocate(1024);
    long forever = guilty.function("/cuda/faults.ptx", "spinForever");
    ByteBuffer parameters = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    parameters.putLong(memory).flip();
    guilty.launch(forever, 1, 1, parameters);
    TenantLimits usual = TenantLimits.DEFAULT;
    // While the kernel runs: limits hold at once.
    account.change(
        new TenantLimits(
            usual.streams(),
            usual.events(),
            usual.modules(),
            usual.hostCallbacks(),
            usual.imageBytes(),
            0,
            0,
            Duration.ofMillis(50),
            Set.of()),
        account.queue());
    Answer answer =
        guilty.wait(Calls.CU_STREAM_SYNCHRONIZE, CuStreamSynchronize.getDefaultInstance());

    assertThat(answer.getResult()).isEqualTo(702);
    assertThat(guilty.errors.get(0).getSticky()).isTrue();
    assertThat(guilty.errors.get(0).getDetail()).contains("spinForever").contains("50 ms");
    long kept = other.allocate(1024);
    float[] written = {1, 2, 3};
    other.upload(kept, written);
    assertThat(other.download(kept, 12).getFloat(8)).isEqualTo(3);
    guilty.endAndCheck();
    other.endAndCheck();
    assertThat(ledger.reservedBytes()).isZero();
  }

  @Test
  void memoryPromisedTwiceIsTakenFromTheIdleAndComesBackAtTheSameAddress() throws Exception {
    // The device has 256 MiB; both together want 280.
    MemoryLedger first = new MemoryLedger(200L << 20);
    MemoryLedger second = new MemoryLedger(200L << 20);
    Client a = new Client(new TenantAccount(first));
    Client b = new Client(new TenantAccount(second));
    long bytes = 140L << 20;
    long inA = a.allocate(bytes);
    a.upload(inA, new float[] {1, 2, 3});
    a.upload(inA + bytes - 12, new float[] {4, 5, 6});
    assertThat(a.download(inA, 12).getFloat(0)).isEqualTo(1);
    long inB = b.allocateOnceOthersAreIdle(bytes);
    b.upload(inB, new float[] {7, 8, 9});
    // Fresh memory reads as zeros, whoever had it before.
    assertThat(b.download(inB + bytes - 12, 12).getFloat(0)).isZero();

    assertThat(a.download(inA, 12).getFloat(8)).isEqualTo(3);
    assertThat(a.download(inA + bytes - 12, 12).getFloat(8)).isEqualTo(6);
    assertThat(b.download(inB, 12).getFloat(8)).isEqualTo(9);
    assertThat(first.reservedBytes()).isEqualTo(bytes);
    a.endAndCheck();
    b.endAndCheck();
    assertThat(first.reservedBytes()).isZero();
    assertThat(second.reservedBytes()).isZero();
  }

  @Test
  void manyLaunchesKeepTheirOrderAndTheSessionReadsOnlyWhatItCanHold() throws Exception {
    Client client = new Client();
    long function = client.function("/cuda/vector_add.ptx", "vectorAdd");
    long a = client.allocate(4);
    long b = client.allocate(4);
    client.upload(a, new float[] {0});
    client.upload(b, new float[] {1});
    ByteBuffer parameters = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
    parameters.putLong(a).putLong(b).putLong(a).putInt(1).flip();
    long begin = System.nanoTime();
    int launches = 30_000;
    for (int i = 0; i < launches; i += 100) {
      client.launches(function, parameters, 100);
    }
    assertThat(client.download(a, 4).getFloat(0)).isEqualTo(launches);
    System.out.println(
        launches + " launches in " + (System.nanoTime() - begin) / 1_000_000 + " ms");
    client.endAndCheck();
  }

  /** A client that sends a frame only when it was asked for one. */
  private final class Client implements SessionOutput {
    final List<AsyncError> errors = new ArrayList<>();
    private final LinkedBlockingQueue<ServerFrame> frames = new LinkedBlockingQueue<>();
    private final Semaphore requested = new Semaphore(0);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Session session;
    private long sequence;
    private long handles = HandleTable.FIRST_HANDLE;

    Client() throws Exception {
      this(new TenantAccount(ledger));
    }

    Client(TenantAccount account) throws Exception {
      TenantGrant grant =
          new TenantGrant(
              "tenant",
              1,
              TenantClass.NORMAL,
              Isolation.GUARDED,
              ledger.quotaBytes(),
              Set.of(),
              account,
              closed::countDown);
      Hello hello =
          Hello.newBuilder()
              .setProtocolVersion(Handshake.PROTOCOL_VERSION)
              .setTableHash(ByteString.copyFrom(Calls.tableHash()))
              .build();
      session = sessions.open(grant, hello, this);
      assertThat(next().hasWelcome()).isTrue();
    }

    void endAndCheck() throws InterruptedException {
      session.onEnd("test");
      assertThat(closed.await(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    private ServerFrame next() throws InterruptedException {
      return Objects.requireNonNull(
          frames.poll(WAIT_SECONDS, TimeUnit.SECONDS), "no frame of the server came");
    }

    private void send(ClientFrame frame) throws InterruptedException {
      assertThat(requested.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
      session.onFrame(InboundFrame.of(frame.toByteArray()), this);
    }

    long call(int number, MessageLite arguments) throws InterruptedException {
      send(
          ClientFrame.newBuilder()
              .setFirstSequence(++sequence)
              .addCalls(Call.newBuilder().setNumber(number).setArguments(arguments.toByteString()))
              .build());
      return sequence;
    }

    /** Waits for the last answer to a call; pieces of outputs are lost. */
    Answer wait(int number, MessageLite arguments) throws InterruptedException {
      List<Answer> pieces = pieces(call(number, arguments));
      return pieces.get(pieces.size() - 1);
    }

    private List<Answer> pieces(long of) throws InterruptedException {
      List<Answer> pieces = new ArrayList<>();
      while (true) {
        ServerFrame frame = next();
        errors.addAll(frame.getErrorsList());
        for (Answer answer : frame.getAnswersList()) {
          assertThat(answer.getSequence()).isEqualTo(of);
          pieces.add(answer);
          if (!answer.getMore()) {
            return pieces;
          }
        }
      }
    }

    long allocate(long bytes) throws Exception {
      Answer answer = wait(Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(bytes).build());
      assertThat(answer.getResult()).as(answer.getDetail()).isZero();
      return CuMemAlloc.parseFrom(answer.getOutputs()).getDptr();
    }

    /** Allocates as soon as the other sessions have been idle for long enough. */
    long allocateOnceOthersAreIdle(long bytes) throws Exception {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
      Answer answer;
      do {
        answer = wait(Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(bytes).build());
      } while (answer.getResult() != 0 && System.nanoTime() - deadline < 0);
      assertThat(answer.getResult()).as(answer.getDetail()).isZero();
      return CuMemAlloc.parseFrom(answer.getOutputs()).getDptr();
    }

    void upload(long address, float[] values) throws InterruptedException {
      ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values) {
        bytes.putFloat(value);
      }
      call(
          Calls.CU_MEMCPY_HTO_D,
          CuMemcpyHtoD.newBuilder()
              .setDstDevice(address)
              .setByteCount(bytes.capacity())
              .setSrcHost(ByteString.copyFrom(bytes.flip()))
              .build());
    }

    ByteBuffer download(long address, int bytes)
        throws InterruptedException, InvalidProtocolBufferException {
      ByteBuffer all = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
      CuMemcpyDtoH arguments =
          CuMemcpyDtoH.newBuilder().setSrcDevice(address).setByteCount(bytes).build();
      for (Answer answer : pieces(call(Calls.CU_MEMCPY_DTO_H, arguments))) {
        assertThat(answer.getResult()).as(answer.getDetail()).isZero();
        CuMemcpyDtoH piece = CuMemcpyDtoH.parseFrom(answer.getOutputs());
        all.put((int) piece.getChunkOffset(), piece.getDstHost().toByteArray());
      }
      return all;
    }

    long function(String resource, String name) throws Exception {
      byte[] image;
      try (InputStream in = SessionOnSoftwareTest.class.getResourceAsStream(resource)) {
        image = Objects.requireNonNull(in, resource).readAllBytes();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      ByteString hash = ByteString.copyFrom(TestCalls.sha256(image));
      call(
          Calls.REMORA_UPLOAD_IMAGE,
          RemoraUploadImage.newBuilder()
              .setSha256(hash)
              .setTotalBytes(image.length)
              .setData(ByteString.copyFrom(image))
              .build());
      long module = handles++;
      Answer loaded =
          wait(
              Calls.CU_MODULE_LOAD_DATA,
              CuModuleLoadData.newBuilder()
                  .setModule(module)
                  .setImageSha256(hash)
                  .setImageBytes(image.length)
                  .build());
      assertThat(loaded.getResult()).as(loaded.getDetail()).isZero();
      long function = handles++;
      Answer found =
          wait(
              Calls.CU_MODULE_GET_FUNCTION,
              CuModuleGetFunction.newBuilder()
                  .setHfunc(function)
                  .setHmod(module)
                  .setName(name)
                  .build());
      assertThat(found.getResult()).as(found.getDetail()).isZero();
      return function;
    }

    private CuLaunchKernel launchOf(long function, int grid, int block, ByteBuffer parameters) {
      return CuLaunchKernel.newBuilder()
          .setF(function)
          .setGridDimX(grid)
          .setGridDimY(1)
          .setGridDimZ(1)
          .setBlockDimX(block)
          .setBlockDimY(1)
          .setBlockDimZ(1)
          .setKernelParams(ByteString.copyFrom(parameters.duplicate()))
          .build();
    }

    long launch(long function, int grid, int block, ByteBuffer parameters)
        throws InterruptedException {
      return call(Calls.CU_LAUNCH_KERNEL, launchOf(function, grid, block, parameters));
    }

    void launches(long function, ByteBuffer parameters, int count) throws InterruptedException {
      Call call =
          Call.newBuilder()
              .setNumber(Calls.CU_LAUNCH_KERNEL)
              .setArguments(launchOf(function, 1, 1, parameters).toByteString())
              .build();
      ClientFrame.Builder frame = ClientFrame.newBuilder().setFirstSequence(sequence + 1);
      for (int i = 0; i < count; i++) {
        frame.addCalls(call);
      }
      sequence += count;
      send(frame.build());
    }

    @Override
    public void send(OutboundFrame frame) {
      try {
        frames.add(ServerFrame.parseFrom(frame.toByteArray()));
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void onReady(Runnable whenWritable) {}

    @Override
    public void requestFrame() {
      requested.release();
    }

    @Override
    public void moved(String server) {}

    @Override
    public void end(ProtocolException cause) {
      throw new AssertionError(cause.message());
    }
  }
}
