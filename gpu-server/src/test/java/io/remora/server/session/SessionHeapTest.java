// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.session.generated.Calls;
import io.remora.v1.CUlimit;
import io.remora.v1.CUresult;
import io.remora.v1.RemoraSetLimit;
import org.junit.jupiter.api.Test;

/** The kernels' heap, as a session asks for it. */
class SessionHeapTest {
  private static final long MIB = 1 << 20;

  private final SessionHarness harness = new SessionHarness();

  private int limit(long bytes) {
    return harness
        .answer(
            Calls.REMORA_SET_LIMIT,
            RemoraSetLimit.newBuilder()
                .setLimit(CUlimit.CU_LIMIT_MALLOC_HEAP_SIZE_VALUE)
                .setValue(bytes)
                .build())
        .getResult();
  }

  private long heldBytes() {
    return harness.ledger.quotaBytes() - harness.ledger.availableBytes();
  }

  @Test
  void whatItHasBeyondTheUsualIsChargedToTheTenant() {
    assertThat(limit(ManualDomain.HEAP_BYTES + 2 * MIB)).isZero();
    assertThat(harness.domain().heapBytes).isEqualTo(ManualDomain.HEAP_BYTES + 2 * MIB);
    assertThat(heldBytes()).isEqualTo(2 * MIB);
    assertThat(limit(ManualDomain.HEAP_BYTES + MIB)).isZero();
    assertThat(heldBytes()).isEqualTo(MIB);
    assertThat(limit(MIB)).isZero();
    assertThat(heldBytes()).isZero();
  }

  @Test
  void beyondTheQuotaThereIsNone() {
    assertThat(limit(ManualDomain.HEAP_BYTES + SessionHarness.QUOTA_BYTES + 1))
        .isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    assertThat(limit(-1)).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    assertThat(heldBytes()).isZero();
    assertThat(harness.domain().heapBytes).isEqualTo(ManualDomain.HEAP_BYTES);
  }

  @Test
  void aRefusalOfTheDeviceIsTheAnswerAndCostsNothing() {
    assertThat(limit(ManualDomain.HEAP_BYTES + MIB)).isZero();
    harness.domain().heapIsUsed = true;
    assertThat(limit(ManualDomain.HEAP_BYTES + 2 * MIB))
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    assertThat(limit(MIB)).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    assertThat(heldBytes()).isEqualTo(MIB);
    assertThat(harness.errors).isEmpty();
  }
}
