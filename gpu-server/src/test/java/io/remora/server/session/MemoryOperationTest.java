// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.v1.CUstreamBatchMemOpType;
import io.remora.v1.StreamMemoryOperation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** What streams wait for and write. */
class MemoryOperationTest {
  private static final int GEQ = 0;
  private static final int EQ = 1;
  private static final int AND = 2;
  private static final int NOR = 3;

  private static StreamMemoryOperation said(
      CUstreamBatchMemOpType type, long address, long value, int flags) {
    return StreamMemoryOperation.newBuilder()
        .setOperation(type.getNumber())
        .setAddress(address)
        .setValue(value)
        .setFlags(flags)
        .build();
  }

  private static boolean isOver(long value, int flags, int found) {
    ByteBuffer word = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, found);
    return MemoryOperation.of(
            said(CUstreamBatchMemOpType.CU_STREAM_MEM_OP_WAIT_VALUE_32, 64, value, flags))
        .isFulfilledBy(word);
  }

  private static boolean isOver64(long value, int flags, long found) {
    ByteBuffer word = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, found);
    return MemoryOperation.of(
            said(CUstreamBatchMemOpType.CU_STREAM_MEM_OP_WAIT_VALUE_64, 64, value, flags))
        .isFulfilledBy(word);
  }

  @Test
  void wordsAreComparedAsCudaDoes() {
    assertThat(isOver(5, GEQ, 4)).isFalse();
    assertThat(isOver(5, GEQ, 5)).isTrue();
    // The comparison goes round.
    assertThat(isOver(0xffff_fff0L, GEQ, 3)).isTrue();
    assertThat(isOver(3, GEQ, 0xffff_fff0)).isFalse();
    assertThat(isOver(5, EQ, 6)).isFalse();
    assertThat(isOver(0xffff_ffffL, EQ, -1)).isTrue();
    assertThat(isOver(6, AND, 1)).isFalse();
    assertThat(isOver(6, AND, 2)).isTrue();
    assertThat(isOver(0xffff_ff00L, NOR, 0xff)).isFalse();
    assertThat(isOver(0xffff_ff00L, NOR, 0x7f)).isTrue();
    assertThat(isOver64(1L << 40, GEQ, (1L << 40) - 1)).isFalse();
    assertThat(isOver64(1L << 40, EQ, 1L << 40)).isTrue();
    assertThat(isOver64(1L << 40, AND, 3L << 39)).isTrue();
    assertThat(isOver64(-1L << 8, NOR, 0xff)).isFalse();
  }

  @Test
  void writesLieInMemoryAsTheDeviceReadsThem() {
    MemoryOperation write =
        MemoryOperation.of(
            said(CUstreamBatchMemOpType.CU_STREAM_MEM_OP_WRITE_VALUE_32, 4, 0x01020304, 1));
    assertThat(write.waits()).isFalse();
    assertThat(write.written()).isEqualTo(ByteBuffer.wrap(new byte[] {4, 3, 2, 1}));
  }

  @Test
  void whatIsNoOperationIsRefused() {
    assertThatThrownBy(() -> isOver(1, 4, 0)).isInstanceOf(CallException.class);
    assertThatThrownBy(
            () ->
                MemoryOperation.of(
                    said(CUstreamBatchMemOpType.CU_STREAM_MEM_OP_WAIT_VALUE_64, 4, 1, 0)))
        .isInstanceOf(CallException.class);
    assertThatThrownBy(
            () ->
                MemoryOperation.of(said(CUstreamBatchMemOpType.CU_STREAM_MEM_OP_BARRIER, 0, 0, 0)))
        .isInstanceOf(CallException.class);
    assertThatThrownBy(
            () -> MemoryOperation.of(StreamMemoryOperation.newBuilder().setOperation(99).build()))
        .isInstanceOf(CallException.class);
  }
}
