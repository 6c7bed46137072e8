// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.ClusterShape;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.MemoryFault;
import io.remora.ptx.memory.TransactionBarrier;
import org.jspecify.annotations.Nullable;

/**
 * A block's place in its cluster, and the shared memory of all blocks of the cluster as the block
 * sees it.
 *
 * <p>The shared memories lie {@link #stride} bytes apart, the block of rank 0 first. An address of
 * {@code shared::cluster} is the offset in the block's own shared memory, or {@code stride * (1 +
 * rank)} more for that of a certain rank, so that all blocks name a place by the same number.
 * Numbers up to a quarter of the stride before a memory count as near that memory, as do those up
 * to three quarters behind its start: programs count down to the place before an array, and up to
 * the place behind it.
 */
public final class BlockCluster {
  /** Least distance of two blocks' shared memories. */
  private static final long STRIDE_MIN = 1 << 16;

  /** Where {@code mapa} points for a rank that the cluster doesn't have: nothing is there. */
  private static final long NOWHERE = 0x8000_0000L;

  private static final long NOWHERE_GENERIC = Long.MIN_VALUE;

  private final BlockContext block;
  private final ClusterShape shape;
  private final boolean isExplicit;
  private final int blocks;
  private final int rank;
  private final int shift;
  private final long stride;
  private final long firstAddress;
  private final @Nullable ClusterBarrier barrier;

  /**
   * @param firstAddress generic address of the shared memory of rank 0
   * @param barrier the cluster's, or null if nobody waits at it
   */
  BlockCluster(
      BlockContext block,
      LaunchShape launch,
      int rank,
      long firstAddress,
      @Nullable ClusterBarrier barrier) {
    this.block = block;
    this.isExplicit = !launch.cluster().isNone();
    this.shape = isExplicit ? launch.cluster() : new ClusterShape(1, 1, 1);
    this.blocks = shape.blocks();
    this.rank = rank;
    this.stride = stride(block.sharedWindowBytes());
    this.shift = Long.numberOfTrailingZeros(stride);
    this.firstAddress = firstAddress;
    this.barrier = barrier;
  }

  /**
   * Distance of two blocks' shared memories.
   *
   * @param window bytes of one, a power of two
   */
  static long stride(long window) {
    return Math.max(STRIDE_MIN, 2 * window);
  }

  /** Coordinates of a block of a cluster in the grid, as one number. */
  static long blockNumber(LaunchShape launch, long cluster, int rank) {
    ClusterShape shape = launch.cluster().isNone() ? new ClusterShape(1, 1, 1) : launch.cluster();
    long clustersX = launch.gridX() / shape.x();
    long clustersY = launch.gridY() / shape.y();
    long x = cluster % clustersX * shape.x() + rank % shape.x();
    long y = cluster / clustersX % clustersY * shape.y() + rank / shape.x() % shape.y();
    long z = cluster / clustersX / clustersY * shape.z() + rank / (shape.x() * shape.y());
    return (z * launch.gridY() + y) * launch.gridX() + x;
  }

  /**
   * A special register.
   *
   * @param index its place in {@code SpecialValues.CLUSTER}
   */
  public int value(int index) {
    return switch (index) {
      case 0 -> block.ctaidX / shape.x();
      case 1 -> block.ctaidY / shape.y();
      case 2 -> block.ctaidZ / shape.z();
      case 3 -> block.nctaidX / shape.x();
      case 4 -> block.nctaidY / shape.y();
      case 5 -> block.nctaidZ / shape.z();
      case 6 -> block.ctaidX % shape.x();
      case 7 -> block.ctaidY % shape.y();
      case 8 -> block.ctaidZ % shape.z();
      case 9 -> shape.x();
      case 10 -> shape.y();
      case 11 -> shape.z();
      case 12 -> rank;
      case 13 -> blocks;
      case 14 -> isExplicit ? 1 : 0;
      default -> throw new IllegalArgumentException("no register " + index);
    };
  }

  /** {@code barrier.cluster.arrive}. */
  public void arrive(int thread) {
    block.lane = thread;
    if (barrier != null) {
      barrier.arrive(rank, thread);
    }
  }

  /** {@code barrier.cluster.wait}: whether a thread may go on. */
  boolean passes(int thread) {
    return barrier == null || barrier.passes(rank, thread);
  }

  /** Checks a {@code shared::cluster} address and gives the host address. */
  public long host(long address, int low) {
    if ((address & (block.sharedOutside | low)) == 0) {
      return block.sharedHost + address;
    }
    return block.toHost + place(address, low + 1L, low);
  }

  /** Checks a range of {@code shared::cluster} addresses and gives its generic address. */
  private long place(long address, long bytes, int low) {
    if ((address & low) != 0) {
      throw new MemoryFault(MemoryFault.Kind.MISALIGNED_ADDRESS, address);
    }
    if (address >= 0 && address <= block.sharedWindowBytes() - bytes) {
      return block.sharedAddress + address;
    }
    long offset = address - stride;
    long inside = offset & stride - 1;
    if (offset < 0 || offset >> shift >= blocks || inside > block.sharedBytes - bytes) {
      throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, address);
    }
    return firstAddress + offset;
  }

  /** Start of all shared memory of the cluster, on the host. */
  public long firstHost() {
    return firstAddress + block.toHost;
  }

  /** The bits that no offset from there has. */
  public long outside() {
    return blocks == 1 ? block.sharedOutside : -(Integer.highestOneBit(2 * blocks - 1) * stride);
  }

  /** {@code cvta.shared::cluster}. */
  public long toGeneric(long address) {
    long offset = address - stride + stride / 4;
    boolean isOfRank = offset >= 0 && offset >> shift < blocks;
    return isOfRank ? firstAddress + address - stride : block.sharedAddress + address;
  }

  /** {@code cvta.to.shared::cluster}. */
  public long fromGeneric(long address) {
    int near = near(address);
    return near < 0 || near == rank
        ? address - block.sharedAddress
        : address - firstAddress + stride;
  }

  /** The rank of the block near whose shared memory a generic address is, or -1. */
  private int near(long address) {
    long offset = address - firstAddress + stride / 4;
    return offset >= 0 && offset >> shift < blocks ? (int) (offset >> shift) : -1;
  }

  /** {@code isspacep.shared::cluster}. */
  public int isShared(long address) {
    long offset = address - firstAddress;
    boolean isInside =
        offset >= 0 && offset >> shift < blocks && (offset & stride - 1) < block.sharedBytes;
    return isInside ? 1 : 0;
  }

  /** {@code mapa}: the same place in the shared memory of another block, a generic address. */
  public long mapGeneric(long address, int to) {
    int near = near(address);
    return near < 0 || to < 0 || to >= blocks
        ? NOWHERE_GENERIC
        : address + (to - (long) near) * stride;
  }

  /** {@code mapa.shared::cluster}. */
  public long map(long address, int to) {
    if (to < 0 || to >= blocks) {
      return NOWHERE;
    }
    long generic = mapGeneric(toGeneric(address), to);
    return generic == NOWHERE_GENERIC ? NOWHERE : generic - firstAddress + stride;
  }

  /** {@code getctarank} of a generic address; -1 if it is of no shared memory of the cluster. */
  public int rankOfGeneric(long address) {
    return near(address);
  }

  /** {@code getctarank.shared::cluster}. */
  public int rankOf(long address) {
    return near(toGeneric(address));
  }

  /** {@code st.async} and its like: bytes have come for a barrier beside the place written. */
  public void complete(long barrierAddress, int bytes) {
    TransactionBarrier.complete(host(barrierAddress, 7), bytes);
  }

  /**
   * {@code cp.async.bulk} from global memory.
   *
   * @param target {@code shared::cluster} address
   * @param source generic address
   * @param barrierAddress {@code shared::cluster} address
   */
  public void copy(long target, long source, int bytes, long barrierAddress) {
    long place = place(target, aligned(target, source, bytes), 0);
    block.memory.copy(place, source, bytes);
    complete(barrierAddress, bytes);
  }

  /**
   * The same to several blocks, and to the same place in each.
   *
   * @param ranks a bit for each of them
   */
  public void copyToSeveral(long target, long source, int bytes, long barrierAddress, int ranks) {
    if ((ranks & 0xffff) >>> blocks != 0) {
      throw BlockContext.illegal("a copy to blocks that the cluster doesn't have");
    }
    for (int to = 0; to < blocks; to++) {
      if ((ranks >>> to & 1) != 0) {
        copy(map(target, to), source, bytes, map(barrierAddress, to));
      }
    }
  }

  /** {@code cp.async.bulk} from the block's own shared memory to that of a block. */
  public void copyShared(long target, long source, int bytes, long barrierAddress) {
    copy(target, ownShared(source, bytes), bytes, barrierAddress);
  }

  /** {@code cp.async.bulk} from the block's own shared memory to global memory. */
  public void copyFromShared(long global, long shared, int bytes) {
    block.memory.copy(global, ownShared(shared, aligned(global, 0, bytes)), bytes);
  }

  /** Generic address of a range of the block's own shared memory. */
  private long ownShared(long offset, int bytes) {
    long checked = aligned(offset, 0, bytes);
    if (offset < 0 || offset > block.sharedWindowBytes() - checked) {
      throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, offset);
    }
    return block.sharedAddress + offset;
  }

  /** Bulk copies move units of 16 bytes between addresses that are aligned so. */
  private static int aligned(long target, long source, int bytes) {
    if (((target | source | bytes) & 15) != 0) {
      throw new MemoryFault(MemoryFault.Kind.MISALIGNED_ADDRESS, target);
    }
    if (bytes < 0) {
      throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, target);
    }
    return bytes;
  }
}
