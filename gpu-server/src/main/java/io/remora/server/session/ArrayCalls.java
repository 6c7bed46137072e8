// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceImages;
import io.remora.server.driver.DeviceImages.ImageDescription;
import io.remora.server.driver.DeviceImages.Kind;
import io.remora.server.driver.DeviceImages.SamplingDescription;
import io.remora.server.driver.DriverException;
import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Arrays, textures and surfaces. An array lies in the session's slab and counts against the quota
 * like any allocation; it ends with its context. Belongs to the session's serial executor.
 */
final class ArrayCalls {
  private static final int ARRAY = 0;
  private static final int MIPMAPPED_ARRAY = 1;
  private static final int LINEAR = 2;
  private static final int PITCH_2D = 3;

  private static final long LINEAR_WIDTH_MAX = 1 << 28;
  private static final long SIDE_MAX = 131072;

  private final ClientSession session;
  private final MemoryCalls memory;
  private final Map<Long, SessionArray> arrays = new HashMap<>();

  ArrayCalls(ClientSession session, MemoryCalls memory) {
    this.session = session;
    this.memory = memory;
  }

  void create(SessionCall call, SessionArray.Shape shape) {
    VirtualContext context = call.context();
    // Fails where there are no arrays.
    DeviceImages unused = context.device().domain().images();
    // Those that ended with their contexts.
    arrays.values().removeIf(array -> !array.isAlive());
    memory.allocateArray(
        context,
        shape.bytes(),
        allocation -> {
          arrays.put(allocation.address(), new SessionArray(shape, context.device(), allocation));
          Answers.cuArray3DCreate(call, allocation.address(), shape.pitch(), shape.slicePitch());
        },
        refused -> call.fail(refused.result(), refused.detail()));
  }

  void destroy(SessionCall call, long handle) {
    SessionArray array = array(handle);
    arrays.remove(handle);
    memory.free(array.device(), array.allocation());
    call.succeed();
  }

  private SessionArray array(long handle) {
    SessionArray array = arrays.get(handle);
    if (array == null || !array.isAlive()) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "the session has no such array");
    }
    return array;
  }

  /** What {@code CUDA_RESOURCE_DESC} says. */
  record Resource(
      int type,
      long address,
      int format,
      int channels,
      long width,
      long height,
      long pitch,
      long sizeBytes) {}

  void createTexture(SessionCall call, Resource resource, SamplingDescription sampling) {
    SessionDevice device = call.context().device();
    ImageDescription image = image(device, resource);
    try {
      Answers.cuTexObjectCreate(call, device.domain().images().createTexture(image, sampling));
    } catch (DriverException refused) {
      throw new CallException(refused.result(), refused.detail());
    }
  }

  private ImageDescription image(SessionDevice device, Resource resource) {
    switch (resource.type) {
      case ARRAY:
        SessionArray array = array(resource.address);
        if (array.device() != device) {
          throw CallException.invalidValue("the array belongs to another device");
        }
        return array.image();
      case LINEAR:
        return linear(device, resource);
      case PITCH_2D:
        return rows(device, resource);
      case MIPMAPPED_ARRAY:
        throw new CallException(
            CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "there are no mipmapped arrays");
      default:
        throw CallException.invalidValue("there is no resource type " + resource.type);
    }
  }

  private ImageDescription linear(SessionDevice device, Resource resource) {
    int texelBytes = SessionArray.texelBytes(resource.format, resource.channels);
    long width = resource.sizeBytes / texelBytes;
    if (width < 1 || width > LINEAR_WIDTH_MAX) {
      throw CallException.invalidValue("linear memory of a texture has 1 to 2^28 texels");
    }
    check(device, resource.address, width * texelBytes, texelBytes);
    return new ImageDescription(
        resource.format,
        resource.channels,
        Kind.LINEAR,
        resource.address,
        (int) width,
        1,
        1,
        width * texelBytes,
        width * texelBytes);
  }

  private ImageDescription rows(SessionDevice device, Resource resource) {
    int texelBytes = SessionArray.texelBytes(resource.format, resource.channels);
    long width = resource.width;
    long height = resource.height;
    if (width < 1 || width > SIDE_MAX || height < 1 || height > SIDE_MAX) {
      throw CallException.invalidValue("the width or height of a texture is out of range");
    }
    long span = MemoryRanges.span(width * texelBytes, resource.pitch, height);
    if (resource.pitch % texelBytes != 0) {
      throw CallException.invalidValue("the pitch isn't a multiple of a texel");
    }
    check(device, resource.address, span, texelBytes);
    return new ImageDescription(
        resource.format,
        resource.channels,
        Kind.PLAIN,
        resource.address,
        (int) width,
        (int) height,
        1,
        resource.pitch,
        resource.pitch * height);
  }

  private void check(SessionDevice device, long address, long bytes, int texelBytes) {
    MemoryRanges.checkAlignment(address, texelBytes);
    if (session.memory(address, bytes) != device) {
      throw CallException.invalidValue("the memory belongs to another device");
    }
  }

  void createSurface(SessionCall call, long handle) {
    SessionArray array = array(handle);
    if (!array.shape().isForSurfaces()) {
      throw CallException.invalidValue("the array was created without CUDA_ARRAY3D_SURFACE_LDST");
    }
    try {
      Answers.cuSurfObjectCreate(
          call, array.device().domain().images().createSurface(array.image()));
    } catch (DriverException refused) {
      throw new CallException(refused.result(), refused.detail());
    }
  }

  /** Kernels that were launched before still use the object. */
  void destroyObject(SessionCall call, long object) {
    SessionDevice device = call.context().device();
    session
        .epochs()
        .afterWorkSoFar(
            () -> {
              boolean unused = device.domain().images().destroy(object);
            });
    call.succeed();
  }

  /** Four channels from the bits of floats. */
  static SamplingDescription sampling(
      int[] addressModes, int filterMode, int flags, int maxAnisotropy, int[] border) {
    if (addressModes.length != 3 || border.length != 4) {
      throw CallException.invalidValue("a texture has three address modes and four channels");
    }
    if (filterMode < 0 || filterMode > 1) {
      throw CallException.invalidValue("there is no filter mode " + filterMode);
    }
    if (maxAnisotropy < 0 || maxAnisotropy > 16) {
      throw CallException.invalidValue("anisotropy is at most 16");
    }
    return new SamplingDescription(
        List.of(addressModes[0], addressModes[1], addressModes[2]),
        filterMode,
        flags,
        List.of(
            Float.intBitsToFloat(border[0]),
            Float.intBitsToFloat(border[1]),
            Float.intBitsToFloat(border[2]),
            Float.intBitsToFloat(border[3])));
  }

  /** The arrays that are there. */
  List<SessionArray> all() {
    arrays.values().removeIf(array -> !array.isAlive());
    return arrays.values().stream()
        .sorted(Comparator.comparingLong(array -> array.allocation().address()))
        .toList();
  }

  /** Puts back an array that the session had on another server. */
  void restore(SessionArray array) {
    arrays.put(array.allocation().address(), array);
  }
}
