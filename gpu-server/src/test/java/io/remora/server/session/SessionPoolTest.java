// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUresult;
import io.remora.v1.CuDeviceGetDefaultMemPool;
import io.remora.v1.CuDeviceGetMemPool;
import io.remora.v1.CuDeviceSetMemPool;
import io.remora.v1.CuMemAllocAsync;
import io.remora.v1.CuMemAllocFromPoolAsync;
import io.remora.v1.CuMemFreeAsync;
import io.remora.v1.CuMemPoolCreate;
import io.remora.v1.CuMemPoolDestroy;
import io.remora.v1.CuMemPoolGetAccess;
import io.remora.v1.CuMemPoolGetAttribute;
import io.remora.v1.CuMemPoolSetAccess;
import io.remora.v1.CuMemPoolSetAttribute;
import io.remora.v1.CuMemPoolTrimTo;
import io.remora.v1.CuPointerGetAttribute;
import org.junit.jupiter.api.Test;

/** Memory pools, which live in the session's slab and quota. */
class SessionPoolTest {
  private static final int RELEASE_THRESHOLD = 4;
  private static final int RESERVED = 5;
  private static final int RESERVED_HIGH = 6;
  private static final int USED = 7;
  private static final int PINNED = 1;
  private static final int DEVICE = 1;
  private static final long GRANULE = ManualDomain.GRANULE_BYTES;

  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);

  private long pool() {
    long handle = harness.newHandle();
    assertThat(create(handle, 0).getResult()).isZero();
    return handle;
  }

  private Answer create(long handle, int handleTypes) {
    return harness.answer(
        Calls.CU_MEM_POOL_CREATE,
        CuMemPoolCreate.newBuilder()
            .setPool(handle)
            .setAllocType(PINNED)
            .setLocationType(DEVICE)
            .setHandleTypes(handleTypes)
            .build());
  }

  private Answer tryAllocate(long pool, long bytes) {
    return harness.answer(
        Calls.CU_MEM_ALLOC_FROM_POOL_ASYNC,
        CuMemAllocFromPoolAsync.newBuilder().setPool(pool).setBytesize(bytes).build());
  }

  private long allocate(long pool, long bytes) throws InvalidProtocolBufferException {
    Answer answer = tryAllocate(pool, bytes);
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return CuMemAllocFromPoolAsync.parseFrom(answer.getOutputs()).getDptr();
  }

  private void free(long address) {
    harness.call(Calls.CU_MEM_FREE_ASYNC, CuMemFreeAsync.newBuilder().setDptr(address).build());
  }

  private void set(long pool, int attribute, long value) {
    harness.call(
        Calls.CU_MEM_POOL_SET_ATTRIBUTE,
        CuMemPoolSetAttribute.newBuilder()
            .setPool(pool)
            .setAttr(attribute)
            .setValue(value)
            .build());
  }

  private long get(long pool, int attribute) throws InvalidProtocolBufferException {
    Answer answer =
        harness.answer(
            Calls.CU_MEM_POOL_GET_ATTRIBUTE,
            CuMemPoolGetAttribute.newBuilder().setPool(pool).setAttr(attribute).build());
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return CuMemPoolGetAttribute.parseFrom(answer.getOutputs()).getValue();
  }

  @Test
  void freedMemoryStaysWithThePoolUpToItsThresholdAndCountsForTheQuota() throws Exception {
    long pool = pool();
    long first = allocate(pool, GRANULE);
    assertThat(get(pool, USED)).isEqualTo(GRANULE);
    free(first);
    assertThat(harness.ledger.reservedBytes()).as("threshold 0 keeps nothing").isZero();

    set(pool, RELEASE_THRESHOLD, GRANULE);
    long second = allocate(pool, GRANULE);
    long third = allocate(pool, GRANULE);
    free(second);
    free(third);
    assertThat(get(pool, USED)).isZero();
    assertThat(get(pool, RESERVED)).isEqualTo(GRANULE);
    assertThat(get(pool, RESERVED_HIGH)).isEqualTo(2 * GRANULE);
    assertThat(harness.ledger.reservedBytes()).isEqualTo(GRANULE);
    assertThat(allocate(pool, GRANULE)).isEqualTo(third);
    assertThat(get(pool, RESERVED)).isEqualTo(GRANULE);
  }

  @Test
  void trimmingGivesBackWhatNobodyHas() throws Exception {
    long pool = pool();
    set(pool, RELEASE_THRESHOLD, -1);
    long kept = allocate(pool, GRANULE);
    free(allocate(pool, GRANULE));
    free(allocate(pool, 2 * GRANULE));
    assertThat(harness.ledger.reservedBytes()).isEqualTo(4 * GRANULE);
    harness.call(
        Calls.CU_MEM_POOL_TRIM_TO,
        CuMemPoolTrimTo.newBuilder().setPool(pool).setMinBytesToKeep(2 * GRANULE).build());
    assertThat(harness.ledger.reservedBytes()).isEqualTo(2 * GRANULE);
    free(kept);
    harness.call(Calls.CU_MEM_POOL_DESTROY, CuMemPoolDestroy.newBuilder().setPool(pool).build());
    assertThat(harness.ledger.reservedBytes()).isZero();
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void whatPoolsKeepIsGivenBackBeforeAnAllocationFails() throws Exception {
    long pool = pool();
    set(pool, RELEASE_THRESHOLD, -1);
    free(allocate(pool, SessionHarness.QUOTA_BYTES));
    assertThat(harness.ledger.reservedBytes()).isEqualTo(SessionHarness.QUOTA_BYTES);
    long address = calls.allocate(SessionHarness.QUOTA_BYTES);
    assertThat(address).isNotZero();
    assertThat(tryAllocate(pool, GRANULE).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
  }

  @Test
  void aDestroyedPoolsMemoryLivesUntilItIsFreed() throws Exception {
    long pool = pool();
    set(pool, RELEASE_THRESHOLD, -1);
    long address = allocate(pool, GRANULE);
    harness.call(Calls.CU_MEM_POOL_DESTROY, CuMemPoolDestroy.newBuilder().setPool(pool).build());
    assertThat(harness.ledger.reservedBytes()).isEqualTo(GRANULE);
    free(address);
    assertThat(harness.ledger.reservedBytes()).isZero();
    assertThat(tryAllocate(pool, 1).getResult()).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
  }

  @Test
  void theDevicesPoolServesCuMemAllocAsyncAndAPointerNamesItsPool() throws Exception {
    long pool = pool();
    assertThat(
            CuDeviceGetDefaultMemPool.parseFrom(
                    harness
                        .answer(
                            Calls.CU_DEVICE_GET_DEFAULT_MEM_POOL,
                            CuDeviceGetDefaultMemPool.getDefaultInstance())
                        .getOutputs())
                .getPoolOut())
        .isEqualTo(1);
    harness.call(
        Calls.CU_DEVICE_SET_MEM_POOL, CuDeviceSetMemPool.newBuilder().setPool(pool).build());
    assertThat(
            CuDeviceGetMemPool.parseFrom(
                    harness
                        .answer(
                            Calls.CU_DEVICE_GET_MEM_POOL, CuDeviceGetMemPool.getDefaultInstance())
                        .getOutputs())
                .getPool())
        .isEqualTo(pool);
    Answer allocated =
        harness.answer(
            Calls.CU_MEM_ALLOC_ASYNC, CuMemAllocAsync.newBuilder().setBytesize(100).build());
    long address = CuMemAllocAsync.parseFrom(allocated.getOutputs()).getDptr();
    assertThat(get(pool, USED)).isEqualTo(512);
    Answer named =
        harness.answer(
            Calls.CU_POINTER_GET_ATTRIBUTE,
            CuPointerGetAttribute.newBuilder().setAttribute(17).setPtr(address).build());
    assertThat(CuPointerGetAttribute.parseFrom(named.getOutputs()).getData()).isEqualTo(pool);
  }

  @Test
  void accessIsKeptAndWhatCannotBeSharedIsRefused() throws Exception {
    long pool = pool();
    harness.call(
        Calls.CU_MEM_POOL_SET_ACCESS,
        CuMemPoolSetAccess.newBuilder()
            .setPool(pool)
            .addLocationTypes(DEVICE)
            .addLocationIds(0)
            .addFlags(3)
            .build());
    assertThat(harness.errors).isEmpty();
    Answer access =
        harness.answer(
            Calls.CU_MEM_POOL_GET_ACCESS,
            CuMemPoolGetAccess.newBuilder().setMemPool(pool).setLocationType(DEVICE).build());
    assertThat(CuMemPoolGetAccess.parseFrom(access.getOutputs()).getFlags()).isEqualTo(3);
    assertThat(create(harness.newHandle(), 1).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE);
  }
}
