// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static io.remora.client.TestCalls.ok;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.remora.client.FakeServer.Behaviour;
import io.remora.client.FakeServer.ReceivedCall;
import io.remora.client.FakeServer.Session;
import io.remora.client.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.ServerFrame;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What kernels print arrives at the program. */
@Timeout(60)
final class DeviceOutputTest {
  private static ServerFrame.Builder output(String text, long lost) {
    return ServerFrame.newBuilder()
        .addOutput(
            io.remora.v1.DeviceOutput.newBuilder()
                .setText(ByteString.copyFromUtf8(text))
                .setLost(lost));
  }

  @Test
  void textIsWrittenBeforeTheWaitReturnsAndInOrder() throws Exception {
    Behaviour printing =
        new Behaviour() {
          @Override
          public void onCall(Session session, ReceivedCall call) {
            if (call.number() == Calls.CU_CTX_SYNCHRONIZE) {
              session.send(output("one\n", 0).build());
              session.send(output("two\n", 3).build());
              session.send(
                  ServerFrame.newBuilder()
                      .addAnswers(Answer.newBuilder().setSequence(call.sequence()))
                      .build());
            }
          }
        };
    var written = new ByteArrayOutputStream();
    try (FakeServer server = new FakeServer(printing);
        RemoteCuda cuda =
            RemoteCuda.connect(server.settings().withDeviceOutput(written::writeBytes))) {
      TestCalls.makeCurrent(cuda);
      for (int round = 1; round <= 100; round++) {
        ok(cuda.cuCtxSynchronize());
        assertThat(written.toString(StandardCharsets.UTF_8)).isEqualTo("one\ntwo\n".repeat(round));
      }
    }
  }

  @Test
  void whatNobodyWaitsForIsWrittenOnceThereIsMuch() {
    List<byte[]> written = new ArrayList<>();
    DeviceOutput output = new DeviceOutput(written::add);
    output.write();
    output.arrived(0, new byte[3 << 20], 0);
    assertThat(written).isEmpty();
    output.arrived(0, new byte[3 << 20], 0);
    assertThat(written).hasSize(2);
    output.arrived(0, new byte[0], 7);
    output.write();
    assertThat(written).hasSize(2);
  }
}
