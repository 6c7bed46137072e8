// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.remora.server.config.ServerLimits;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When a silent connection is asked, and when it is cut. */
final class PeerWatchTest {
  private static final byte[] PREFACE =
      ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
  private static final byte[] SETTINGS = HexFormat.of().parseHex("000000040000000000");
  private static final byte[] PING_ANSWER =
      HexFormat.of().parseHex("00000806010000000000000000000004d2");

  /** Length 8, type PING, no flags, stream 0, and what is asked. */
  private static final String PING = "00000806000000000000000000000004d2";

  private EmbeddedChannel channel = new EmbeddedChannel();

  @BeforeEach
  void connect() {
    connect(Duration.ofSeconds(5));
  }

  private void connect(Duration silence) {
    channel.freezeTime();
    channel
        .pipeline()
        .addLast(
            new PeerWatch(
                new ServerLimits(1, 1, Duration.ofSeconds(10), silence, Duration.ofSeconds(4))),
            new Http2ConnectionHandlerBuilder()
                .server(true)
                .frameListener(new Http2FrameAdapter())
                .build());
    channel.writeInbound(Unpooled.wrappedBuffer(PREFACE, SETTINGS));
    channel.flush();
    String unused = sent();
  }

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  private void pass(long millis) {
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runPendingTasks();
  }

  private String sent() {
    StringBuilder hex = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      byte[] bytes = new byte[part.readableBytes()];
      part.readBytes(bytes);
      part.release();
      hex.append(HexFormat.of().formatHex(bytes));
    }
    return hex.toString();
  }

  @Test
  void aSilentPeerIsAskedOnceAndStaysIfItAnswers() {
    pass(4_990);
    assertThat(sent()).isEmpty();
    pass(20);
    assertThat(sent()).isEqualTo(PING);
    pass(3_900);
    channel.writeInbound(Unpooled.wrappedBuffer(PING_ANSWER));
    pass(1_000);

    assertThat(channel.isOpen()).isTrue();
    assertThat(sent()).isEmpty();
    pass(4_100);
    assertThat(sent()).as("silent again").isEqualTo(PING);
  }

  @Test
  void aPeerThatDoesntAnswerIsCutAtOnce() {
    pass(5_010);
    assertThat(channel.isOpen()).isTrue();
    pass(3_980);
    assertThat(channel.isOpen()).isTrue();
    pass(30);

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void eachQuestionHasItsOwnTimeForAnAnswer() {
    close();
    channel = new EmbeddedChannel();
    connect(Duration.ofSeconds(1));
    for (int i = 0; i < 3; i++) {
      pass(1_005);
      assertThat(sent()).isEqualTo(PING);
      pass(300);
      channel.writeInbound(Unpooled.wrappedBuffer(PING_ANSWER.clone()));
    }
    pass(1_005);
    assertThat(sent()).isEqualTo(PING);
    // Now the time for the first answer would be over, which has come.
    pass(200);
    assertThat(channel.isOpen()).isTrue();
    pass(4_000);
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void aPeerThatSpeaksIsNotAsked() {
    for (int i = 0; i < 10; i++) {
      pass(4_000);
      channel.writeInbound(Unpooled.wrappedBuffer(SETTINGS.clone()));
      assertThat(sent()).doesNotContain(PING);
    }
    assertThat(channel.isOpen()).isTrue();
  }
}
