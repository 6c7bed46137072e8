// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SlabAllocatorTest {
  private static final long BASE = 0x7000_0000_0000L;
  private static final long GRANULE = 4096;
  private static final long SLAB = 64 * GRANULE;

  private final Pages pages = new Pages(64);
  private final SlabAllocator slab = new SlabAllocator(BASE, SLAB, GRANULE, 1000, pages);

  @Test
  void addressesAreAlignedAndRangesAreFoundByAnyAddressInside() {
    Allocation first = slab.allocate(1000, 0, false);
    Allocation second = slab.allocate(1, 0, false);

    assertThat(first.address() % 512).isZero();
    assertThat(second.address()).isEqualTo(first.address() + 1024);
    assertThat(slab.find(first.address() + 999)).isSameAs(first);
    assertThat(slab.find(first.address() + 1000)).isNull();
    assertThat(slab.find(second.address())).isSameAs(second);
    assertThat(slab.find(BASE - 1)).isNull();
    assertThat(first.contains(first.address() + 10, 990)).isTrue();
    assertThat(first.contains(first.address() + 10, 991)).isFalse();
    assertThat(first.contains(first.address() + 10, Long.MAX_VALUE)).isFalse();
    assertThat(first.contains(first.address() - 1, 1)).isFalse();
  }

  @Test
  void freedMemoryIsOnlyGivenOutAgainAfterItWasRecycled() {
    Allocation first = slab.allocate(SLAB / 2, 0, false);
    slab.detach(first);

    assertThat(slab.find(first.address())).isNull();
    assertThat(slab.allocate(512, 0, false).address()).isNotEqualTo(first.address());
    assertThat(slab.committedBytes()).isEqualTo(SLAB / 2 + GRANULE);
    slab.recycle(first);
    assertThat(slab.committedBytes()).isEqualTo(GRANULE);
    assertThat(slab.allocate(SLAB / 2, 0, false).address()).isEqualTo(first.address());
  }

  @Test
  void whatDoesNotFitIsOutOfMemoryAndChangesNothing() {
    assertOutOfMemory(SLAB + 1);
    assertOutOfMemory(Long.MAX_VALUE);
    assertOutOfMemory(0);
    assertOutOfMemory(-1);
    pages.granulesLeft = 2;
    assertOutOfMemory(3 * GRANULE);

    assertThat(slab.committedBytes()).isZero();
    assertThat(slab.allocate(2 * GRANULE, 0, false).address()).isEqualTo(BASE);
  }

  @Test
  void alignedVariablesShareNoPieceOfTheirAlignment() {
    Allocation before = slab.allocate(1, 0, false);
    Allocation variable = slab.allocateVariable(10, 0, 4096);
    Allocation behind = slab.allocate(1, 0, false);

    assertThat(before.address()).isEqualTo(BASE);
    assertThat(variable.address()).isEqualTo(BASE + 4096);
    assertThat(variable.bytes()).isEqualTo(10);
    assertThat(behind.address()).isEqualTo(BASE + 512);
    assertThat(slab.allocate(4096, 0, false).address()).isEqualTo(BASE + 8192);
    slab.detach(variable);
    slab.recycle(variable);
    assertThat(slab.allocateVariable(4096, 0, 512).address()).isEqualTo(BASE + 1024);
  }

  @Test
  void theNumberOfAllocationsIsBounded() {
    SlabAllocator small = new SlabAllocator(BASE, SLAB, GRANULE, 1, pages);
    small.allocate(1, 0, false);

    assertThatThrownBy(() -> small.allocate(1, 0, false)).isInstanceOf(DriverException.class);
  }

  @Test
  void exposedMemoryCountsForAsLongAsItIsKnown() {
    SlabAllocator small = new SlabAllocator(BASE, SLAB, GRANULE, 2, pages);
    long start = small.reserve(GRANULE, GRANULE);
    for (int i = 0; i < 3; i++) {
      small.detach(small.expose(start, GRANULE));
    }
    assertThat(small.liveCount()).isZero();

    small.expose(start, GRANULE);
    small.allocate(1, 0, false);

    assertThatThrownBy(() -> small.allocate(1, 0, false)).isInstanceOf(DriverException.class);
  }

  @Test
  void theNumberOfReservationsIsBounded() {
    SlabAllocator small = new SlabAllocator(BASE, SLAB, GRANULE, 1, pages);
    long start = small.reserve(GRANULE, GRANULE);

    assertThatThrownBy(() -> small.reserve(GRANULE, GRANULE)).isInstanceOf(DriverException.class);

    small.unreserve(start, GRANULE);
    assertThat(small.reserve(GRANULE, GRANULE)).isEqualTo(start);
  }

  @Test
  void anAddressIsDescribedByTheNearestAllocation() {
    assertThat(slab.describe(BASE)).isEmpty();
    Allocation first = slab.allocate(1000, 1, false);
    Allocation second = slab.allocate(4096, 1, false);
    String one = " an allocation of 1000 bytes at 0x" + Long.toHexString(first.address());
    String other = " an allocation of 4096 bytes at 0x" + Long.toHexString(second.address());
    assertThat(slab.describe(first.address() + 8)).isEqualTo("8 bytes inside" + one);
    assertThat(slab.describe(first.address() + 1003)).isEqualTo("3 bytes after" + one);
    assertThat(slab.describe(second.address() - 4)).isEqualTo("4 bytes before" + other);
    slab.detach(second);
    assertThat(slab.describe(second.address() + 1)).contains("bytes after" + one);
  }

  @Test
  void behavesAsANaiveModelUnderRandomUse() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("SlabAllocatorTest -Dseed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    List<Allocation> live = new ArrayList<>();
    List<Allocation> detached = new ArrayList<>();
    BitSet used = new BitSet();
    for (int step = 0; step < 20_000; step++) {
      switch (random.nextInt(4)) {
        case 0, 1 -> allocate(random, live, used);
        case 2 -> {
          if (!live.isEmpty()) {
            Allocation allocation = live.remove(random.nextInt(live.size()));
            slab.detach(allocation);
            detached.add(allocation);
          }
        }
        default -> {
          if (!detached.isEmpty()) {
            Allocation allocation = detached.remove(random.nextInt(detached.size()));
            slab.recycle(allocation);
            int from = block(allocation.address());
            used.clear(from, from + (int) (allocation.blockBytes() / 512));
          }
        }
      }
      checkCommitted(used);
      checkLookup(random, live);
    }
    live.forEach(slab::detach);
    live.forEach(slab::recycle);
    detached.forEach(slab::recycle);
    assertThat(slab.committedBytes()).isZero();
    assertThat(slab.allocate(SLAB, 0, false).address()).isEqualTo(BASE);
  }

  private void allocate(SplittableRandom random, List<Allocation> live, BitSet used) {
    long bytes = 1 + random.nextLong(random.nextInt(4) == 0 ? SLAB / 4 : 3000);
    int alignment = 512 << (random.nextInt(3) == 0 ? random.nextInt(4) : 0);
    int blocks = (int) ((bytes + alignment - 1) / alignment * (alignment / 512));
    Allocation allocation;
    try {
      allocation = slab.allocateVariable(bytes, 0, alignment);
    } catch (DriverException outOfMemory) {
      assertThat(longestGap(used)).isLessThan(blocks + alignment / 512 - 1);
      return;
    }
    assertThat(allocation.address() % alignment).isZero();
    int from = block(allocation.address());
    assertThat(used.get(from, from + blocks).isEmpty()).isTrue();
    assertThat(from + blocks).isLessThanOrEqualTo((int) (SLAB / 512));
    used.set(from, from + blocks);
    live.add(allocation);
  }

  private void checkCommitted(BitSet used) {
    long expected = 0;
    for (int granule = 0; granule < 64; granule++) {
      boolean touched = !used.get(granule * 8, granule * 8 + 8).isEmpty();
      assertThat(pages.committed.get(granule)).isEqualTo(touched);
      expected += touched ? GRANULE : 0;
    }
    assertThat(slab.committedBytes()).isEqualTo(expected);
  }

  private void checkLookup(SplittableRandom random, List<Allocation> live) {
    long address = BASE + random.nextLong(SLAB);
    Allocation expected = null;
    for (Allocation allocation : live) {
      expected = allocation.contains(address, 1) ? allocation : expected;
    }
    assertThat(slab.find(address)).isSameAs(expected);
  }

  private static int longestGap(BitSet used) {
    int longest = 0;
    for (int at = 0; at < SLAB / 512; ) {
      int from = used.nextClearBit(at);
      int to = used.nextSetBit(from);
      to = to < 0 ? (int) (SLAB / 512) : to;
      longest = Math.max(longest, to - from);
      at = to;
    }
    return longest;
  }

  private static int block(long address) {
    return (int) ((address - BASE) / 512);
  }

  private void assertOutOfMemory(long bytes) {
    assertThatThrownBy(() -> slab.allocate(bytes, 0, false))
        .isInstanceOfSatisfying(
            DriverException.class,
            e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE));
  }

  /** Knows which granules are committed, and refuses to commit or decommit one twice. */
  private static final class Pages implements SlabPages {
    private final BitSet committed = new BitSet();
    private int granulesLeft;

    Pages(int granulesLeft) {
      this.granulesLeft = granulesLeft;
    }

    @Override
    public void commit(long address, long bytes) {
      int from = (int) ((address - BASE) / GRANULE);
      int count = (int) (bytes / GRANULE);
      if (count > granulesLeft) {
        throw new DriverException(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, "no granules left");
      }
      assertThat(committed.get(from, from + count).isEmpty()).isTrue();
      committed.set(from, from + count);
      granulesLeft -= count;
    }

    @Override
    public void decommit(long address, long bytes) {
      int from = (int) ((address - BASE) / GRANULE);
      int count = (int) (bytes / GRANULE);
      assertThat(committed.get(from, from + count).cardinality()).isEqualTo(count);
      committed.clear(from, from + count);
      granulesLeft += count;
    }
  }
}
