// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.concurrent.ConcurrentHashMap;
import jcuda.driver.CUDA_RESOURCE_DESC;
import jcuda.driver.CUDA_TEXTURE_DESC;
import org.jspecify.annotations.Nullable;

/** What textures and surfaces were made of, to be asked for. Any thread. */
final class ImageObjects {
  private final ConcurrentHashMap<Key, Made> objects = new ConcurrentHashMap<>();

  /** Devices number their objects each for itself. */
  private record Key(int device, long object) {}

  /**
   * What an object was made of.
   *
   * @param texture null for a surface
   */
  record Made(CUDA_RESOURCE_DESC resource, @Nullable CUDA_TEXTURE_DESC texture) {}

  /** Keeps copies of a program's structures, which it may change. */
  void add(
      int device, long object, CUDA_RESOURCE_DESC resource, @Nullable CUDA_TEXTURE_DESC texture) {
    CUDA_RESOURCE_DESC keptResource = new CUDA_RESOURCE_DESC();
    copy(resource, keptResource);
    CUDA_TEXTURE_DESC keptTexture = null;
    if (texture != null) {
      keptTexture = new CUDA_TEXTURE_DESC();
      copy(texture, keptTexture);
    }
    objects.put(new Key(device, object), new Made(keptResource, keptTexture));
  }

  /** What is known of an object, or null. It must be copied for a program. */
  @Nullable Made find(int device, long object) {
    return objects.get(new Key(device, object));
  }

  void remove(int device, long object) {
    objects.remove(new Key(device, object));
  }

  static void copy(CUDA_RESOURCE_DESC from, CUDA_RESOURCE_DESC to) {
    to.resType = from.resType;
    to.flags = from.flags;
    to.array_hArray = from.array_hArray;
    to.mipmap_hMipmappedArray = from.mipmap_hMipmappedArray;
    to.linear_devPtr = from.linear_devPtr;
    to.linear_format = from.linear_format;
    to.linear_numChannels = from.linear_numChannels;
    to.linear_sizeInBytes = from.linear_sizeInBytes;
    to.pitch2D_devPtr = from.pitch2D_devPtr;
    to.pitch2D_format = from.pitch2D_format;
    to.pitch2D_numChannels = from.pitch2D_numChannels;
    to.pitch2D_width = from.pitch2D_width;
    to.pitch2D_height = from.pitch2D_height;
    to.pitch2D_pitchInBytes = from.pitch2D_pitchInBytes;
  }

  static void copy(CUDA_TEXTURE_DESC from, CUDA_TEXTURE_DESC to) {
    to.addressMode = from.addressMode.clone();
    to.filterMode = from.filterMode;
    to.flags = from.flags;
    to.maxAnisotropy = from.maxAnisotropy;
    to.mipmapFilterMode = from.mipmapFilterMode;
    to.mipmapLevelBias = from.mipmapLevelBias;
    to.minMipmapLevelClamp = from.minMipmapLevelClamp;
    to.maxMipmapLevelClamp = from.maxMipmapLevelClamp;
    to.borderColor = from.borderColor.clone();
  }
}
