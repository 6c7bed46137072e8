// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import org.junit.jupiter.api.Test;

/** Java memory seen as bytes, whatever its type and wherever a pointer points into it. */
final class HostSpanTest {
  private static final int BYTES = 240;

  /** Memory of one kind that holds the given bytes. */
  private record Kind(String name, Function<byte[], Pointer> maker) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static ByteBuffer wrap(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer direct(byte[] bytes, ByteOrder order) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    return buffer.order(order);
  }

  private static final List<Kind> KINDS =
      List.of(
          new Kind("byte[]", bytes -> Pointer.to(bytes.clone())),
          new Kind(
              "short[]",
              bytes -> {
                short[] array = new short[bytes.length / 2];
                wrap(bytes).asShortBuffer().get(array);
                return Pointer.to(array);
              }),
          new Kind(
              "char[]",
              bytes -> {
                char[] array = new char[bytes.length / 2];
                wrap(bytes).asCharBuffer().get(array);
                return Pointer.to(array);
              }),
          new Kind(
              "int[]",
              bytes -> {
                int[] array = new int[bytes.length / 4];
                wrap(bytes).asIntBuffer().get(array);
                return Pointer.to(array);
              }),
          new Kind(
              "long[]",
              bytes -> {
                long[] array = new long[bytes.length / 8];
                wrap(bytes).asLongBuffer().get(array);
                return Pointer.to(array);
              }),
          new Kind("direct", bytes -> Pointer.to(direct(bytes, ByteOrder.BIG_ENDIAN))),
          new Kind(
              "direct ints, little endian",
              bytes -> Pointer.to(direct(bytes, ByteOrder.LITTLE_ENDIAN).asIntBuffer())),
          new Kind(
              "direct longs, big endian",
              bytes -> Pointer.to(direct(bytes, ByteOrder.BIG_ENDIAN).asLongBuffer())));

  private static HostSpan span(Pointer pointer, long bytes) {
    return Objects.requireNonNull(HostSpan.of(pointer, bytes));
  }

  @Test
  void anyPartOfAnyMemoryIsReadAsItLies() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    byte[] contents = new byte[BYTES];
    random.nextBytes(contents);
    for (Kind kind : KINDS) {
      for (int round = 0; round < 200; round++) {
        int offset = random.nextInt(BYTES);
        int length = random.nextInt(BYTES - offset + 1);
        int skip = length == 0 ? 0 : random.nextInt(length);
        Pointer pointer = kind.maker().apply(contents).withByteOffset(offset);
        ByteBuffer read =
            span(pointer, length).read(skip, length - skip, ByteBuffer.allocate(BYTES));
        byte[] found = new byte[length - skip];
        read.get(found);
        assertThat(found)
            .as("%s at %d+%d, %d bytes, seed %d", kind, offset, skip, length, seed)
            .isEqualTo(Arrays.copyOfRange(contents, offset + skip, offset + length));
      }
    }
  }

  @Test
  void anyPartOfAnyMemoryIsWrittenAndNothingBesideIt() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    byte[] contents = new byte[BYTES];
    for (Kind kind : KINDS) {
      for (int round = 0; round < 200; round++) {
        random.nextBytes(contents);
        Pointer whole = kind.maker().apply(contents);
        int offset = random.nextInt(BYTES);
        byte[] change = new byte[random.nextInt(BYTES - offset + 1)];
        random.nextBytes(change);
        byte[] expected = contents.clone();
        System.arraycopy(change, 0, expected, offset, change.length);

        span(whole, BYTES).write(offset, ByteBuffer.wrap(change));

        byte[] found = new byte[BYTES];
        span(whole, BYTES).read(0, BYTES, ByteBuffer.allocate(BYTES)).get(found);
        assertThat(found)
            .as("%s at %d, %d bytes, seed %d", kind, offset, change.length, seed)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void pointersToPointersAreTheirAddresses() {
    CUdeviceptr first = TestCalls.pointer(0x1111);
    CUdeviceptr second = TestCalls.pointer(0x2222);
    Pointer pointers = Pointer.to(first, second.withByteOffset(5));
    ByteBuffer read = span(pointers, 16).read(0, 16, ByteBuffer.allocate(16));
    read = read.slice().order(ByteOrder.nativeOrder());
    assertThat(read.getLong(0)).isEqualTo(0x1111);
    assertThat(read.getLong(8)).isEqualTo(0x2227);

    ByteBuffer other = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(0, 0x3333);
    span(pointers, 16).write(0, other);
    assertThat(JCudaFields.address(first)).isEqualTo(0x3333);
  }

  @Test
  void whatIsNotJavaMemoryOrNotEnoughOfItHasNoSpan() {
    assertThat(HostSpan.of(null, 1)).isNull();
    assertThat(HostSpan.of(new Pointer(), 1)).isNull();
    assertThat(HostSpan.of(TestCalls.pointer(4096), 1)).isNull();
    assertThat(HostSpan.of(Pointer.to(new int[2]), 9)).isNull();
    assertThat(HostSpan.of(Pointer.to(new int[2]).withByteOffset(-1), 1)).isNull();
    assertThat(HostSpan.of(Pointer.to(new int[2]).withByteOffset(Long.MAX_VALUE), 8)).isNull();
    assertThat(HostSpan.of(Pointer.to(new int[2]), -1)).isNull();
    assertThat(HostSpan.of(Pointer.to(new int[2]).withByteOffset(8), 0)).isNotNull();
  }

  @Test
  void aPointerToAHeapBufferIsOneToItsWholeArrayAsInJCuda() {
    byte[] array = {0, 1, 2, 3, 4, 5, 6, 7};
    ByteBuffer middle = ByteBuffer.wrap(array, 2, 3).slice();
    ByteBuffer read = span(Pointer.to(middle), 8).read(0, 8, ByteBuffer.allocate(8));
    assertThat(read.get(read.position())).isZero();
    ByteBuffer precise =
        span(Pointer.toBuffer(ByteBuffer.wrap(array, 2, 3)), 3).read(0, 3, ByteBuffer.allocate(8));
    assertThat(precise.get(precise.position())).isEqualTo((byte) 2);
  }
}
