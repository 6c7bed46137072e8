// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.tenant.TenantAccount.Kind;
import io.remora.server.tenant.TenantClass;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the client has named by a handle. A handle of another session means nothing here.
 * Belongs to the session's serial executor.
 */
final class SessionObjects {
  private final List<SessionDevice> devices;
  private final int firstDevice;
  private final SerialExecutor serial;
  private final TenantClass tenantClass;
  private final @Nullable VirtualContext[] primaries;
  private final HandleTable<VirtualContext> contexts;
  private final HandleTable<SessionStream> streams;
  private final HandleTable<SessionEvent> events;
  private final HandleTable<SessionModule> modules;
  private final HandleTable<SessionLibrary> libraries;
  private final HandleTable<SessionFunction> functions;
  private final HandleTable<MemoryPool> pools;
  private final HandleTable<SessionGraph> graphs;
  private final HandleTable<GraphNode> graphNodes;
  private final HandleTable<SessionGraphExec> graphExecs;

  SessionObjects(ClientSession session, List<SessionDevice> devices) {
    int handlesMax = session.services().limits().handlesMax();
    SessionQuota quota = session.quota();
    this.tenantClass = session.grant().tenantClass();
    this.devices = List.copyOf(devices);
    this.firstDevice = session.part().firstDevice();
    this.serial = session.serial();
    this.primaries = new VirtualContext[devices.size()];
    this.contexts = new HandleTable<>(handlesMax);
    this.streams = new HandleTable<>(handlesMax, quota, Kind.STREAMS);
    this.events = new HandleTable<>(handlesMax, quota, Kind.EVENTS);
    this.modules = new HandleTable<>(handlesMax, quota, Kind.MODULES);
    this.libraries = new HandleTable<>(handlesMax, quota, Kind.MODULES);
    this.functions = new HandleTable<>(handlesMax);
    this.pools = new HandleTable<>(handlesMax);
    this.graphs = new HandleTable<>(handlesMax);
    this.graphNodes = new HandleTable<>(handlesMax);
    this.graphExecs = new HandleTable<>(handlesMax);
  }

  List<SessionDevice> devices() {
    return devices;
  }

  HandleTable<VirtualContext> contexts() {
    return contexts;
  }

  HandleTable<SessionStream> streams() {
    return streams;
  }

  HandleTable<SessionEvent> events() {
    return events;
  }

  HandleTable<SessionModule> modules() {
    return modules;
  }

  HandleTable<SessionLibrary> libraries() {
    return libraries;
  }

  HandleTable<SessionFunction> functions() {
    return functions;
  }

  /** Pools that the client created. */
  HandleTable<MemoryPool> pools() {
    return pools;
  }

  HandleTable<SessionGraph> graphs() {
    return graphs;
  }

  HandleTable<GraphNode> graphNodes() {
    return graphNodes;
  }

  HandleTable<SessionGraphExec> graphExecs() {
    return graphExecs;
  }

  /**
   * Gives an object the handle that the client has chosen.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_HANDLE} if it is in use, {@code
   *     CUDA_ERROR_OUT_OF_MEMORY} if there are too many objects
   */
  <T> void create(HandleTable<T> table, long handle, T object) {
    checkCreatable(table, handle);
    if (!table.put(handle, object)) {
      // Another session of the tenant was faster.
      throw CallException.outOfMemory("the tenant has as many objects of this kind as it may have");
    }
  }

  /** Fails as {@link #create} would. */
  void checkCreatable(HandleTable<?> table, long handle) {
    CallException refusal = table.refusal();
    if (refusal != null) {
      throw refusal;
    }
    if ((handle >= 0 && handle < HandleTable.FIRST_HANDLE) || table.get(handle) != null) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE,
          "the handle " + Long.toUnsignedString(handle) + " is in use or reserved");
    }
  }

  /**
   * A device by the number that the client knows it by.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_DEVICE}
   */
  SessionDevice device(int ordinal) {
    if (!isDevice(ordinal)) {
      throw new CallException(CUresult.CUDA_ERROR_INVALID_DEVICE_VALUE, "no device " + ordinal);
    }
    return devices.get(ordinal - firstDevice);
  }

  /** Whether a number is the ordinal of a device, and the handle of its primary context. */
  private boolean isDevice(long number) {
    return number >= firstDevice && number < firstDevice + devices.size();
  }

  /**
   * A context. The primary context of device n has the handle n and comes into being at its first
   * use.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_CONTEXT}
   */
  VirtualContext context(long handle) {
    VirtualContext found =
        isDevice(handle) ? primary((int) handle - firstDevice) : contexts.get(handle);
    if (found == null) {
      throw new CallException(CUresult.CUDA_ERROR_INVALID_CONTEXT_VALUE, "");
    }
    return found;
  }

  /** The device of a context, or null if there is no such context. */
  @Nullable SessionDevice deviceOf(long contextHandle) {
    if (isDevice(contextHandle)) {
      return device((int) contextHandle);
    }
    VirtualContext context = contexts.get(contextHandle);
    return context == null ? null : context.device();
  }

  /** The primary context of a device if it was used since its last reset. */
  @Nullable VirtualContext usedPrimary(int device) {
    return primaries[device - firstDevice];
  }

  private VirtualContext primary(int place) {
    VirtualContext found = primaries[place];
    if (found == null) {
      SessionDevice device = devices.get(place);
      found = newContext(device.ordinal(), device);
      primaries[place] = found;
    }
    return found;
  }

  VirtualContext newContext(long handle, SessionDevice device) {
    long driverStream =
        device.domain().createStream(StreamFlags.NON_BLOCKING, driverPriority(device, 0));
    return new VirtualContext(handle, device, driverStream, serial);
  }

  /** A stream's priority on the device, from the one that the program gave. */
  int driverPriority(SessionDevice device, int asked) {
    return TenantTerms.streamPriority(device.description(), tenantClass, asked);
  }

  /** Takes a context's handle away; a primary context begins anew at its next use. */
  void forget(VirtualContext context) {
    long handle = context.handle();
    if (isDevice(handle)) {
      primaries[(int) handle - firstDevice] = null;
    } else {
      contexts.remove(handle);
    }
  }

  /**
   * A stream; 0 and {@link StreamFlags#LEGACY} name the legacy stream of the call's context.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_HANDLE}
   */
  SessionStream stream(SessionCall call, long handle) {
    if (handle == 0 || handle == StreamFlags.LEGACY) {
      return call.context().legacy();
    }
    return found(streams.get(handle));
  }

  /** All streams on a device, legacy streams included. */
  List<SessionStream> streamsOn(SessionDevice device) {
    List<SessionStream> all = new ArrayList<>();
    for (SessionStream stream : streams.values()) {
      if (stream.device() == device) {
        all.add(stream);
      }
    }
    for (VirtualContext context : contexts.values()) {
      if (context.device() == device) {
        all.add(context.legacy());
      }
    }
    VirtualContext primary = usedPrimary(device.ordinal());
    if (primary != null) {
      all.add(primary.legacy());
    }
    return all;
  }

  /** An event, or {@code CUDA_ERROR_INVALID_HANDLE}. */
  SessionEvent event(long handle) {
    return found(events.get(handle));
  }

  /** A module, or {@code CUDA_ERROR_INVALID_HANDLE}. */
  SessionModule module(long handle) {
    return found(modules.get(handle));
  }

  /** A library, or {@code CUDA_ERROR_INVALID_HANDLE}. */
  SessionLibrary library(long handle) {
    return found(libraries.get(handle));
  }

  /** A graph, or {@code CUDA_ERROR_INVALID_VALUE}, as CUDA has it. */
  SessionGraph graph(long handle) {
    return foundOrInvalid(graphs.get(handle), "graph");
  }

  /** A node of a graph, or {@code CUDA_ERROR_INVALID_VALUE}. */
  GraphNode graphNode(long handle) {
    return foundOrInvalid(graphNodes.get(handle), "node of a graph");
  }

  /** A graph that can be launched, or {@code CUDA_ERROR_INVALID_VALUE}. */
  SessionGraphExec graphExec(long handle) {
    return foundOrInvalid(graphExecs.get(handle), "instantiated graph");
  }

  private static <T> T foundOrInvalid(@Nullable T object, String what) {
    if (object == null) {
      throw CallException.invalidValue("the session has no such " + what);
    }
    return object;
  }

  /** A function or kernel, or {@code CUDA_ERROR_INVALID_HANDLE}. */
  SessionFunction function(long handle) {
    return found(functions.get(handle));
  }

  /**
   * A memory pool; n + 1 is the default one of device n.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE}
   */
  MemoryPool pool(long handle) {
    MemoryPool pool =
        isDevice(handle - 1) ? device((int) handle - 1).pools().standard() : pools.get(handle);
    if (pool == null) {
      throw CallException.invalidValue("there is no memory pool " + handle);
    }
    return pool;
  }

  private static <T> T found(@Nullable T object) {
    if (object == null) {
      throw new CallException(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "");
    }
    return object;
  }

  /**
   * The device whose allocation holds a range.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if none does
   */
  SessionDevice holding(long address, long bytes) {
    for (SessionDevice device : devices()) {
      if (device.ownsAddress(address)) {
        Allocation allocation = device.memory().find(address);
        if (allocation != null && allocation.contains(address, bytes)) {
          return device;
        }
      }
    }
    throw CallException.invalidValue(
        "0x"
            + Long.toHexString(address)
            + " and "
            + bytes
            + " bytes from it are not in one allocation of this session");
  }
}
