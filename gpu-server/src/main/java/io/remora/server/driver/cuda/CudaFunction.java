// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.Domain.ParameterDescription;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A kernel of a loaded module, with what a program has set. */
final class CudaFunction {
  private final long address;
  private final String name;
  private final int[] offsets;
  private final int parameterBytes;
  private final Map<Integer, Integer> settings = new ConcurrentHashMap<>(0);

  /** Only ever set, so that racing threads need no order. */
  private boolean launched;

  private CudaFunction(long address, String name, int[] offsets, int parameterBytes) {
    this.address = address;
    this.name = name;
    this.offsets = offsets;
    this.parameterBytes = parameterBytes;
  }

  static CudaFunction of(long address, String name, List<ParameterDescription> parameters) {
    int bytes = 0;
    int[] offsets = new int[parameters.size()];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = parameters.get(i).offset();
      bytes = Math.max(bytes, offsets[i] + parameters.get(i).size());
    }
    return new CudaFunction(address, name, offsets, bytes);
  }

  /** The driver's handle. */
  long address() {
    return address;
  }

  String name() {
    return name;
  }

  /** Where each parameter lies among the packed ones. */
  int[] offsets() {
    return offsets;
  }

  /** Size of the packed parameters. */
  int parameterBytes() {
    return parameterBytes;
  }

  /** Attributes that a program has set, by {@code CUfunction_attribute}. */
  Map<Integer, Integer> settings() {
    return settings;
  }

  /** The kernel is about to run: from now on its module's variables may have other values. */
  void launch() {
    if (!launched) {
      launched = true;
    }
  }

  boolean wasLaunched() {
    return launched;
  }
}
