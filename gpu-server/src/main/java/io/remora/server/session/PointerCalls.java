// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Answers;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What a program may ask about an address. Belongs to the session's serial executor. */
final class PointerCalls {
  // CUpointer_attribute.
  private static final int CONTEXT = 1;
  private static final int MEMORY_TYPE = 2;
  private static final int DEVICE_POINTER = 3;
  private static final int SYNC_MEMOPS = 6;
  private static final int BUFFER_ID = 7;
  private static final int IS_MANAGED = 8;
  private static final int DEVICE_ORDINAL = 9;
  private static final int IS_LEGACY_IPC_CAPABLE = 10;
  private static final int RANGE_START = 11;
  private static final int RANGE_SIZE = 12;
  private static final int MAPPED = 13;
  private static final int ALLOWED_HANDLE_TYPES = 14;
  private static final int IS_GPU_DIRECT_CAPABLE = 15;
  private static final int ACCESS_FLAGS = 16;
  private static final int MEMPOOL_HANDLE = 17;

  /** {@code CU_MEMORYTYPE_DEVICE}. */
  private static final int TYPE_DEVICE = 2;

  /** {@code CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE}. */
  private static final int READ_AND_WRITE = 3;

  private static final int ATTRIBUTES_MAX = 64;

  private final ClientSession session;

  /** An allocation and where it is. */
  private record Place(SessionDevice device, Allocation allocation) {}

  PointerCalls(ClientSession session) {
    this.session = session;
  }

  void cuPointerGetAttribute(SessionCall call, int attribute, long address) {
    Place place = place(address);
    if (place == null) {
      throw unknown(address);
    }
    OptionalLong value = value(call, place, attribute, address);
    if (value.isEmpty()) {
      throw CallException.invalidValue("device memory has no pointer attribute " + attribute);
    }
    Answers.cuPointerGetAttribute(call, value.getAsLong());
  }

  /** As CUDA has it, an attribute or address that is unknown gives 0 and no error. */
  void cuPointerGetAttributes(SessionCall call, int[] attributes, long address) {
    if (attributes.length > ATTRIBUTES_MAX) {
      throw CallException.invalidValue("there are not so many pointer attributes");
    }
    Place place = place(address);
    long[] values = new long[attributes.length];
    if (place != null) {
      for (int i = 0; i < values.length; i++) {
        values[i] = value(call, place, attributes[i], address).orElse(0);
      }
    }
    Answers.cuPointerGetAttributes(call, values);
  }

  /**
   * Sets {@code SYNC_MEMOPS}, which the table has checked; answers when the operations are over
   * that were pending then.
   */
  void set(SessionCall call, long address, boolean synchronous) {
    Place place = place(address);
    if (place == null) {
      throw unknown(address);
    }
    place.allocation().setSynchronous(synchronous);
    if (!synchronous) {
      call.succeed();
      return;
    }
    place.device().synchronizeMemory();
    List<SessionStream> busy =
        session.objects().streamsOn(place.device()).stream()
            .filter(each -> each == each.context().legacy() && !each.isIdle())
            .toList();
    if (busy.isEmpty()) {
      call.succeed();
      return;
    }
    int[] left = {busy.size()};
    for (SessionStream legacy : busy) {
      legacy.whenIdle(
          () -> {
            if (--left[0] == 0) {
              call.succeed();
            }
          });
    }
  }

  private static CallException unknown(long address) {
    return CallException.invalidValue(
        "0x" + Long.toHexString(address) + " is not in an allocation of this session");
  }

  private @Nullable Place place(long address) {
    for (SessionDevice device : session.objects().devices()) {
      Allocation allocation = device.ownsAddress(address) ? device.memory().find(address) : null;
      if (allocation != null) {
        return new Place(device, allocation);
      }
    }
    return null;
  }

  private static OptionalLong value(SessionCall call, Place place, int attribute, long address) {
    Allocation allocation = place.allocation();
    return switch (attribute) {
      case CONTEXT ->
          OptionalLong.of(
              allocation.owner() == SessionLibrary.OWNER
                  ? call.context().handle()
                  : allocation.owner());
      case MEMORY_TYPE -> OptionalLong.of(TYPE_DEVICE);
      case DEVICE_POINTER -> OptionalLong.of(address);
      case BUFFER_ID -> OptionalLong.of(allocation.bufferId());
      case DEVICE_ORDINAL -> OptionalLong.of(place.device().ordinal());
      case RANGE_START -> OptionalLong.of(allocation.address());
      case RANGE_SIZE -> OptionalLong.of(allocation.bytes());
      case MAPPED -> OptionalLong.of(1);
      case ACCESS_FLAGS -> OptionalLong.of(READ_AND_WRITE);
      case SYNC_MEMOPS -> OptionalLong.of(allocation.isSynchronous() ? 1 : 0);
      case IS_MANAGED, IS_LEGACY_IPC_CAPABLE, ALLOWED_HANDLE_TYPES, IS_GPU_DIRECT_CAPABLE ->
          OptionalLong.of(0);
      case MEMPOOL_HANDLE -> {
        MemoryPool pool = allocation.pool();
        yield OptionalLong.of(pool == null ? 0 : pool.handle());
      }
      default -> OptionalLong.empty();
    };
  }
}
