// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DriverException;
import io.remora.v1.CUmemPool_attribute;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A memory pool: a part of the session's slab on one device from which {@code cuMemAllocAsync} and
 * its like take their memory. Freed blocks stay with it as long as it has no more than its release
 * threshold, and count for the tenant's quota while they do. Belongs to the session's serial
 * executor.
 */
final class MemoryPool {
  /** A block serves an allocation if no more than this part of it would be left over. */
  private static final int WASTE_PART = 4;

  private static final int REUSE_FIRST =
      CUmemPool_attribute.CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES_VALUE;
  private static final int REUSE_LAST =
      CUmemPool_attribute.CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES_VALUE;

  private final long handle;
  private final SessionDevice device;
  private final long bytesMax;

  /** Blocks that nobody has, by size. */
  private final TreeMap<Long, Deque<Allocation>> kept = new TreeMap<>();

  /** Devices beside its own that may use it. */
  private final Set<Integer> peers = new HashSet<>();

  private final Map<Integer, Long> reuse = new HashMap<>();
  private long keptBytes;
  private long usedBytes;
  private long usedBytesHigh;
  private long reservedBytesHigh;

  /** Unsigned: programs say 2^64-1 for "keep all", and want to read that again. */
  private long releaseThreshold;

  private boolean destroyed;

  /**
   * @param handle as the client knows it
   * @param bytesMax what it may hold; 0 for no bound of its own
   */
  MemoryPool(long handle, SessionDevice device, long bytesMax) {
    this.handle = handle;
    this.device = device;
    this.bytesMax = bytesMax == 0 ? Long.MAX_VALUE : bytesMax;
    for (int attribute = REUSE_FIRST; attribute <= REUSE_LAST; attribute++) {
      reuse.put(attribute, 1L);
    }
  }

  long handle() {
    return handle;
  }

  /** Bytes of blocks that nobody has. */
  long keptBytes() {
    return keptBytes;
  }

  SessionDevice device() {
    return device;
  }

  /**
   * Takes memory, of its own blocks if one fits.
   *
   * @throws DriverException {@code CUDA_ERROR_OUT_OF_MEMORY}
   */
  Allocation allocate(long bytes, long owner) {
    Allocation allocation = reuse(bytes, owner);
    if (allocation == null) {
      if (bytes > bytesMax - usedBytes) {
        throw new DriverException(
            CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, "the pool may hold " + bytesMax + " bytes");
      }
      if (bytes > bytesMax - usedBytes - keptBytes) {
        trimTo(bytesMax - usedBytes - bytes);
      }
      allocation = device.memory().allocate(bytes, owner, false);
      allocation.belongsTo(this);
    }
    usedBytes += allocation.blockBytes();
    usedBytesHigh = Math.max(usedBytesHigh, usedBytes);
    reservedBytesHigh = Math.max(reservedBytesHigh, usedBytes + keptBytes);
    return allocation;
  }

  private @Nullable Allocation reuse(long bytes, long owner) {
    Map.Entry<Long, Deque<Allocation>> fitting = kept.ceilingEntry(bytes);
    if (fitting == null || fitting.getKey() - bytes > fitting.getKey() / WASTE_PART) {
      return null;
    }
    return device.memory().revive(takeFrom(fitting), bytes, owner);
  }

  private Allocation takeFrom(Map.Entry<Long, Deque<Allocation>> blocks) {
    Allocation block = blocks.getValue().removeLast();
    keptBytes -= block.blockBytes();
    if (blocks.getValue().isEmpty()) {
      kept.remove(blocks.getKey());
    }
    return block;
  }

  /** Takes a block back that no work uses any more. */
  void giveBack(Allocation block) {
    usedBytes -= block.blockBytes();
    long reserved = usedBytes + keptBytes + block.blockBytes();
    if (destroyed || Long.compareUnsigned(reserved, releaseThreshold) > 0) {
      device.memory().recycle(block);
    } else {
      kept.computeIfAbsent(block.blockBytes(), size -> new ArrayDeque<>()).addLast(block);
      keptBytes += block.blockBytes();
    }
  }

  /** Gives back what nobody has, the largest first, until no more than this is reserved. */
  void trimTo(long bytesToKeep) {
    while (keptBytes > 0 && Long.compareUnsigned(usedBytes + keptBytes, bytesToKeep) > 0) {
      device.memory().recycle(takeFrom(Objects.requireNonNull(kept.lastEntry())));
    }
  }

  /** The program has destroyed it; what it still has goes back when it is freed. */
  void destroy() {
    destroyed = true;
    trimTo(0);
  }

  /** An attribute's value, or {@code CUDA_ERROR_INVALID_VALUE}. */
  long attribute(int attribute) {
    CUmemPool_attribute known = known(attribute);
    return switch (known) {
      case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES,
          CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC,
          CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES ->
          reuse.getOrDefault(attribute, 1L);
      case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD -> releaseThreshold;
      case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT -> usedBytes + keptBytes;
      case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH -> reservedBytesHigh;
      case CU_MEMPOOL_ATTR_USED_MEM_CURRENT -> usedBytes;
      case CU_MEMPOOL_ATTR_USED_MEM_HIGH -> usedBytesHigh;
      case CU_MEMPOOL_ATTR_UNSPECIFIED, UNRECOGNIZED -> throw noAttribute(attribute);
    };
  }

  /** Sets an attribute, or {@code CUDA_ERROR_INVALID_VALUE}. */
  void setAttribute(int attribute, long value) {
    switch (known(attribute)) {
      // Memory is given out again when no work uses it, which each of these rules allows.
      case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES,
          CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC,
          CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES ->
          reuse.put(attribute, value == 0 ? 0L : 1L);
      case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD -> {
        releaseThreshold = value;
        trimTo(releaseThreshold);
      }
      case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH -> {
        requireZero(value);
        reservedBytesHigh = usedBytes + keptBytes;
      }
      case CU_MEMPOOL_ATTR_USED_MEM_HIGH -> {
        requireZero(value);
        usedBytesHigh = usedBytes;
      }
      case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, CU_MEMPOOL_ATTR_USED_MEM_CURRENT ->
          throw CallException.invalidValue("the attribute " + attribute + " can't be set");
      case CU_MEMPOOL_ATTR_UNSPECIFIED, UNRECOGNIZED -> throw noAttribute(attribute);
    }
  }

  private static void requireZero(long value) {
    if (value != 0) {
      throw CallException.invalidValue("a high mark can only be set to 0");
    }
  }

  private static CUmemPool_attribute known(int attribute) {
    CUmemPool_attribute known = CUmemPool_attribute.forNumber(attribute);
    if (known == null) {
      throw noAttribute(attribute);
    }
    return known;
  }

  private static CallException noAttribute(int attribute) {
    return CallException.invalidValue("pools have no attribute " + attribute);
  }

  /** Lets another device of the session use the pool's memory, or not. */
  void setPeer(int ordinal, boolean allowed) {
    if (allowed) {
      peers.add(ordinal);
    } else {
      peers.remove(ordinal);
    }
  }

  boolean isPeer(int ordinal) {
    return peers.contains(ordinal);
  }

  SessionImage.Pool image() {
    SessionImage.Pool.Builder image =
        SessionImage.Pool.newBuilder()
            .setHandle(handle)
            .setBytesMax(bytesMax)
            .putAllReuse(reuse)
            .setUsedBytes(usedBytes)
            .setUsedBytesHigh(usedBytesHigh)
            .setReservedBytesHigh(reservedBytesHigh)
            .setReleaseThreshold(releaseThreshold)
            .addAllPeers(peers);
    kept.values().forEach(blocks -> blocks.forEach(block -> image.addKept(block.image())));
    return image.build();
  }

  /** Goes on with what the pool had on another server. */
  void restore(SessionImage.Pool image) {
    for (SessionImage.Allocation each : image.getKeptList()) {
      Allocation block = Allocation.of(each);
      if (block.blockBytes() <= 0 || !device.ownsAddress(block.address())) {
        throw new IllegalArgumentException("a pool can't keep such blocks");
      }
      block.belongsTo(this);
      kept.computeIfAbsent(block.blockBytes(), size -> new ArrayDeque<>()).addLast(block);
      keptBytes += block.blockBytes();
    }
    reuse.putAll(image.getReuseMap());
    peers.addAll(image.getPeersList());
    usedBytes = image.getUsedBytes();
    usedBytesHigh = image.getUsedBytesHigh();
    reservedBytesHigh = image.getReservedBytesHigh();
    releaseThreshold = image.getReleaseThreshold();
  }
}
