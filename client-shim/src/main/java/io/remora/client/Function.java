// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.FunctionInfo;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the client holds of a kernel, so that launching it needs nothing from the server. Immutable
 * but for the attributes that a program may set, and whether it is still there.
 */
final class Function {
  private final long handle;
  private final long owner;
  private final String name;
  private final Map<Integer, Integer> attributes;
  private final int[] offsets;
  private final int[] sizes;
  private final int parameterBytes;
  private final OldLaunch oldLaunch;
  private volatile boolean loaded = true;

  /**
   * @param owner handle of the module or library
   * @param name by which it was looked up
   */
  Function(long handle, long owner, String name, FunctionInfo info) {
    this.handle = handle;
    this.owner = owner;
    this.name = name;
    attributes = new ConcurrentHashMap<>(info.getAttributesMap());
    int count = info.getParametersCount();
    offsets = new int[count];
    sizes = new int[count];
    int end = 0;
    for (int i = 0; i < count; i++) {
      offsets[i] = info.getParameters(i).getOffset();
      sizes[i] = info.getParameters(i).getSize();
      end = Math.max(end, offsets[i] + sizes[i]);
    }
    parameterBytes = end;
    oldLaunch = new OldLaunch(end);
  }

  long handle() {
    return handle;
  }

  long owner() {
    return owner;
  }

  /** Whether its module is still loaded. */
  boolean isLoaded() {
    return loaded;
  }

  /** Its module is unloaded. */
  void unload() {
    loaded = false;
  }

  String name() {
    return name;
  }

  /** {@code CUfunction_attribute} to value. */
  Map<Integer, Integer> attributes() {
    return attributes;
  }

  int parameterCount() {
    return offsets.length;
  }

  /** Where a parameter begins, in bytes. */
  int offset(int parameter) {
    return offsets[parameter];
  }

  /** A parameter's size in bytes. */
  int size(int parameter) {
    return sizes[parameter];
  }

  /** What the calls from before CUDA 4.0 have set. */
  OldLaunch oldLaunch() {
    return oldLaunch;
  }

  /** Size of all parameters with the gaps between them. */
  int parameterBytes() {
    return parameterBytes;
  }
}
