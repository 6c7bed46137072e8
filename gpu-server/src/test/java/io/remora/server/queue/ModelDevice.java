// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import static java.util.Objects.requireNonNull;

import io.remora.server.driver.WorkObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A device that only takes time. Kernels have a stated length; how kernels of different streams
 * share the device is the model.
 */
abstract class ModelDevice {
  final FakeTime time;
  private final Map<String, Long> servedNanos = new HashMap<>();
  int inFlight;

  ModelDevice(FakeTime time) {
    this.time = time;
  }

  /** Runs kernels one at a time in the order in which they come, whatever their stream. */
  static ModelDevice inOrder(FakeTime time) {
    return new InOrder(time);
  }

  /**
   * Runs the first kernel of every stream at once, each at its part of the device's speed. What it
   * measures is the time that the kernel would have taken alone.
   */
  static ModelDevice concurrent(FakeTime time) {
    return new Concurrent(time);
  }

  abstract void run(String stream, long lengthNanos, WorkObserver observer);

  /** Device time that a stream's ended kernels used, at the full speed of the device. */
  long servedNanos(String stream) {
    return servedNanos.getOrDefault(stream, 0L);
  }

  void ended(Kernel kernel, long measuredNanos) {
    inFlight--;
    servedNanos.merge(kernel.stream, kernel.lengthNanos, Long::sum);
    kernel.observer.onDone(0, measuredNanos);
  }

  static final class Kernel {
    final String stream;
    final long lengthNanos;
    final WorkObserver observer;
    double restNanos;

    Kernel(String stream, long lengthNanos, WorkObserver observer) {
      this.stream = stream;
      this.lengthNanos = lengthNanos;
      this.observer = observer;
      this.restNanos = lengthNanos;
    }
  }

  private static final class InOrder extends ModelDevice {
    private final ArrayDeque<Kernel> queue = new ArrayDeque<>();

    InOrder(FakeTime time) {
      super(time);
    }

    @Override
    void run(String stream, long lengthNanos, WorkObserver observer) {
      inFlight++;
      queue.add(new Kernel(stream, lengthNanos, observer));
      if (queue.size() == 1) {
        startFirst();
      }
    }

    private void startFirst() {
      Kernel kernel = queue.getFirst();
      time.after(
          kernel.lengthNanos,
          () -> {
            queue.removeFirst();
            if (!queue.isEmpty()) {
              startFirst();
            }
            ended(kernel, kernel.lengthNanos);
          });
    }
  }

  private static final class Concurrent extends ModelDevice {
    private final Map<String, ArrayDeque<Kernel>> streams = new HashMap<>();
    private final List<Kernel> running = new ArrayList<>();
    private long changedNanos;
    private long generation;

    Concurrent(FakeTime time) {
      super(time);
    }

    @Override
    void run(String stream, long lengthNanos, WorkObserver observer) {
      inFlight++;
      var kernel = new Kernel(stream, lengthNanos, observer);
      ArrayDeque<Kernel> queue = streams.computeIfAbsent(stream, name -> new ArrayDeque<>());
      queue.add(kernel);
      if (queue.size() == 1) {
        progress();
        start(kernel);
        schedule();
      }
    }

    private void start(Kernel kernel) {
      running.add(kernel);
    }

    private void progress() {
      double each = (double) (time.nowNanos() - changedNanos) / Math.max(1, running.size());
      running.forEach(kernel -> kernel.restNanos -= each);
      changedNanos = time.nowNanos();
    }

    private void schedule() {
      long mine = ++generation;
      running.stream()
          .mapToDouble(kernel -> kernel.restNanos)
          .min()
          .ifPresent(
              rest ->
                  time.after(
                      (long) Math.ceil(Math.max(0, rest) * running.size()),
                      () -> {
                        if (mine == generation) {
                          endFinished();
                        }
                      }));
    }

    private void endFinished() {
      progress();
      List<Kernel> finished = running.stream().filter(kernel -> kernel.restNanos < 1).toList();
      running.removeAll(finished);
      for (Kernel kernel : finished) {
        ArrayDeque<Kernel> queue = requireNonNull(streams.get(kernel.stream));
        queue.removeFirst();
        if (!queue.isEmpty()) {
          start(queue.getFirst());
        }
      }
      schedule();
      finished.forEach(kernel -> ended(kernel, kernel.lengthNanos));
    }
  }
}
