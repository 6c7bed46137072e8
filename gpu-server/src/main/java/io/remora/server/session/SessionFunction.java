// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.metrics.KernelMeter;
import io.remora.server.metrics.SessionMeter;
import io.remora.v1.CUresult;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code CUfunction} or {@code CUkernel} stands for: a kernel on one device, or on every
 * device that its library is loaded on. Belongs to the session's serial executor.
 */
final class SessionFunction {
  private final SessionDevice firstDevice;
  private final Instance first;
  private final Map<SessionDevice, Instance> others = new HashMap<>(0);

  /** A kernel on one device. */
  static final class Instance {
    // CUfunction_attribute.
    private static final int MAX_THREADS_PER_BLOCK = 0;
    private static final int SHARED_SIZE_BYTES = 1;

    private final FunctionDescription description;
    private final long handle;
    private final int parameterBytes;
    private final int threadsMax;
    private final int sharedBytes;
    private @Nullable KernelMeter meter;

    Instance(FunctionDescription description) {
      this.description = description;
      this.handle = description.function();
      this.parameterBytes = description.parameterBytes();
      this.threadsMax =
          description.attributes().getOrDefault(MAX_THREADS_PER_BLOCK, Integer.MAX_VALUE);
      this.sharedBytes = description.attributes().getOrDefault(SHARED_SIZE_BYTES, 0);
    }

    /** The driver's handle. */
    long handle() {
      return handle;
    }

    int parameterBytes() {
      return parameterBytes;
    }

    /** Most threads in a block. */
    int threadsMax() {
      return threadsMax;
    }

    /** Shared memory that the kernel declares itself. */
    int sharedBytes() {
      return sharedBytes;
    }

    /** What takes its device time. */
    KernelMeter meter(SessionMeter session, SessionDevice device) {
      KernelMeter known = meter;
      if (known == null) {
        known =
            session.kernel(
                device.ordinal(), description.name(), () -> device.description().ordinal());
        meter = known;
      }
      return known;
    }

    FunctionDescription description() {
      return description;
    }
  }

  /** A function of a module. */
  SessionFunction(SessionDevice device, FunctionDescription description) {
    firstDevice = device;
    first = new Instance(description);
  }

  /** Adds the same kernel on another device. */
  void add(SessionDevice device, FunctionDescription description) {
    others.put(device, new Instance(description));
  }

  /** The given device if the kernel is there, otherwise one where it is. */
  SessionDevice deviceNear(SessionDevice wanted) {
    return others.containsKey(wanted) ? wanted : firstDevice;
  }

  /**
   * The kernel on a device.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_HANDLE} if it isn't there
   */
  Instance on(SessionDevice device) {
    Instance found = device == firstDevice ? first : others.get(device);
    if (found == null) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE,
          "the kernel " + first.description().name() + " is not loaded on this device");
    }
    return found;
  }

  /** The kernel on each of its devices; the first is the one that is asked for in general. */
  Map<SessionDevice, Instance> instances() {
    Map<SessionDevice, Instance> all = new LinkedHashMap<>();
    all.put(firstDevice, first);
    all.putAll(others);
    return all;
  }
}
