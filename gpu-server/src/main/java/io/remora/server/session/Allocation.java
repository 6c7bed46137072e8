// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.SessionImage;
import org.jspecify.annotations.Nullable;

/** One piece of a session's slab that a program knows by its address. */
final class Allocation {
  private final long address;
  private final long bytes;
  private final long blockBytes;
  private final long owner;
  private final long bufferId;
  private final boolean moduleVariable;
  private @Nullable MemoryPool pool;
  private @Nullable GraphMemory graphMemory;
  private boolean synchronous;

  Allocation(
      long address,
      long bytes,
      long blockBytes,
      long owner,
      long bufferId,
      boolean moduleVariable) {
    this.address = address;
    this.bytes = bytes;
    this.blockBytes = blockBytes;
    this.owner = owner;
    this.bufferId = bufferId;
    this.moduleVariable = moduleVariable;
  }

  long address() {
    return address;
  }

  /** What the program asked for. */
  long bytes() {
    return bytes;
  }

  /** What it takes from the slab: {@link #bytes} rounded up to the alignment. */
  long blockBytes() {
    return blockBytes;
  }

  /** Handle of the context that it belongs to. */
  long owner() {
    return owner;
  }

  /** Unique in the life of the session, as {@code CU_POINTER_ATTRIBUTE_BUFFER_ID} wants it. */
  long bufferId() {
    return bufferId;
  }

  /** True for a module's variable or mapped memory, which can't be freed as allocations are. */
  boolean isModuleVariable() {
    return moduleVariable;
  }

  /** The pool that gets the block when it is freed, or null. */
  @Nullable MemoryPool pool() {
    return pool;
  }

  /** Says which pool the block is of. */
  void belongsTo(@Nullable MemoryPool itsPool) {
    pool = itsPool;
  }

  /** The node of a graph that allocates it, or null. */
  @Nullable GraphMemory graphMemory() {
    return graphMemory;
  }

  /** Says which node of a graph allocates it. */
  void belongsTo(GraphMemory itsNode) {
    graphMemory = itsNode;
  }

  /** Whether synchronous operations on it are over when their calls return. */
  boolean isSynchronous() {
    return synchronous;
  }

  void setSynchronous(boolean wanted) {
    synchronous = wanted;
  }

  /** True if [address, address + length) lies inside. */
  boolean contains(long start, long length) {
    long offset = start - address;
    return offset >= 0 && offset <= bytes && length >= 0 && length <= bytes - offset;
  }

  SessionImage.Allocation image() {
    MemoryPool of = pool;
    return SessionImage.Allocation.newBuilder()
        .setAddress(address)
        .setBytes(bytes)
        .setBlockBytes(blockBytes)
        .setOwner(owner)
        .setBufferId(bufferId)
        .setVariable(moduleVariable)
        .setPool(of == null ? 0 : of.handle())
        .setSyncMemops(synchronous)
        .build();
  }

  /** The allocation as it was on another server; the pool and the node are to be told. */
  static Allocation of(SessionImage.Allocation image) {
    Allocation allocation =
        new Allocation(
            image.getAddress(),
            image.getBytes(),
            image.getBlockBytes(),
            image.getOwner(),
            image.getBufferId(),
            image.getVariable());
    allocation.setSynchronous(image.getSyncMemops());
    return allocation;
  }
}
