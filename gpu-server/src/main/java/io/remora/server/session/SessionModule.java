// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.Domain.ModuleDescription;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A module as loaded on one device. Belongs to the session's serial executor. */
final class SessionModule {
  private final SessionDevice device;
  private final long owner;
  private final ModuleDescription description;
  private final List<Allocation> variables;
  private final Map<String, FunctionDescription> functions = new HashMap<>();
  private final Map<String, GlobalDescription> globals = new HashMap<>();
  private final List<Long> functionHandles = new ArrayList<>();
  private boolean unloaded;

  /**
   * @param owner handle of the context that it belongs to, or {@link SessionLibrary#OWNER}
   * @param variables memory of its global variables
   */
  SessionModule(
      SessionDevice device, long owner, ModuleDescription description, List<Allocation> variables) {
    this.device = device;
    this.owner = owner;
    this.description = description;
    this.variables = new ArrayList<>(variables);
    description.functions().forEach(function -> functions.put(function.name(), function));
    description.globals().forEach(global -> globals.put(global.name(), global));
  }

  SessionDevice device() {
    return device;
  }

  long owner() {
    return owner;
  }

  boolean isOfLibrary() {
    return owner == SessionLibrary.OWNER;
  }

  ModuleDescription description() {
    return description;
  }

  List<Allocation> variables() {
    return variables;
  }

  @Nullable FunctionDescription function(String name) {
    return functions.get(name);
  }

  @Nullable GlobalDescription global(String name) {
    return globals.get(name);
  }

  /** A variable that the driver has placed, and its memory as the session knows it. */
  void found(GlobalDescription global, Allocation memory) {
    globals.put(global.name(), global);
    if (!variables.contains(memory)) {
      variables.add(memory);
    }
  }

  boolean isUnloaded() {
    return unloaded;
  }

  /** From now on nothing is found in it. */
  void unloaded() {
    unloaded = true;
  }

  /** Names of the kernels in the module's order. */
  List<String> functionNames() {
    return description.functions().stream().map(FunctionDescription::name).toList();
  }

  /** Handles that the client has given to functions of this module; they end with it. */
  List<Long> functionHandles() {
    return functionHandles;
  }

  /** Every variable whose place is known. */
  Collection<GlobalDescription> globals() {
    return List.copyOf(globals.values());
  }
}
