// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.List;

/**
 * What a program's connections have done so far, all together. The share of calls that waited is
 * the figure that decides how fast a remote program is.
 *
 * @param callsSent all calls that went to the server
 * @param callsWaited those of them that waited for an answer
 * @param callsLocal calls that were answered without the server
 * @param framesSent messages in which the calls travelled
 * @param bytesSent size of those messages
 * @param bytesReceived size of the server's messages
 * @param creditWaitNanos time that callers were blocked because too much was under way
 * @param resumes how often the session went on after its connection was cut
 * @param across what was done between several servers
 * @param busiest per entry point what it cost, the longest time blocked first
 */
public record Stats(
    long callsSent,
    long callsWaited,
    long callsLocal,
    long framesSent,
    long bytesSent,
    long bytesReceived,
    long creditWaitNanos,
    long resumes,
    AcrossStats across,
    List<EntryStats> busiest) {
  public Stats {
    busiest = List.copyOf(busiest);
  }

  /**
   * One entry point's part.
   *
   * @param name e.g. {@code cuMemcpyDtoH}
   * @param calls how often it was sent
   * @param waits how often it waited
   * @param blockedNanos how long it waited, in all threads together
   */
  public record EntryStats(String name, long calls, long waits, long blockedNanos) {}
}
