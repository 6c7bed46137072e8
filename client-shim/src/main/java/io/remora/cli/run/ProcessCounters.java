// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.run;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the C client of one process has counted, as the process left it in the file that {@code
 * REMORA_STATS_FILE} names.
 *
 * @param pid the process
 * @param program its name
 * @param localCalls calls that the client answered itself
 * @param framesSent messages in which calls travelled
 * @param bytesSent size of those messages
 * @param bytesReceived size of the server's messages
 * @param creditNanos how long threads were blocked because too much was under way
 * @param resumes how often sessions went on after their connection was cut
 * @param across copies between devices of two servers
 * @param calls the calls that were sent
 */
public record ProcessCounters(
    long pid,
    String program,
    long localCalls,
    long framesSent,
    long bytesSent,
    long bytesReceived,
    long creditNanos,
    long resumes,
    CopiesAcross across,
    List<CallCounters> calls) {

  /** One entry point of the driver. */
  public record CallCounters(String name, long calls, long waits, long blockedNanos) {
    CallCounters plus(CallCounters other) {
      return new CallCounters(
          name, calls + other.calls, waits + other.waits, blockedNanos + other.blockedNanos);
    }
  }

  public ProcessCounters {
    calls = List.copyOf(calls);
  }

  /**
   * Reads what any number of processes have written.
   *
   * @throws IllegalArgumentException if the lines have another form; names the first such line
   */
  public static List<ProcessCounters> parse(List<String> lines) {
    List<ProcessCounters> processes = new ArrayList<>();
    List<String> block = new ArrayList<>();
    for (String line : lines) {
      block.add(line);
      if (line.equals("end")) {
        processes.add(parseOne(block));
        block.clear();
      }
    }
    if (!block.isEmpty()) {
      throw notCounters(block.get(block.size() - 1));
    }
    return processes;
  }

  private static ProcessCounters parseOne(List<String> block) {
    String[] process = block.get(0).split(" ", 3);
    if (process.length != 3 || !process[0].equals("process")) {
      throw notCounters(block.get(0));
    }
    Map<String, Long> numbers = new HashMap<>();
    List<CallCounters> calls = new ArrayList<>();
    for (String line : block.subList(1, block.size() - 1)) {
      String[] words = line.split(" ");
      if (words.length == 6 && words[0].equals("call")) {
        calls.add(
            new CallCounters(
                words[2], number(words[3], line), number(words[4], line), number(words[5], line)));
      } else if (words.length == 2) {
        numbers.put(words[0], number(words[1], line));
      } else {
        throw notCounters(line);
      }
    }
    return new ProcessCounters(
        number(process[1], block.get(0)),
        process[2],
        numbers.getOrDefault("local_calls", 0L),
        numbers.getOrDefault("frames_sent", 0L),
        numbers.getOrDefault("bytes_sent", 0L),
        numbers.getOrDefault("bytes_received", 0L),
        numbers.getOrDefault("credit_nanos", 0L),
        numbers.getOrDefault("resumes", 0L),
        CopiesAcross.of(numbers),
        calls);
  }

  private static long number(String word, String line) {
    try {
      return Long.parseLong(word);
    } catch (NumberFormatException e) {
      throw notCounters(line);
    }
  }

  private static IllegalArgumentException notCounters(String line) {
    return new IllegalArgumentException("not what REMORA_STATS_FILE gets: '" + line + "'");
  }

  /** All processes as if they were one, with the first one's name. */
  public static ProcessCounters sum(List<ProcessCounters> processes) {
    Map<String, CallCounters> calls = new LinkedHashMap<>();
    long local = 0;
    long frames = 0;
    long sent = 0;
    long received = 0;
    long credit = 0;
    long resumes = 0;
    CopiesAcross across = CopiesAcross.NONE;
    for (ProcessCounters each : processes) {
      local += each.localCalls;
      frames += each.framesSent;
      sent += each.bytesSent;
      received += each.bytesReceived;
      credit += each.creditNanos;
      resumes += each.resumes;
      across = across.plus(each.across);
      each.calls.forEach(call -> calls.merge(call.name(), call, CallCounters::plus));
    }
    ProcessCounters first = processes.get(0);
    return new ProcessCounters(
        first.pid,
        first.program,
        local,
        frames,
        sent,
        received,
        credit,
        resumes,
        across,
        List.copyOf(calls.values()));
  }

  /** Calls that were sent. */
  public long sentCalls() {
    return calls.stream().mapToLong(CallCounters::calls).sum();
  }

  /** Those of them that waited for their answer. */
  public long waits() {
    return calls.stream().mapToLong(CallCounters::waits).sum();
  }

  /** How long threads were blocked in calls, for whatever reason. */
  public long blockedNanos() {
    return calls.stream().mapToLong(CallCounters::blockedNanos).sum();
  }
}
