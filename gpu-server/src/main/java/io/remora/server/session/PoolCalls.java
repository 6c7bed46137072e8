// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Answers;
import io.remora.v1.CUmemAccess_flags;
import io.remora.v1.CUmemAllocationType;
import io.remora.v1.CUmemLocationType;
import io.remora.v1.CUresult;

/** Memory pools. Belongs to the session's serial executor. */
final class PoolCalls {
  private static final int PINNED = CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED_VALUE;
  private static final int DEVICE = CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE_VALUE;
  private static final int NO_ACCESS = CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_NONE_VALUE;
  private static final int READ_AND_WRITE =
      CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE_VALUE;
  private static final int PEERS_MAX = 1024;

  private final ClientSession session;
  private final MemoryCalls memory;

  PoolCalls(ClientSession session, MemoryCalls memory) {
    this.session = session;
    this.memory = memory;
  }

  /** What {@code CUmemPoolProps} says beside the place. */
  record Properties(int allocationType, int handleTypes, long bytesMax) {}

  void create(SessionCall call, long handle, Properties properties, int location, int ordinal) {
    SessionObjects objects = session.objects();
    objects.checkCreatable(objects.pools(), handle);
    if (properties.handleTypes() != 0) {
      throw notSupported("pools can't be shared between processes");
    }
    if (properties.allocationType() != PINNED || location != DEVICE) {
      throw location == DEVICE
          ? CallException.invalidValue("pools hold pinned memory only")
          : notSupported("pools hold memory of devices only");
    }
    SessionDevice device = objects.device(ordinal);
    MemoryPool pool = new MemoryPool(handle, device, properties.bytesMax());
    objects.create(objects.pools(), handle, pool);
    device.pools().add(pool);
    call.succeed();
  }

  private static CallException notSupported(String detail) {
    return new CallException(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, detail);
  }

  void destroy(SessionCall call, long handle) {
    MemoryPool pool = session.objects().pools().remove(handle);
    if (pool == null) {
      throw CallException.invalidValue("only pools that were created can be destroyed");
    }
    pool.device().pools().remove(pool);
    call.succeed();
  }

  void trimTo(SessionCall call, long handle, long bytesToKeep) {
    session.objects().pool(handle).trimTo(bytesToKeep);
    call.succeed();
  }

  void setAttribute(SessionCall call, long handle, int attribute, long value) {
    session.objects().pool(handle).setAttribute(attribute, value);
    call.succeed();
  }

  void getAttribute(SessionCall call, long handle, int attribute) {
    Answers.cuMemPoolGetAttribute(call, session.objects().pool(handle).attribute(attribute));
  }

  void setAccess(SessionCall call, long handle, int[] locations, int[] ordinals, int[] flags) {
    MemoryPool pool = session.objects().pool(handle);
    if (locations.length != ordinals.length
        || flags.length != ordinals.length
        || ordinals.length > PEERS_MAX) {
      throw CallException.invalidValue("descriptions of access are incomplete or too many");
    }
    for (int i = 0; i < ordinals.length; i++) {
      checkPlace(locations[i], ordinals[i]);
      if (flags[i] != NO_ACCESS && flags[i] != READ_AND_WRITE) {
        throw CallException.invalidValue("access is none, or reading and writing");
      }
      if (ordinals[i] == pool.device().ordinal() && flags[i] == NO_ACCESS) {
        throw CallException.invalidValue("a pool's own device always has access");
      }
    }
    for (int i = 0; i < ordinals.length; i++) {
      pool.setPeer(ordinals[i], flags[i] != NO_ACCESS);
    }
    call.succeed();
  }

  void getAccess(SessionCall call, long handle, int location, int ordinal) {
    MemoryPool pool = session.objects().pool(handle);
    checkPlace(location, ordinal);
    boolean allowed = ordinal == pool.device().ordinal() || pool.isPeer(ordinal);
    Answers.cuMemPoolGetAccess(call, allowed ? READ_AND_WRITE : NO_ACCESS);
  }

  private void checkPlace(int location, int ordinal) {
    if (location != DEVICE) {
      throw CallException.invalidValue("access is given to devices");
    }
    SessionDevice unused = session.objects().device(ordinal);
  }

  void getDefault(SessionCall call, int ordinal) {
    Answers.cuDeviceGetDefaultMemPool(
        call, session.objects().device(ordinal).pools().standard().handle());
  }

  void getCurrent(SessionCall call, int ordinal) {
    Answers.cuDeviceGetMemPool(call, session.objects().device(ordinal).pools().current().handle());
  }

  void setCurrent(SessionCall call, int ordinal, long handle) {
    SessionDevice device = session.objects().device(ordinal);
    MemoryPool pool = session.objects().pool(handle);
    if (pool.device() != device) {
      throw CallException.invalidValue("the pool belongs to another device");
    }
    device.pools().setCurrent(pool);
    call.succeed();
  }

  void allocate(SessionCall call, long bytes, long handle, long stream) {
    memory.cuMemAllocFromPoolAsync(call, bytes, session.objects().pool(handle), stream);
  }
}
