// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.session.Session;
import io.remora.server.watch.DeviceModes;
import io.remora.server.watch.LiveSession;
import io.remora.server.watch.SessionRoll;
import io.remora.v1.Hello;
import io.remora.v1.SessionImage;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * Writes down who comes and goes.
 *
 * @param roll where it is written
 * @param modes which devices new sessions get
 * @param nanoClock as {@link System#nanoTime}
 * @param clock tells dates
 */
record Reception(SessionRoll roll, DeviceModes modes, LongSupplier nanoClock, InstantSource clock) {
  private static final int TEXT_CHARS_MAX = 200;

  LiveSession opened(Session session, String tenant, String peer, Hello hello) {
    LiveSession live =
        new LiveSession(
            session.id(),
            tenant,
            peer.startsWith("/") ? peer.substring(1) : peer,
            programName(hello.getProgram()),
            hello.getProcessId(),
            printable(hello.getClientName() + " " + hello.getClientVersion()),
            nanoClock.getAsLong(),
            clock.millis(),
            session.meter());
    roll.opened(live);
    return live;
  }

  /** A session has come from another server. */
  LiveSession arrived(Session session, SessionImage image) {
    LiveSession live =
        new LiveSession(
            session.id(),
            image.getTenant(),
            printable(image.getPeer()),
            programName(image.getProgram()),
            image.getProcessId(),
            printable(image.getClient()),
            nanoClock.getAsLong(),
            image.getOpenedUnixMillis(),
            session.meter());
    roll.opened(live);
    return live;
  }

  /** Without arguments: they may hold what is nobody else's business. */
  private static String programName(String program) {
    String name = printable(program);
    int space = name.indexOf(' ');
    return space < 0 ? name : name.substring(0, space);
  }

  /** What a client says of itself is shown without line ends and control codes. */
  private static String printable(String text) {
    String start = text.length() > TEXT_CHARS_MAX ? text.substring(0, TEXT_CHARS_MAX) : text;
    return start.replaceAll("[^\\x20-\\x7e]", "?").strip();
  }
}
