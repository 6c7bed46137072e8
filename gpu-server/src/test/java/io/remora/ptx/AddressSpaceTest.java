// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class AddressSpaceTest {
  private static final long BASE = 0x4000_0000L;
  private static final long PAGE = AddressSpace.PAGE_BYTES;
  private final AddressSpace space = new AddressSpace(BASE, 1 << 26, 10 * PAGE);

  @AfterEach
  void close() {
    space.close();
  }

  private byte[] read(long address, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    space.read(address, buffer);
    return buffer.array();
  }

  @Test
  void memoryReadsAsZeroWhenCommittedAgain() {
    space.commit(BASE + PAGE, 2 * PAGE);
    space.fill(BASE + PAGE, 0x11223344, 4, PAGE / 2);
    assertThat(read(BASE + 3 * PAGE - 4, 4)).containsExactly(0x44, 0x33, 0x22, 0x11);
    space.release(BASE + PAGE, 2 * PAGE);
    assertThat(space.committedBytes()).isZero();
    space.commit(BASE + PAGE, 2 * PAGE);
    assertThat(read(BASE + PAGE, 1000)).containsOnly(0);
  }

  @Test
  void theLimitHoldsAndNothingIsCommittedBeyondIt() {
    assertThat(space.commit(BASE, 10 * PAGE)).isTrue();
    assertThat(space.commit(BASE + 10 * PAGE, 1)).isFalse();
    assertThat(space.isValid(BASE + 10 * PAGE, 1)).isFalse();
    assertThat(space.committedBytes()).isEqualTo(10 * PAGE);
  }

  @Test
  void rangesThatLeaveCommittedPagesAreRefusedAtTheFirstBadAddress() {
    space.commit(BASE, PAGE);
    for (long bytes : new long[] {PAGE + 1, 1 << 20}) {
      MemoryFault fault =
          catchThrowableOfType(
              MemoryFault.class, () -> space.read(BASE, ByteBuffer.allocate((int) bytes)));
      assertThat(fault.kind()).isEqualTo(MemoryFault.Kind.ILLEGAL_ADDRESS);
      assertThat(fault.address()).isEqualTo(BASE + PAGE);
    }
    assertThatThrownBy(() -> space.write(BASE - 1, ByteBuffer.allocate(1)))
        .isInstanceOf(MemoryFault.class);
    assertThatThrownBy(() -> space.copy(BASE, BASE + PAGE, 4)).isInstanceOf(MemoryFault.class);
    assertThatThrownBy(() -> space.fill(BASE, 0, 1, Long.MAX_VALUE))
        .isInstanceOf(MemoryFault.class);
    assertThatThrownBy(() -> space.fill(BASE + 1, 0, 4, 1)).isInstanceOf(MemoryFault.class);
    assertThatThrownBy(() -> space.commit(BASE, PAGE)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> space.commit(BASE + space.userBytes(), PAGE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void copiesMayOverlapBothWays() {
    space.commit(BASE, 8 * PAGE);
    byte[] bytes = new byte[300_000];
    new java.util.Random(3).nextBytes(bytes);
    for (int shift : new int[] {7, -7}) {
      space.write(BASE + 1000, ByteBuffer.wrap(bytes));
      space.copy(BASE + 1000 + shift, BASE + 1000, bytes.length);
      assertThat(read(BASE + 1000 + shift, bytes.length)).isEqualTo(bytes);
    }
  }

  @Test
  void buffersOfAllKindsMoveTheirRemainingBytes() {
    space.commit(BASE, PAGE);
    ByteBuffer direct = ByteBuffer.allocateDirect(20);
    direct.position(4).put(new byte[] {1, 2, 3, 4}).position(4).limit(8);
    space.write(BASE + 8, direct);
    assertThat(direct.hasRemaining()).isFalse();
    ByteBuffer readOnly = ByteBuffer.wrap(new byte[] {9, 5, 6}, 1, 2).slice().asReadOnlyBuffer();
    space.write(BASE + 12, readOnly);
    ByteBuffer target = ByteBuffer.allocate(10);
    target.position(2).limit(8);
    space.read(BASE + 8, target);
    assertThat(target.array()).containsExactly(0, 0, 1, 2, 3, 4, 5, 6, 0, 0);
  }

  @Test
  void spacesCopyBetweenOneAnother() {
    try (AddressSpace other = new AddressSpace(1L << 40, 1 << 20, PAGE)) {
      space.commit(BASE, PAGE);
      other.commit(1L << 40, PAGE);
      space.fill(BASE, 7, 1, 100);
      other.copyFrom(space, (1L << 40) + 5, BASE, 100);
      ByteBuffer buffer = ByteBuffer.allocate(106);
      other.read(1L << 40, buffer);
      assertThat(buffer.array()[4]).isZero();
      assertThat(buffer.array()[5]).isEqualTo((byte) 7);
      assertThat(buffer.array()[104]).isEqualTo((byte) 7);
      assertThat(buffer.array()[105]).isZero();
    }
  }

  @Test
  void patternsOfEachWidthRepeat() {
    space.commit(BASE, 64 * PAGE / 8);
    space.fill(BASE + 2, 0xabcd, 2, 200_000);
    assertThat(read(BASE, 6)).containsExactly(0, 0, 0xcd, 0xab, 0xcd, 0xab);
    assertThat(read(BASE + 400_000, 4)).containsExactly(0xcd, 0xab, 0, 0);
    space.fill(BASE, 0x42, 1, 3);
    assertThat(read(BASE, 4)).containsExactly(0x42, 0x42, 0x42, 0xab);
  }
}
