// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import io.grpc.Status;
import io.remora.client.FakeServer.Behaviour;
import io.remora.client.FakeServer.ReceivedCall;
import io.remora.client.FakeServer.Session;
import io.remora.client.c.CCompiler;
import io.remora.client.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.AsyncError;
import io.remora.v1.CuMemcpyDtoH;
import io.remora.v1.Hello;
import io.remora.v1.HostCallback;
import io.remora.v1.ServerFrame;
import io.remora.v1.Welcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The C client against a server that does what it is told, also what no server should do. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class CTransportTest {
  private static final Path LIBRARY = Path.of("target", "native").toAbsolutePath();

  private Path folder;
  private Path program;

  @BeforeAll
  void compile(@TempDir Path given) throws Exception {
    folder = given;
    program =
        CCompiler.orSkip(folder, "CTransportTest")
            .program(
                "transport_program",
                List.of(
                    CCompiler.TEST.resolve("transport_program.c").toString(),
                    LIBRARY.resolve("libcuda.so.1").toString()));
  }

  /** What a run printed, and what it wrote to standard error. */
  private record Run(List<String> lines, String errors) {}

  private Process start(FakeServer server, String... actions) throws IOException {
    List<String> words = new ArrayList<>(List.of(program.toString()));
    words.addAll(List.of(actions));
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().keySet().removeIf(each -> each.startsWith("REMORA_"));
    builder.environment().put("REMORA_SERVER", server.settings().server());
    builder.environment().put("REMORA_TLS", "off");
    builder.environment().put("REMORA_TOKEN", "rmr_secret");
    builder.environment().put("HOME", folder.toString());
    builder.environment().put("LD_LIBRARY_PATH", LIBRARY.toString());
    return builder.redirectError(folder.resolve("errors.txt").toFile()).start();
  }

  private Run finish(Process process) throws Exception {
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    String errors = Files.readString(folder.resolve("errors.txt"));
    assertThat(process.exitValue()).as(errors).isZero();
    return new Run(text.lines().toList(), errors);
  }

  private Run run(Behaviour behaviour, String... actions) throws Exception {
    try (FakeServer server = new FakeServer(behaviour)) {
      return finish(start(server, actions));
    }
  }

  @Test
  void theServerHearsTokenProcessAndProgram() throws Exception {
    CompletableFuture<Hello> seen = new CompletableFuture<>();
    CompletableFuture<String> authorization = new CompletableFuture<>();
    Behaviour listening =
        new Behaviour() {
          @Override
          public void onHello(Session session, Hello hello, Metadata headers) {
            seen.complete(hello);
            authorization.complete(
                headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER)));
            Behaviour.super.onHello(session, hello, headers);
          }
        };
    try (FakeServer server = new FakeServer(listening)) {
      Process process = start(server, "init");
      assertThat(finish(process).lines()).containsExactly("init 0");
      assertThat(authorization.get()).isEqualTo("Bearer rmr_secret");
      assertThat(seen.get().getProcessId()).isEqualTo(process.pid());
      assertThat(seen.get().getProgram()).isEqualTo("transport_program");
      assertThat(seen.get().getClientName()).isEqualTo("remora-c");
      assertThat(seen.get().getTableHash().toByteArray()).isEqualTo(Calls.tableHash());
      assertThat(seen.get().getSupportedCalls().toByteArray()).isEqualTo(Calls.supportedCalls());
      assertThat(server.session().ended).as("the stream was ended, not torn").isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "UNAUTHENTICATED, 800, refused the token: the words",
    "FAILED_PRECONDITION, 803, refused this client: the words",
    "RESOURCE_EXHAUSTED, 46, opens no session: the words",
    "UNAVAILABLE, 46, opens no session: the words",
    "UNIMPLEMENTED, 100, is not a Remora server",
    "INTERNAL, 100, ended the handshake: status 13 the words"
  })
  void refusalBecomesAResultAndOneLine(Status.Code code, int result, String words)
      throws Exception {
    Behaviour refusing =
        new Behaviour() {
          @Override
          public void onHello(Session session, Hello hello, Metadata headers) {
            session.end(code.toStatus().withDescription("the words"));
          }
        };

    Run run = run(refusing, "init", "init");

    assertThat(run.lines()).containsExactly("init " + result, "init " + result);
    assertThat(run.errors().lines()).singleElement().asString().contains(words);
  }

  private static Behaviour welcoming(Welcome welcome) {
    return new Behaviour() {
      @Override
      public void onHello(Session session, Hello hello, Metadata headers) {
        session.send(ServerFrame.newBuilder().setWelcome(welcome).build());
      }
    };
  }

  @Test
  void serverOfAnotherVersionIsRefused() throws Exception {
    Welcome welcome = FakeServer.welcome(10, 1000).toBuilder().setProtocolVersion(4).build();

    Run run = run(welcoming(welcome), "init");

    assertThat(run.lines()).containsExactly("init 803");
    assertThat(run.errors()).contains("speaks protocol version 4, this client version 2");
  }

  @Test
  void callThatTheServerDoesNotKnowIsNotSent() throws Exception {
    byte[] supported = Calls.supportedCalls();
    supported[Calls.CU_MEM_GET_INFO / 8] &= (byte) ~(1 << Calls.CU_MEM_GET_INFO % 8);
    Welcome welcome =
        FakeServer.welcome(10, 1000).toBuilder()
            .setSupportedCalls(ByteString.copyFrom(supported))
            .build();

    Run run = run(welcoming(welcome), "init", "info", "sync");

    assertThat(run.lines()).containsExactly("init 0", "info 801", "sync 0");
  }

  @Test
  void callsThatAreNotWaitedForTravelTogether() throws Exception {
    try (FakeServer server = new FakeServer()) {
      assertThat(finish(start(server, "init", "memset=1280", "sync")).lines()).contains("sync 0");
      Session session = server.session();
      assertThat(session.callsOf(Calls.CU_MEMSET_D8_ASYNC)).hasSize(1280);
      // 10 full frames and that of the waiting call, unless the idle flush took a part of one.
      assertThat(session.frames).isBetween(11, 200);
    }
  }

  @Test
  void callIsSentWithoutAWaitingOneBehindIt() throws Exception {
    CompletableFuture<ReceivedCall> received = new CompletableFuture<>();
    Behaviour listening =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            received.complete(call);
          }
        };
    try (FakeServer server = new FakeServer(listening)) {
      Process process = start(server, "init", "memset", "await");
      assertThat(received.get(20, TimeUnit.SECONDS).number()).isEqualTo(Calls.CU_MEMSET_D8_ASYNC);
      assertThat(finish(process).lines()).contains("await 0");
    }
  }

  @Test
  void neverMoreCallsAreUnderWayThanTheCreditAllows() throws Exception {
    AtomicLong most = new AtomicLong();
    Behaviour sparing =
        new Behaviour() {
          private long told;

          @Override
          public void onHello(Session session, Hello hello, Metadata headers) {
            session.send(
                ServerFrame.newBuilder().setWelcome(FakeServer.welcome(10, 1 << 20)).build());
          }

          @Override
          public void onFrameEnd(Session session) {
            most.accumulateAndGet(session.lastSequence - told, Math::max);
            told = session.lastSequence;
            session.credit();
          }
        };

    assertThat(run(sparing, "init", "memset=500", "up=3000000", "sync").lines())
        .containsExactly("init 0", "memset=500 0", "up=3000000 0", "sync 0");
    assertThat(most.get()).isBetween(1L, 10L);
  }

  @Test
  void uploadsComeInChunksThatAreComplete() throws Exception {
    try (FakeServer server = new FakeServer()) {
      assertThat(finish(start(server, "init", "up=2500000", "sync")).lines()).contains("sync 0");
      List<ReceivedCall> chunks = server.session().callsOf(Calls.CU_MEMCPY_HTO_D);
      assertThat(chunks).hasSize(3);
      long offset = 0;
      for (ReceivedCall chunk : chunks) {
        io.remora.v1.CuMemcpyHtoD message = io.remora.v1.CuMemcpyHtoD.parseFrom(chunk.arguments());
        assertThat(message.getChunkOffset()).isEqualTo(offset);
        assertThat(message.getByteCount()).isEqualTo(2500000);
        assertThat(message.getSrcHost().byteAt(5)).isEqualTo(pattern(offset + 5));
        offset += message.getSrcHost().size();
      }
      assertThat(offset).isEqualTo(2500000);
    }
  }

  private static byte pattern(long i) {
    return (byte) (i * 7 + i / 256);
  }

  private static Answer piece(long sequence, long offset, int length, boolean more) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = pattern(offset + i);
    }
    return Answer.newBuilder()
        .setSequence(sequence)
        .setMore(more)
        .setOutputs(
            CuMemcpyDtoH.newBuilder()
                .setChunkOffset(offset)
                .setDstHost(ByteString.copyFrom(bytes))
                .build()
                .toByteString())
        .build();
  }

  private static Behaviour answering(List<Integer> lengths) {
    return new Behaviour() {
      @Override
      public void onCall(Session session, ReceivedCall call) {
        long offset = 0;
        for (int i = 0; i < lengths.size(); i++) {
          int length = lengths.get(i);
          boolean more = i + 1 < lengths.size();
          session.send(
              ServerFrame.newBuilder()
                  .addAnswers(piece(call.sequence(), offset, length, more))
                  .build());
          offset += length;
        }
      }
    };
  }

  @Test
  void downloadsArePutTogetherFromPiecesOfAnySize() throws Exception {
    assertThat(
            run(answering(List.of(1, 70, 5000, 300_000, 1 << 20, 3)), "init", "down=1353650")
                .lines())
        .containsExactly("init 0", "down=1353650 0");
  }

  @ParameterizedTest
  @ValueSource(ints = {1353649, 1353651, 1})
  void downloadsOfAnotherSizeEndTheSession(int asked) throws Exception {
    Run run =
        run(answering(List.of(1, 70, 5000, 300_000, 1 << 20, 3)), "init", "down=" + asked, "sync");

    assertThat(run.lines()).containsExactly("init 0", "down=" + asked + " 46", "sync 46");
    assertThat(run.errors().lines()).singleElement().asString().contains("broke the protocol");
  }

  @Test
  void failureOfAnEarlierCallIsToldByTheNextThatWaits() throws Exception {
    Behaviour failing =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            if (call.number() == Calls.CU_MEMSET_D8_ASYNC) {
              session.send(
                  ServerFrame.newBuilder()
                      .addErrors(
                          AsyncError.newBuilder()
                              .setSequence(call.sequence())
                              .setCallNumber(call.number())
                              .setResult(700)
                              .setDetail("no such memory"))
                      .build());
            } else {
              session.answer(call, new byte[0]);
            }
          }
        };

    Run run = run(failing, "init", "memset", "sync", "sync");

    assertThat(run.lines()).containsExactly("init 0", "memset 0", "sync 700", "sync 0");
    assertThat(run.errors().lines())
        .singleElement()
        .asString()
        .contains("cuMemsetD8Async (call 1 of this session)", "no such memory");
  }

  /** Frames that no server sends, in the place of an answer. */
  private static ServerFrame broken(String how, long sequence) {
    ServerFrame.Builder frame = ServerFrame.newBuilder();
    switch (how) {
      case "second welcome" -> frame.setWelcome(FakeServer.welcome(1, 1));
      case "unknown call" -> frame.addAnswers(Answer.newBuilder().setSequence(sequence + 7));
      case "unknown result" ->
          frame.addAnswers(Answer.newBuilder().setSequence(sequence).setResult(-5));
      case "more of a small answer" ->
          frame.addAnswers(Answer.newBuilder().setSequence(sequence).setMore(true));
      case "outputs that can't be read" ->
          frame.addAnswers(
              Answer.newBuilder()
                  .setSequence(sequence)
                  .setOutputs(ByteString.copyFrom(new byte[] {8, (byte) 0x80})));
      case "credit for more than was sent" -> frame.setConsumedSequence(1000);
      case "an error that is none" -> frame.addErrors(AsyncError.newBuilder().setSequence(1));
      default -> frame.addCallbacks(HostCallback.newBuilder().setSequence(1).setToken(99));
    }
    return frame.build();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "second welcome",
        "unknown call",
        "unknown result",
        "more of a small answer",
        "outputs that can't be read",
        "credit for more than was sent",
        "an error that is none",
        "callback that nobody registered"
      })
  void serverThatBreaksTheProtocolIsLeft(String how) throws Exception {
    Behaviour breaking =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            session.send(broken(how, call.sequence()));
          }
        };

    Run run = run(breaking, "init", "info", "memset", "sync");

    assertThat(run.lines()).containsExactly("init 0", "info 46", "memset 46", "sync 46");
    assertThat(run.errors().lines()).singleElement().asString().contains("broke the protocol");
  }

  @Test
  void bytesThatAreNoFrameEndTheSession() throws Exception {
    Behaviour breaking =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            session.sendRaw(new byte[] {0x12, 0x7f, 1, 2, 3});
          }
        };

    Run run = run(breaking, "init", "info", "sync");

    assertThat(run.lines()).containsExactly("init 0", "info 46", "sync 46");
    assertThat(run.errors().lines()).singleElement().asString().contains("broke the protocol");
  }

  @Test
  void endOfTheSessionIsToldInTheServersWords() throws Exception {
    Behaviour ending =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            session.end(Status.UNAUTHENTICATED.withDescription("the token was revoked"));
          }

          @Override
          public void onFrameEnd(Session session) {}
        };

    Run run = run(ending, "init", "info", "sync");

    assertThat(run.lines()).containsExactly("init 0", "info 46", "sync 46");
    assertThat(run.errors().lines())
        .singleElement()
        .asString()
        .contains("is gone: the token was revoked");
  }

  @Test
  void serverThatNeverWelcomesIsNotWaitedForLonger() throws Exception {
    Behaviour silent =
        new Behaviour() {
          @Override
          public void onHello(Session session, Hello hello, Metadata headers) {}
        };

    Run run = run(silent, "init");

    assertThat(run.lines()).containsExactly("init 100");
    assertThat(run.errors()).contains("said nothing for 10 s");
  }
}
