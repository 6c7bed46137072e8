// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.watch.DeviceModes;
import io.remora.server.watch.Viewer;
import io.remora.v1.DeviceState;
import io.remora.v1.ServerState;
import io.remora.v1.TenantState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tests devices that look ill: one on which works are under way and none has ended for ten seconds,
 * all of them after a fault, and each once a minute. A device that doesn't pass gets no new session
 * until it does. {@link #look} is called every second by one thread; tests have threads of their
 * own, since a broken driver may never come back.
 */
final class DeviceDoctor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DeviceDoctor.class);
  private static final long STALL_NANOS = 10_000_000_000L;
  private static final long TEST_NANOS_MAX = 5_000_000_000L;
  private static final long AGAIN_NANOS = 5_000_000_000L;
  private static final long ROUTINE_NANOS = 60_000_000_000L;

  private final SelfTest test;
  private final Function<Viewer, ServerState> state;
  private final DeviceModes modes;
  private final ServerHealth health;
  private final LongSupplier nanoClock;
  private final List<Patient> patients = new ArrayList<>();
  private final ExecutorService threads;
  private long faults;

  private static final class Patient {
    final int ordinal;
    long works;
    long endedNanos;
    long testedNanos;
    @Nullable Future<?> running;
    boolean suspected;

    /** Null: it passed. Written by the test's thread before it is done. */
    volatile @Nullable String finding;

    Patient(int ordinal, long now) {
      this.ordinal = ordinal;
      endedNanos = now;
      testedNanos = now;
    }
  }

  /**
   * @param state what the server is like, for somebody who may see everything
   * @param threads run the tests, and are shut down with the doctor
   */
  DeviceDoctor(
      SelfTest test,
      Function<Viewer, ServerState> state,
      DeviceModes modes,
      ServerHealth health,
      LongSupplier nanoClock,
      ExecutorService threads) {
    this.test = test;
    this.state = state;
    this.modes = modes;
    this.health = health;
    this.nanoClock = nanoClock;
    this.threads = threads;
    for (int ordinal = 0; ordinal < modes.devices(); ordinal++) {
      patients.add(new Patient(ordinal, nanoClock.getAsLong()));
    }
  }

  /** As many threads as there are tests that don't end. */
  static ExecutorService threads() {
    return Executors.newCachedThreadPool(DeviceDoctor::worker);
  }

  private static Thread worker(Runnable work) {
    Thread thread = new Thread(work, "remora-device-test");
    thread.setDaemon(true);
    return thread;
  }

  /** Looks at all devices. */
  void look() {
    ServerState now = state.apply(Viewer.OPEN);
    long seen = now.getTenantsList().stream().mapToLong(TenantState::getFaults).sum();
    boolean faulted = seen > faults;
    faults = seen;
    for (Patient patient : patients) {
      look(patient, now.getDevices(patient.ordinal), faulted);
    }
  }

  private void look(Patient patient, DeviceState device, boolean faulted) {
    long now = nanoClock.getAsLong();
    if (device.getWorks() != patient.works || device.getInFlight() == 0) {
      patient.works = device.getWorks();
      patient.endedNanos = now;
    }
    boolean stalled = now - patient.endedNanos >= STALL_NANOS;
    patient.suspected |= faulted || stalled || !modes.whyTroubled(patient.ordinal).isEmpty();
    Future<?> running = patient.running;
    if (running != null && running.isDone()) {
      patient.running = null;
      judge(patient, patient.finding);
    } else if (running != null && now - patient.testedNanos > TEST_NANOS_MAX) {
      judge(patient, "its self-test has not ended within 5 s");
    } else if (running == null
        && now - patient.testedNanos >= (patient.suspected ? AGAIN_NANOS : ROUTINE_NANOS)) {
      patient.suspected = false;
      patient.testedNanos = now;
      patient.running = threads.submit(() -> patient.finding = run(patient.ordinal));
    }
  }

  private @Nullable String run(int ordinal) {
    try {
      test.run(ordinal);
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (RuntimeException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private void judge(Patient patient, @Nullable String finding) {
    int ordinal = patient.ordinal;
    String before = modes.whyTroubled(ordinal);
    if (finding == null) {
      patient.suspected = false;
      modes.recovered(ordinal);
      if (!before.isEmpty()) {
        log.info("Device {} has passed its self-test and gets sessions again", ordinal);
      }
    } else {
      modes.trouble(ordinal, finding);
      if (!before.equals(finding)) {
        log.error("Device {} gets no new sessions: {}", ordinal, finding);
      }
    }
    health.setDevice(ordinal, modes.serves(ordinal));
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
