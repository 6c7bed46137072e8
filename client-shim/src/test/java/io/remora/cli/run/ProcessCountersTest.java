// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.remora.cli.run.CopiesAcross.Detour;
import io.remora.cli.run.ProcessCounters.CallCounters;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ProcessCountersTest {
  private static List<String> block(int pid, String... calls) {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "process " + pid + " my app",
                "local_calls 5",
                "frames_sent 2",
                "bytes_sent 1000",
                "bytes_received 300",
                "credit_nanos 7",
                "resumes 1",
                "servers 2",
                "direct_copies 9",
                "direct_bytes 90000",
                "bridged_copies 3",
                "bridged_bytes 4000",
                "bridged_small 2",
                "bridged_unreachable 1",
                "bridged_of_a_later_version 1"));
    lines.addAll(List.of(calls));
    lines.add("end");
    return lines;
  }

  private static ProcessCounters counters(String... calls) {
    return ProcessCounters.parse(block(1, calls)).get(0);
  }

  @Test
  void blocksOfAllProcessesAreReadAndAddedUp() {
    List<String> lines = block(11, "call 3 cuMemAlloc 4 4 100", "call 9 cuLaunchKernel 50 0 0");
    lines.addAll(block(12, "call 9 cuLaunchKernel 8 1 20"));
    List<ProcessCounters> both = ProcessCounters.parse(lines);

    assertThat(both).extracting(ProcessCounters::pid).containsExactly(11L, 12L);
    ProcessCounters sum = ProcessCounters.sum(both);
    assertThat(sum)
        .isEqualTo(
            new ProcessCounters(
                11,
                "my app",
                10,
                4,
                2000,
                600,
                14,
                2,
                new CopiesAcross(
                    18, 180000, 6, 8000, Map.of(Detour.SMALL, 4L, Detour.UNREACHABLE, 2L)),
                List.of(
                    new CallCounters("cuMemAlloc", 4, 4, 100),
                    new CallCounters("cuLaunchKernel", 58, 1, 20))));
    assertThat(sum.sentCalls()).isEqualTo(62);
    assertThat(sum.waits()).isEqualTo(5);
    assertThat(sum.blockedNanos()).isEqualTo(120);
  }

  @Test
  void nothingIsReadFromAnEmptyFile() {
    assertThat(ProcessCounters.parse(List.of())).isEmpty();
  }

  @Test
  void otherTextIsRefusedWithTheLine() {
    for (String wrong : List.of("hello", "call 1 cuInit 1 1", "call 1 cuInit 1 x 1")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> counters(wrong))
          .withMessageContaining("'" + wrong + "'");
    }
    List<String> unfinished = block(1).subList(0, 3);
    assertThatIllegalArgumentException().isThrownBy(() -> ProcessCounters.parse(unfinished));
  }

  @Test
  void adviceNamesTheCallThatBlockedLongest() {
    assertThat(
            Advice.on(
                counters("call 1 cuMemAlloc 4 4 100000", "call 2 cuEventQuery 412 412 61000000")))
        .startsWith("412 cuEventQuery cost 61 ms: ")
        .contains("cuEventSynchronize")
        .endsWith(".");
    assertThat(Advice.on(counters("call 1 cuMemcpyDtoH 3 3 5000000")))
        .startsWith("3 cuMemcpyDtoH cost 5 ms: a copy to the host waits");
    assertThat(Advice.on(counters("call 1 cuMemcpyHtoD 3 3 5000000")))
        .startsWith("3 cuMemcpyHtoD cost 5 ms: each waits for an answer");
  }

  @Test
  void adviceIsAboutTheConnectionWhereItWasFull() {
    List<String> lines = block(1, "call 1 cuMemcpyHtoD 3 0 3000000");
    lines.set(5, "credit_nanos 2000000");
    assertThat(Advice.on(ProcessCounters.parse(lines).get(0)))
        .startsWith("Threads were blocked for 2 ms because too much was under way");
  }

  @Test
  void programThatNeverWaitedNeedsNoAdvice() {
    assertThat(Advice.on(counters("call 1 cuLaunchKernel 3 0 0"))).startsWith("No call waited");
  }
}
