// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A library: one image, loaded on each of the session's devices where that was possible. Belongs to
 * the session's serial executor.
 */
final class SessionLibrary {
  /** Stands for the owning context of what belongs to no context. */
  static final long OWNER = -1;

  private final Map<SessionDevice, SessionModule> modules;
  private final List<Long> functionHandles = new ArrayList<>();
  private final List<Long> moduleHandles = new ArrayList<>();

  /**
   * @param modules at least one
   */
  SessionLibrary(Map<SessionDevice, SessionModule> modules) {
    this.modules = Map.copyOf(modules);
  }

  Map<SessionDevice, SessionModule> modules() {
    return modules;
  }

  /** The library's module on a device, or null if the image has nothing for it. */
  @Nullable SessionModule on(SessionDevice device) {
    return modules.get(device);
  }

  /** Any of its modules: all have the same kernels and variables. */
  SessionModule any() {
    return modules.values().iterator().next();
  }

  /** Handles of kernels that end with the library. */
  List<Long> functionHandles() {
    return functionHandles;
  }

  /** Handles of modules that end with the library. */
  List<Long> moduleHandles() {
    return moduleHandles;
  }
}
