// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DriverException;
import io.remora.server.session.generated.Answers;
import io.remora.v1.CUmemAccess_flags;
import io.remora.v1.CUmemAllocationType;
import io.remora.v1.CUmemLocationType;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Virtual memory management: reserving addresses, creating memory and joining both. Memory that is
 * mapped anew is copied there by the device. Belongs to the session's serial executor.
 */
final class VirtualMemoryCalls {
  private static final int PINNED = CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED_VALUE;
  private static final int DEVICE = CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE_VALUE;
  private static final int NO_ACCESS = CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_NONE_VALUE;
  private static final int READ_AND_WRITE =
      CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE_VALUE;

  /** {@code CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR}. */
  private static final int FILE_DESCRIPTOR = 1;

  private static final int HANDLES_MAX = 1 << 16;
  private static final int PEERS_MAX = 1024;

  private final ClientSession session;
  private final Map<Long, Created> created = new HashMap<>();

  VirtualMemoryCalls(ClientSession session) {
    this.session = session;
  }

  private record Created(SessionDevice device, PhysicalMemory memory) {}

  private SessionDevice deviceOf(int locationType, int ordinal) {
    if (locationType != DEVICE) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "memory is created on devices only");
    }
    return session.objects().device(ordinal);
  }

  private Created created(long handle) {
    Created found = created.get(handle);
    if (found == null || found.memory().isReleased()) {
      throw CallException.invalidValue("there is no memory with this handle");
    }
    return found;
  }

  /** The device whose reservation has a range, or {@code CUDA_ERROR_INVALID_VALUE}. */
  private SessionDevice reserved(long start, long bytes) {
    for (SessionDevice device : session.objects().devices()) {
      if (device.ownsAddress(start) && device.virtualMemory().isReserved(start, bytes)) {
        VirtualMemory virtual = device.virtualMemory();
        if (bytes > 0 && virtual.isWhole(start) && virtual.isWhole(bytes)) {
          return device;
        }
      }
    }
    throw CallException.invalidValue(
        "0x"
            + Long.toHexString(start)
            + " and "
            + bytes
            + " bytes are not whole granules of one reservation");
  }

  void granularity(SessionCall call, int locationType, int ordinal) {
    Answers.cuMemGetAllocationGranularity(
        call, deviceOf(locationType, ordinal).virtualMemory().granuleBytes());
  }

  void reserve(SessionCall call, long bytes, long alignment) {
    SessionDevice device = call.context().device();
    VirtualMemory virtual = device.virtualMemory();
    if (bytes <= 0 || !virtual.isWhole(bytes)) {
      throw CallException.invalidValue(
          "a reservation has whole granules of " + virtual.granuleBytes() + " bytes");
    }
    if (alignment < 0 || Long.bitCount(alignment) > 1) {
      throw CallException.invalidValue("an alignment is a power of two, or 0");
    }
    try {
      Answers.cuMemAddressReserve(call, virtual.reserve(bytes, alignment));
    } catch (DriverException refused) {
      throw new CallException(refused.result(), refused.detail());
    }
  }

  void unreserve(SessionCall call, long start, long bytes) {
    SessionDevice device = reserved(start, bytes);
    if (!device.virtualMemory().free(start, bytes)) {
      throw CallException.invalidValue(
          "it isn't a whole reservation, or memory is still mapped or kept there: unmap and release"
              + " it first");
    }
    call.succeed();
  }

  void create(
      SessionCall call,
      long handle,
      long bytes,
      int allocationType,
      int handleTypes,
      int locationType,
      int ordinal) {
    SessionDevice device = deviceOf(locationType, ordinal);
    if (allocationType != PINNED || (handleTypes != 0 && handleTypes != FILE_DESCRIPTOR)) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "memory is pinned, and its handles are for this process or of type file descriptor");
    }
    if (bytes <= 0 || !device.virtualMemory().isWhole(bytes)) {
      throw CallException.invalidValue(
          "memory has whole granules of " + device.virtualMemory().granuleBytes() + " bytes");
    }
    if ((handle >= 0 && handle < HandleTable.FIRST_HANDLE) || created.containsKey(handle)) {
      throw new CallException(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "the handle is in use");
    }
    if (created.size() >= HANDLES_MAX) {
      throw CallException.outOfMemory("a session has " + HANDLES_MAX + " such handles at most");
    }
    try {
      device.virtualMemory().charge(bytes);
    } catch (DriverException refused) {
      throw new CallException(refused.result(), refused.detail());
    }
    created.put(handle, new Created(device, new PhysicalMemory(handle, bytes, handleTypes)));
    call.succeed();
  }

  void release(SessionCall call, long handle) {
    Created found = created(handle);
    if (!found.memory().release() && !found.memory().isMapped()) {
      end(found);
    }
    call.succeed();
  }

  /** Gives memory back once no work uses it; the program can't name it any more. */
  private void end(Created ending) {
    created.remove(ending.memory().handle());
    afterWorkSoFar(() -> ending.device().virtualMemory().end(ending.memory()));
  }

  void map(SessionCall call, long start, long bytes, long handle) {
    Created found = created(handle);
    PhysicalMemory memory = found.memory();
    SessionDevice device = reserved(start, bytes);
    VirtualMemory virtual = device.virtualMemory();
    if (device != found.device() || bytes != memory.bytes()) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "memory is mapped as a whole, at addresses of its own device");
    }
    if (memory.isMapped()) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "memory can be mapped once at a time");
    }
    if (memory.place() == start) {
      memory.setMapped(true);
      call.succeed();
      return;
    }
    requireRoom(virtual, start, bytes);
    try {
      virtual.back(memory, start);
    } catch (DriverException refused) {
      throw new CallException(refused.result(), refused.detail());
    }
    if (memory.place() == 0) {
      call.succeed();
    } else {
      moveContent(call, virtual, memory, start);
    }
    memory.moveTo(start);
    memory.setMapped(true);
  }

  private static void requireRoom(VirtualMemory virtual, long start, long bytes) {
    for (PhysicalMemory other : virtual.within(start, bytes)) {
      if (other.isMapped()) {
        throw CallException.invalidValue("memory is mapped there already");
      }
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "memory that was unmapped there must be released, or mapped elsewhere, before");
    }
  }

  /** The device takes the content along; the old place is given up when it has. */
  private void moveContent(
      SessionCall call, VirtualMemory virtual, PhysicalMemory memory, long to) {
    long from = memory.place();
    try {
      call.submit(
          call.context().legacy(),
          WorkKeys.ofBytes(call.number(), memory.bytes()),
          (domain, driverStream, observer) ->
              domain.copyOnDevice(driverStream, to, from, memory.bytes(), observer));
    } catch (CallException refused) {
      virtual.unback(memory, to);
      throw refused;
    }
    afterWorkSoFar(() -> virtual.unback(memory, from));
  }

  private void afterWorkSoFar(Runnable action) {
    session
        .epochs()
        .afterWorkSoFar(
            () -> {
              try {
                action.run();
              } catch (DriverException refused) {
                session.defect(refused);
              }
            });
  }

  void unmap(SessionCall call, long start, long bytes) {
    SessionDevice device = reserved(start, bytes);
    VirtualMemory virtual = device.virtualMemory();
    List<PhysicalMemory> found = virtual.within(start, bytes);
    boolean mapped = !found.isEmpty();
    for (PhysicalMemory each : found) {
      boolean inside = each.place() >= start && each.bytes() <= start + bytes - each.place();
      mapped &= each.isMapped() && inside;
    }
    if (!mapped) {
      throw CallException.invalidValue("a range is unmapped that is not one of whole mappings");
    }
    setAccess(device, start, bytes, false);
    for (PhysicalMemory each : found) {
      each.setMapped(false);
      if (each.isReleased()) {
        end(new Created(device, each));
      }
    }
    // What is behind the addresses may be used until then.
    session.epochs().afterWorkSoFar(call::succeed);
  }

  void setAccess(
      SessionCall call, long start, long bytes, int[] locations, int[] ordinals, int[] access) {
    SessionDevice device = reserved(start, bytes);
    if (locations.length != ordinals.length
        || access.length != ordinals.length
        || ordinals.length == 0
        || ordinals.length > PEERS_MAX) {
      throw CallException.invalidValue("descriptions of access are incomplete or too many");
    }
    long end = start + bytes;
    for (long at = start; at < end; ) {
      PhysicalMemory memory = device.virtualMemory().mappedAt(at);
      if (memory == null) {
        throw CallException.invalidValue("not all of the range is mapped");
      }
      at = memory.place() + memory.bytes();
    }
    for (int i = 0; i < ordinals.length; i++) {
      boolean own = deviceOf(locations[i], ordinals[i]) == device;
      if (!own || (access[i] != READ_AND_WRITE && access[i] != NO_ACCESS)) {
        throw new CallException(
            CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
            "access is reading and writing, or none, for the device that has the memory");
      }
    }
    setAccess(device, start, bytes, access[access.length - 1] == READ_AND_WRITE);
    call.succeed();
  }

  private static void setAccess(SessionDevice device, long start, long bytes, boolean allowed) {
    try {
      device.virtualMemory().setAccess(start, bytes, allowed);
    } catch (DriverException refused) {
      throw new CallException(refused.result(), refused.detail());
    }
  }

  void access(SessionCall call, long address, int locationType, int ordinal) {
    SessionDevice asked = deviceOf(locationType, ordinal);
    for (SessionDevice device : session.objects().devices()) {
      if (device.virtualMemory().mappedAt(address) != null) {
        boolean allowed = device == asked && device.virtualMemory().isAccessible(address);
        Answers.cuMemGetAccess(call, allowed ? READ_AND_WRITE : NO_ACCESS);
        return;
      }
    }
    throw CallException.invalidValue("no memory is mapped there");
  }

  void properties(SessionCall call, long handle) {
    Created found = created(handle);
    Answers.cuMemGetAllocationPropertiesFromHandle(
        call, found.memory().handleTypes(), found.device().ordinal());
  }

  void retain(SessionCall call, long address) {
    for (SessionDevice device : session.objects().devices()) {
      PhysicalMemory memory = device.virtualMemory().mappedAt(address);
      if (memory != null) {
        memory.retain();
        created.put(memory.handle(), new Created(device, memory));
        Answers.cuMemRetainAllocationHandle(call, memory.handle());
        return;
      }
    }
    throw CallException.invalidValue("no memory is mapped there");
  }

  /** Memory that the program has a handle of, or that is still mapped. */
  List<SessionImage.PhysicalMemory> images() {
    return created.values().stream()
        .map(each -> each.memory().image(each.device().ordinal()))
        .sorted(Comparator.comparingLong(SessionImage.PhysicalMemory::getHandle))
        .toList();
  }

  /** Puts back what the session had on another server. */
  void restore(SessionDevice device, PhysicalMemory memory) {
    if (created.size() >= HANDLES_MAX || !device.virtualMemory().isWhole(memory.bytes())) {
      throw new IllegalArgumentException("there can't be such memory");
    }
    device.virtualMemory().restore(memory);
    created.put(memory.handle(), new Created(device, memory));
  }
}
