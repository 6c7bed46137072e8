// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
import io.remora.v1.CuCtxSetLimit;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What kernels print, on its way to the client. */
class SessionPrintTest {
  private static final int PRINTF_FIFO_SIZE = 1;

  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);
  private final ManualDomain domain = harness.domain();

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aKernelsTextComesBeforeTheAnswerOfTheWaitForIt() {
    domain.kernel =
        launch -> {
          domain.prints.onPrint(text("one\n"));
          domain.prints.onPrint(text("two\n"));
          return CUresult.CUDA_SUCCESS_VALUE;
        };
    long function = calls.kernel();
    calls.launch(function, 0, 1);
    long wait = calls.synchronize(0);
    harness.run();
    assertThat(String.join(" ", harness.events))
        .contains("one\n")
        .contains("two\n")
        .endsWith("answer " + wait);
  }

  @Test
  void whatAClientDoesNotReadIsBoundedAndTheOldestIsLost() {
    harness.call(
        Calls.CU_CTX_SET_LIMIT,
        CuCtxSetLimit.newBuilder().setLimit(PRINTF_FIFO_SIZE).setValue(1000).build());
    PrintBuffer buffer = harness.session.objects().devices().get(0).prints();
    for (int i = 0; i < 100; i++) {
      buffer.add(text("entry " + i + "\n"));
    }
    PrintBuffer.Piece piece = Objects.requireNonNull(buffer.take(1 << 20));
    String kept = new String(piece.text(), StandardCharsets.UTF_8);
    assertThat(kept).endsWith("entry 98\nentry 99\n").startsWith("entry ");
    assertThat(piece.lost() + kept.lines().count()).isEqualTo(100);
    assertThat(buffer.take(1)).isNull();
  }

  @Test
  void aClientThatDoesNotReadGetsTheNewestWhenItWaits() {
    harness.becomeWritable(0);
    domain.kernel =
        launch -> {
          for (int i = 0; i < 40; i++) {
            domain.prints.onPrint(text("x".repeat(64 << 10)));
          }
          domain.prints.onPrint(text("last"));
          return CUresult.CUDA_SUCCESS_VALUE;
        };
    calls.launch(calls.kernel(), 0, 1);
    harness.domain().run();
    assertThat(harness.session.outbox().unreadBytes()).isLessThan(3 << 20);
    long wait = calls.synchronize(0);
    assertThat(harness.events.get(harness.events.size() - 1)).isEqualTo("answer " + wait);
    assertThat(harness.events.get(harness.events.size() - 2)).contains("last");
  }

  @Test
  void aBufferOfAbsurdSizeIsRefused() {
    harness.call(
        Calls.CU_CTX_SET_LIMIT,
        CuCtxSetLimit.newBuilder().setLimit(PRINTF_FIFO_SIZE).setValue(1L << 40).build());
    assertThat(harness.errors).hasSize(1);
    assertThat(harness.errors.get(0).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
  }
}
