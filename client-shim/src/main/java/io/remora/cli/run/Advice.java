// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.run;

import io.remora.cli.Sizes;
import io.remora.cli.run.ProcessCounters.CallCounters;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;

/** What to change in a program, read from its counters. */
public final class Advice {
  /** Less than a person would notice. */
  private static final long CREDIT_NANOS_MIN = 1_000_000;

  private record Rule(String pattern, String remedy) {}

  /** The first that fits an entry point's name counts. */
  private static final List<Rule> RULES =
      List.of(
          new Rule(
              "cu(Event|Stream)Query",
              "each asks the server; wait once with cuEventSynchronize or cuStreamSynchronize"
                  + " instead of asking again and again"),
          new Rule(
              "cuMemcpy.*toH.*",
              "a copy to the host waits for the work before it; copy more at once and less often, or"
                  + " asynchronously into memory of cuMemHostAlloc"),
          new Rule("cuMemcpy.*", "each waits for an answer; copy more at once and less often"),
          new Rule(
              "cu.*Synchronize",
              "each waits until the device has done its work; synchronize less often, and launch"
                  + " the next work before it"),
          new Rule(
              "cu(Module|Library|Link).*|cuKernelGetFunction",
              "loading compiles on the server; load each module once and keep it"),
          new Rule(
              "cuMem(Alloc|Create|Host|Free|Pool).*",
              "each waits for the server; keep memory and use it again"),
          new Rule(
              "cuMemGetInfo.*|cu.*Get.*", "each asks the server; ask once and keep the answer"));

  private static final String OTHERWISE = "each waits for an answer from the server; call it less";

  private Advice() {}

  /** One sentence on what cost most. */
  public static String on(ProcessCounters counters) {
    long blocked = counters.blockedNanos();
    if (counters.creditNanos() > blocked / 2 && counters.creditNanos() > CREDIT_NANOS_MIN) {
      return "Threads were blocked for "
          + time(counters.creditNanos())
          + " because the connection could take no more: send fewer bytes, or use a faster network.";
    }
    CallCounters worst =
        counters.calls().stream()
            .max(Comparator.comparingLong(CallCounters::blockedNanos))
            .filter(call -> call.waits() > 0)
            .orElse(null);
    if (worst == null) {
      return "No call waited: the way to the GPU cost nothing but its bytes.";
    }
    return Sizes.count(worst.calls())
        + " "
        + worst.name()
        + " cost "
        + time(worst.blockedNanos())
        + ": "
        + remedy(worst.name())
        + ".";
  }

  private static String remedy(String name) {
    return RULES.stream()
        .filter(rule -> name.matches(rule.pattern()))
        .map(Rule::remedy)
        .findFirst()
        .orElse(OTHERWISE);
  }

  private static String time(long nanos) {
    return Sizes.time(Duration.ofNanos(nanos));
  }
}
