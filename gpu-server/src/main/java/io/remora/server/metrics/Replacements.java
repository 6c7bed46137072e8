// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * What became of devices that a fault had made useless, and of the sessions on them. Any thread may
 * call; no lock is held while the listener is told.
 */
public final class Replacements {
  /** Told what happens, for the audit log. Any thread; must not block. */
  public interface Listener {
    /** What all sessions of a device live in was replaced. */
    void replaced(int device, String cause);

    /** A session goes on in what has replaced it. */
    void kept(int device, String session, String tenant);

    /** A session couldn't go on. */
    void lost(int device, String session, String tenant, String why);
  }

  /**
   * One device so far.
   *
   * @param count how often what its sessions live in was replaced
   * @param kept sessions that went on
   * @param lost sessions that didn't, though they were not to blame
   * @param cause why it was replaced last; empty if it never was
   * @param atNanos when, by the server's monotonic clock
   */
  public record Reading(long count, long kept, long lost, String cause, long atNanos) {
    /** Nothing has happened. */
    public static final Reading NONE = new Reading(0, 0, 0, "", 0);
  }

  private final Listener listener;
  private final LongSupplier nanoClock;

  // Guarded by this.
  private final List<Reading> readings = new ArrayList<>();
  private final List<String> causes = new ArrayList<>();
  private final List<Boolean> unexplained = new ArrayList<>();

  /**
   * @param devices how many there are
   * @param nanoClock as {@link System#nanoTime}
   */
  public Replacements(int devices, Listener listener, LongSupplier nanoClock) {
    this.listener = listener;
    this.nanoClock = nanoClock;
    for (int device = 0; device < devices; device++) {
      readings.add(Reading.NONE);
      causes.add("");
      unexplained.add(false);
    }
  }

  /**
   * A fault has ended what a device's sessions live in. Whoever is hit by it may have had it
   * replaced before the guilty one is heard of.
   */
  public synchronized void ended(int device, String cause) {
    if (unexplained.get(device)) {
      unexplained.set(device, false);
      Reading last = readings.get(device);
      readings.set(device, new Reading(last.count, last.kept, last.lost, cause, last.atNanos));
    } else {
      causes.set(device, cause);
    }
  }

  /** It was replaced. */
  public void replaced(int device) {
    String cause;
    synchronized (this) {
      cause = causes.set(device, "");
      unexplained.set(device, cause.isEmpty());
      Reading before = readings.get(device);
      readings.set(
          device,
          new Reading(before.count + 1, before.kept, before.lost, cause, nanoClock.getAsLong()));
    }
    listener.replaced(device, cause.isEmpty() ? "a fault of a session" : cause);
  }

  /** A session goes on. */
  public void kept(int device, String session, String tenant) {
    synchronized (this) {
      Reading before = readings.get(device);
      readings.set(
          device,
          new Reading(before.count, before.kept + 1, before.lost, before.cause, before.atNanos));
    }
    listener.kept(device, session, tenant);
  }

  /** A session can't go on. */
  public void lost(int device, String session, String tenant, String why) {
    synchronized (this) {
      Reading before = readings.get(device);
      readings.set(
          device,
          new Reading(before.count, before.kept, before.lost + 1, before.cause, before.atNanos));
    }
    listener.lost(device, session, tenant, why);
  }

  /** How it stands with a device. */
  public synchronized Reading read(int device) {
    return readings.get(device);
  }
}
