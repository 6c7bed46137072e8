// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static io.remora.it.path.TestSession.parameter;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.remora.calls.CallTable;
import io.remora.it.process.ServerProcess;
import io.remora.it.remote.DeviceAddress;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.Hello;
import io.remora.wire.WireLimits;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever a client sends ends its own session at worst; a bystander notices nothing. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileFramesTest {
  private static final int STREAMS = 25;

  private ServerProcess server;
  private TestSession bystander;
  private DeviceAddress counter;
  private CUfunction increment;
  private int increments;

  @BeforeAll
  void startServer(@TempDir Path folder) throws Exception {
    server = ServerProcess.start(folder, List.of("-Xmx256m"), List.of("--tls", "off"));
    bystander = new TestSession(server.settings());
    counter = bystander.allocateZeros(Integer.BYTES);
    increment = bystander.function("small", "increment");
  }

  @AfterAll
  void stopServer() {
    bystander.close();
    server.close();
  }

  private void expectBystanderWell() {
    bystander.enter();
    bystander.expectSuccess(
        bystander.launchOne(increment, null, Pointer.to(counter), parameter(1), parameter(1)));
    assertThat(bystander.readInt(counter)).isEqualTo(++increments);
  }

  private static byte[] hello() {
    CallTable table = CallTable.load();
    return ClientFrame.newBuilder()
        .setHello(
            Hello.newBuilder()
                .setProtocolVersion(1)
                .setTableHash(ByteString.copyFrom(table.hash()))
                .setSupportedCalls(ByteString.copyFrom(table.supportedCalls()))
                .setClientName("hostile"))
        .build()
        .toByteArray();
  }

  private static ClientFrame calls(long firstSequence, int count) {
    ClientFrame.Builder frame = ClientFrame.newBuilder().setFirstSequence(firstSequence);
    for (int i = 0; i < count; i++) {
      frame.addCalls(
          Call.newBuilder()
              .setNumber(100)
              .setArguments(CuMemAlloc.newBuilder().setBytesize(64).build().toByteString()));
    }
    return frame.build();
  }

  /** What is wrong with the frames after the handshake. */
  enum Wrong {
    TRUNCATED {
      @Override
      byte[] frame(SplittableRandom random) {
        byte[] whole = calls(1, 5).toByteArray();
        // At least one byte short, and not at the end of a field.
        return Arrays.copyOf(whole, whole.length - 1 - random.nextInt(3));
      }
    },
    REORDERED {
      @Override
      byte[] frame(SplittableRandom random) {
        return calls(2 + random.nextInt(1000), 2).toByteArray();
      }
    },
    OVERSIZED {
      @Override
      byte[] frame(SplittableRandom random) {
        return new byte[WireLimits.FRAME_BYTES_MAX + 1 + random.nextInt(1000)];
      }
    },
    /** Beyond what the transport reads at all; what it says then may not get through. */
    ENORMOUS {
      @Override
      byte[] frame(SplittableRandom random) {
        return new byte[(32 << 20) + random.nextInt(1000)];
      }
    },
    UNKNOWN_CALL {
      @Override
      byte[] frame(SplittableRandom random) {
        return ClientFrame.newBuilder()
            .setFirstSequence(1)
            .addCalls(Call.newBuilder().setNumber(20_000 + random.nextInt(1000)))
            .build()
            .toByteArray();
      }
    },
    SECOND_HELLO {
      @Override
      byte[] frame(SplittableRandom random) {
        return hello();
      }
    };

    abstract byte[] frame(SplittableRandom random);
  }

  @ParameterizedTest
  @EnumSource
  void endsThatSessionOnly(Wrong wrong) throws Exception {
    SplittableRandom random = new SplittableRandom(Long.getLong("seed", 7L));
    for (int i = 0; i < 3; i++) {
      try (RawStream stream = new RawStream(server.settings())) {
        stream.send(hello());
        stream.awaitWelcome();
        stream.send(wrong.frame(random));
        Status status = stream.awaitEnd();
        assertThat(status.getCode())
            .as(status.toString())
            .isIn(
                Status.Code.INVALID_ARGUMENT,
                Status.Code.RESOURCE_EXHAUSTED,
                wrong == Wrong.ENORMOUS ? Status.Code.CANCELLED : Status.Code.UNIMPLEMENTED);
        assertThat(status.getDescription()).isNotBlank();
      }
      expectBystanderWell();
    }
  }

  @Test
  void randomBytesHarmNobody() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < STREAMS; i++) {
      try (RawStream stream = new RawStream(server.settings())) {
        if (random.nextBoolean()) {
          stream.send(hello());
          stream.awaitWelcome();
        }
        for (int frame = random.nextInt(4); frame >= 0; frame--) {
          stream.send(garbage(random));
        }
        stream.halfClose();
        Status status = stream.awaitEnd();
        assertThat(status.getCode())
            .as("seed %d: %s", seed, status)
            .isNotEqualTo(Status.Code.INTERNAL);
      }
    }
    expectBystanderWell();
  }

  private static byte[] garbage(SplittableRandom random) {
    byte[] bytes;
    if (random.nextBoolean()) {
      bytes = new byte[random.nextInt(300)];
      random.nextBytes(bytes);
      return bytes;
    }
    bytes = calls(1, 1 + random.nextInt(20)).toByteArray();
    for (int i = random.nextInt(6); i >= 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    return bytes;
  }
}
