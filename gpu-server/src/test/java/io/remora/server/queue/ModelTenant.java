// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.function.LongSupplier;

/** A session that always has a number of kernels submitted: when one ends, the next comes. */
final class ModelTenant {
  final String name;
  final Lane lane;
  private final ModelDevice device;
  private final String stream;
  private final LongSupplier lengths;
  private long servedAtMark;
  boolean stopped;

  ModelTenant(
      DeviceQueue queue,
      ModelDevice device,
      String name,
      String stream,
      int weight,
      LaneClass laneClass,
      LongSupplier lengths) {
    this.name = name;
    this.stream = stream;
    this.device = device;
    this.lengths = lengths;
    this.lane = queue.lane(name, weight, laneClass);
  }

  ModelTenant saturate(int depth) {
    for (int i = 0; i < depth; i++) {
      submit();
    }
    return this;
  }

  void submit() {
    long length = lengths.getAsLong();
    lane.submit(
        ModelWork.of(
            length,
            observer ->
                device.run(
                    stream,
                    length,
                    (result, nanos) -> {
                      observer.onDone(result, nanos);
                      if (!stopped) {
                        submit();
                      }
                    })));
  }

  void mark() {
    servedAtMark = device.servedNanos(stream);
  }

  long servedSinceMark() {
    return device.servedNanos(stream) - servedAtMark;
  }
}
