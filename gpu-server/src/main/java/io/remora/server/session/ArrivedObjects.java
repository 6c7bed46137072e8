// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.ModuleDescription;
import io.remora.server.driver.Domain.ParameterDescription;
import io.remora.v1.SessionImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes the objects that a session had on another server, under the handles that its client knows.
 * The driver's are there already. Used once, before the session goes on.
 */
final class ArrivedObjects {
  private final ClientSession session;
  private final SessionObjects objects;
  private final SessionCalls calls;
  private final SessionImage image;

  /** The driver's functions, by device and handle. */
  private final Map<SessionDevice, Map<Long, FunctionDescription>> kernels = new HashMap<>();

  private final List<SessionModule> modules = new ArrayList<>();

  ArrivedObjects(ClientSession session, SessionImage image) {
    this.session = session;
    this.objects = session.objects();
    this.calls = session.calls();
    this.image = image;
  }

  /**
   * Makes all of them.
   *
   * @throws IllegalArgumentException if there can't be such objects
   * @throws Unmovable if the tenant may not have so many
   */
  void make() {
    for (SessionDevice device : objects.devices()) {
      memory(device, image.getDevices(device.ordinal() - objects.firstDevice()));
    }
    image.getContextsList().forEach(this::context);
    image.getStreamsList().forEach(this::stream);
    for (SessionImage.Event each : image.getEventsList()) {
      SessionEvent event =
          new SessionEvent(context(each.getContext()), each.getDriver(), session.serial());
      if (each.getRecorded()) {
        event.wasRecorded();
      }
      put(objects.events(), each.getHandle(), event);
    }
    image.getModulesList().forEach(this::module);
    image.getLibrariesList().forEach(this::library);
    image.getFunctionsList().forEach(this::function);
    image.getArraysList().forEach(this::array);
    for (SessionImage.PhysicalMemory each : image.getPhysicalMemoriesList()) {
      calls.virtualMemory().restore(device(each.getDevice()), PhysicalMemory.of(each));
    }
    new GraphArrivals(session, objects).read(image);
    new CaptureImages(objects)
        .read(image.getOpenCapturesList(), image.getCaptures(), session.captures());
    calls.references().arrive();
    session.captures().continueAt(image.getNextNode(), image.getCaptures());
    calls.callbacks().continueAt(image.getNextCallback());
  }

  private void memory(SessionDevice device, SessionImage.Device state) {
    Map<Long, MemoryPool> pools = new HashMap<>();
    pools.put(device.pools().standard().handle(), device.pools().standard());
    for (MemoryPool pool : device.pools().restore(device, state)) {
      put(objects.pools(), pool.handle(), pool);
      pools.put(pool.handle(), pool);
    }
    for (SessionImage.Allocation each : state.getSlab().getAllocationsList()) {
      if (each.getSyncMemops()) {
        device.synchronizeMemory();
      }
      Allocation allocation = device.memory().at(each.getAddress());
      if (each.getPool() != 0 && allocation != null) {
        allocation.belongsTo(pools.computeIfAbsent(each.getPool(), gone -> ended(gone, device)));
      }
    }
    device.virtualMemory().restore(state);
    calls.memory().ofGraphs().restore(device, state.getGraphUse());
  }

  /** A pool that the program has destroyed, of which it still has memory. */
  private static MemoryPool ended(long handle, SessionDevice device) {
    MemoryPool pool = new MemoryPool(handle, device, 0);
    pool.destroy();
    return pool;
  }

  private void context(SessionImage.Context each) {
    SessionDevice device = device(each.getDevice());
    VirtualContext context =
        new VirtualContext(
            each.getHandle(), device, each.getLegacy().getDriver(), session.serial());
    context.limits().putAll(each.getLimitsMap());
    context.legacy().setOrderEvent(each.getLegacy().getOrderEvent());
    if (objects.isDevice(each.getHandle())) {
      require(each.getHandle() == device.ordinal(), "a primary context of another device");
      objects.restorePrimary(context);
    } else {
      put(objects.contexts(), each.getHandle(), context);
    }
  }

  private VirtualContext context(long handle) {
    boolean primary = objects.isDevice(handle);
    VirtualContext found =
        primary ? objects.usedPrimary((int) handle) : objects.contexts().get(handle);
    if (found == null) {
      throw new IllegalArgumentException("an object belongs to no context");
    }
    return found;
  }

  private void stream(SessionImage.Stream each) {
    SessionStream stream =
        new SessionStream(
            context(each.getContext()),
            each.getDriver(),
            each.getFlags(),
            each.getPriority(),
            session.serial());
    stream.setOrderEvent(each.getOrderEvent());
    put(objects.streams(), each.getHandle(), stream);
  }

  private void module(SessionImage.Module each) {
    SessionDevice device = device(each.getDevice());
    List<FunctionDescription> functions = new ArrayList<>();
    for (SessionImage.Kernel kernel : each.getKernelsList()) {
      FunctionDescription function =
          new FunctionDescription(
              kernel.getDriver(),
              kernel.getName(),
              kernel.getAttributesMap(),
              kernel.getParametersList().stream()
                  .map(one -> new ParameterDescription(one.getOffset(), one.getSize()))
                  .toList(),
              kernel.getParameterBytes());
      functions.add(function);
      kernels.computeIfAbsent(device, key -> new HashMap<>()).put(function.function(), function);
    }
    List<Allocation> variables = new ArrayList<>();
    for (long address : each.getMemoryList()) {
      variables.add(allocation(device, address));
    }
    SessionModule module =
        new SessionModule(
            device,
            each.getOwner(),
            new ModuleDescription(
                each.getDriver(),
                functions,
                each.getDescribedList().stream().map(DomainStates::global).toList()),
            variables);
    for (SessionImage.Variable found : each.getFoundList()) {
      module.found(DomainStates.global(found), allocation(device, found.getAddress()));
    }
    module.functionHandles().addAll(each.getFunctionHandlesList());
    modules.add(module);
    each.getHandlesList().forEach(handle -> put(objects.modules(), handle, module));
  }

  private static Allocation allocation(SessionDevice device, long address) {
    Allocation found = device.memory().at(address);
    if (found == null) {
      throw new IllegalArgumentException("what is named as allocated isn't");
    }
    return found;
  }

  private void library(SessionImage.Library each) {
    Map<SessionDevice, SessionModule> own = new LinkedHashMap<>();
    for (int place : each.getModulesList()) {
      SessionModule module = at(modules, place);
      own.put(module.device(), module);
    }
    require(!own.isEmpty(), "a library without modules");
    SessionLibrary library = new SessionLibrary(own);
    library.functionHandles().addAll(each.getFunctionHandlesList());
    library.moduleHandles().addAll(each.getModuleHandlesList());
    put(objects.libraries(), each.getHandle(), library);
  }

  private void function(SessionImage.Function each) {
    require(each.getInstancesCount() > 0, "a function on no device");
    SessionFunction function =
        new SessionFunction(device(each.getInstances(0).getDevice()), kernel(each, 0));
    for (int i = 1; i < each.getInstancesCount(); i++) {
      function.add(device(each.getInstances(i).getDevice()), kernel(each, i));
    }
    put(objects.functions(), each.getHandle(), function);
  }

  private FunctionDescription kernel(SessionImage.Function function, int place) {
    SessionImage.Function.Instance instance = function.getInstances(place);
    FunctionDescription found =
        kernels.getOrDefault(device(instance.getDevice()), Map.of()).get(instance.getDriver());
    if (found == null) {
      throw new IllegalArgumentException("a function is in no module");
    }
    return found;
  }

  private void array(SessionImage.Array each) {
    SessionDevice device = device(each.getDevice());
    SessionArray.Shape shape =
        new SessionArray.Shape(
            each.getWidth(),
            each.getHeight(),
            each.getDepth(),
            each.getFormat(),
            each.getChannels(),
            each.getFlags());
    Allocation allocation = allocation(device, each.getAddress());
    require(shape.bytes() <= allocation.bytes(), "an array beyond its memory");
    calls.arrays().restore(new SessionArray(shape, device, allocation));
  }

  private SessionDevice device(int ordinal) {
    return device(objects, ordinal);
  }

  static SessionDevice device(SessionObjects objects, int ordinal) {
    return at(objects.devices(), ordinal - objects.firstDevice());
  }

  static <T> T at(List<T> list, int place) {
    if (place < 0 || place >= list.size()) {
      throw new IllegalArgumentException("something is named that isn't there");
    }
    return list.get(place);
  }

  static <T> void put(HandleTable<T> table, long handle, T object) {
    if (!table.put(handle, object)) {
      CallException refusal = table.refusal();
      if (refusal != null) {
        throw new Unmovable(refusal.detail());
      }
      throw new IllegalArgumentException("two objects have one handle");
    }
  }

  private static void require(boolean right, String what) {
    if (!right) {
      throw new IllegalArgumentException("there can't be " + what);
    }
  }
}
