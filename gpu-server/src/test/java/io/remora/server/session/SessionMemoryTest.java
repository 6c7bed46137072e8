// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUresult;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemAllocPitch;
import io.remora.v1.CuMemGetAddressRange;
import io.remora.v1.CuMemGetInfo;
import io.remora.v1.CuMemsetD8;
import io.remora.v1.CuPointerGetAttribute;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SessionMemoryTest {
  private static final long GRANULE = ManualDomain.GRANULE_BYTES;

  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);

  @Test
  void theTenantsQuotaIsTheDevicesMemory() throws InvalidProtocolBufferException {
    assertThat(harness.welcome().getDevices(0).getTotalMemoryBytes())
        .isEqualTo(SessionHarness.QUOTA_BYTES);
    calls.allocate(GRANULE);

    CuMemGetInfo info =
        CuMemGetInfo.parseFrom(
            harness.answer(Calls.CU_MEM_GET_INFO, CuMemGetInfo.getDefaultInstance()).getOutputs());
    assertThat(info.getTotal()).isEqualTo(SessionHarness.QUOTA_BYTES);
    assertThat(info.getFree()).isEqualTo(SessionHarness.QUOTA_BYTES - GRANULE);
    assertThat(calls.allocate(info.getFree())).isNotZero();
  }

  @Test
  void aFreeUnderARunningKernelReturnsAtOnceAndTheMemoryComesBackAfterIt() {
    long function = calls.kernel();
    long address = calls.allocate(10 * GRANULE);
    calls.launch(function, 0, 1);
    calls.free(address);

    assertThat(harness.errors).isEmpty();
    assertThat(harness.ledger.reservedBytes()).isEqualTo(10 * GRANULE);
    assertThat(calls.allocate(GRANULE)).isNotEqualTo(address);
    harness.run();
    assertThat(harness.ledger.reservedBytes()).isEqualTo(GRANULE);
    assertThat(calls.allocate(10 * GRANULE)).isEqualTo(address);
  }

  @Test
  void anAllocationWaitsForMemoryThatIsOnItsWayBackAndHoldsNobodyUp() {
    long function = calls.kernel();
    long address = calls.allocate(SessionHarness.QUOTA_BYTES);
    calls.launch(function, 0, 1);
    calls.free(address);
    long waiting =
        harness.call(
            Calls.CU_MEM_ALLOC,
            CuMemAlloc.newBuilder().setBytesize(SessionHarness.QUOTA_BYTES).build());

    assertThat(harness.isAnswered(waiting)).isFalse();
    assertThat(harness.answer(Calls.CU_MEM_GET_INFO, CuMemGetInfo.getDefaultInstance()))
        .isNotNull();
    harness.run();
    assertThat(TestCalls.address(harness.answerTo(waiting))).isEqualTo(address);
  }

  @Test
  void beyondTheQuotaIsOutOfMemory() {
    calls.allocate(SessionHarness.QUOTA_BYTES - GRANULE);

    Answer answer =
        harness.answer(
            Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(GRANULE + 1).build());
    assertThat(answer.getResult()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    assertThat(answer.getDetail()).contains("quota");
  }

  @Test
  void onlyTheBeginningOfAnAllocationCanBeFreedAndOnlyOnce() {
    long address = calls.allocate(GRANULE);
    calls.free(address + 256);
    calls.free(address);
    calls.free(address);
    calls.free(0);

    assertThat(harness.errors).hasSize(2);
    assertThat(harness.errors)
        .allMatch(error -> error.getResult() == CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    assertThat(harness.errors.get(1).getCallNumber()).isEqualTo(Calls.CU_MEM_FREE);
  }

  @Test
  void rangesMustLieInOneAllocation() {
    long first = calls.allocate(1024);
    calls.allocate(1024);
    memset(first, 1024);
    memset(first + 1000, 24);
    assertThat(harness.errors).isEmpty();

    memset(first, 1025);
    memset(first - 1, 1);
    memset(first + 1, -1);
    memset(Long.MAX_VALUE, Long.MAX_VALUE);
    memset(0, 1);
    assertThat(harness.errors).hasSize(5);
    assertThat(harness.errors)
        .allMatch(error -> error.getResult() == CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    harness.run();
  }

  private void memset(long address, long bytes) {
    harness.call(
        Calls.CU_MEMSET_D8,
        CuMemsetD8.newBuilder().setDstDevice(address).setN(bytes).setUc(7).build());
  }

  @Test
  void rowsBeginAtMultiplesOfThePitch() throws InvalidProtocolBufferException {
    CuMemAllocPitch rows =
        CuMemAllocPitch.parseFrom(
            harness
                .answer(
                    Calls.CU_MEM_ALLOC_PITCH,
                    CuMemAllocPitch.newBuilder()
                        .setWidthInBytes(700)
                        .setHeight(3)
                        .setElementSizeBytes(4)
                        .build())
                .getOutputs());

    assertThat(rows.getPPitch()).isEqualTo(1024);
    CuMemGetAddressRange range =
        CuMemGetAddressRange.parseFrom(
            harness
                .answer(
                    Calls.CU_MEM_GET_ADDRESS_RANGE,
                    CuMemGetAddressRange.newBuilder().setDptr(rows.getDptr() + 3071).build())
                .getOutputs());
    assertThat(range.getPbase()).isEqualTo(rows.getDptr());
    assertThat(range.getPsize()).isEqualTo(3072);
    Answer huge =
        harness.answer(
            Calls.CU_MEM_ALLOC_PITCH,
            CuMemAllocPitch.newBuilder()
                .setWidthInBytes(Long.MAX_VALUE)
                .setHeight(Long.MAX_VALUE)
                .setElementSizeBytes(4)
                .build());
    assertThat(huge.getResult()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
  }

  @Test
  void anAddressTellsItsAttributes() throws InvalidProtocolBufferException {
    long address = calls.allocate(1024);

    assertThat(attribute(2, address + 5)).isEqualTo(2);
    assertThat(attribute(3, address + 5)).isEqualTo(address + 5);
    assertThat(attribute(11, address + 5)).isEqualTo(address);
    assertThat(attribute(12, address + 5)).isEqualTo(1024);
    Answer foreign =
        harness.answer(
            Calls.CU_POINTER_GET_ATTRIBUTE,
            CuPointerGetAttribute.newBuilder().setAttribute(2).setPtr(12345).build());
    assertThat(foreign.getResult()).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
  }

  private long attribute(int attribute, long address) throws InvalidProtocolBufferException {
    Answer answer =
        harness.answer(
            Calls.CU_POINTER_GET_ATTRIBUTE,
            CuPointerGetAttribute.newBuilder().setAttribute(attribute).setPtr(address).build());
    return CuPointerGetAttribute.parseFrom(answer.getOutputs()).getData();
  }

  @Test
  void memoryInUseIsNeverGivenOutAgain() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("SessionMemoryTest -Dseed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    List<Long> live = new ArrayList<>();
    for (int step = 0; step < 3000; step++) {
      switch (random.nextInt(4)) {
        case 0 -> {
          long address = calls.allocate(1 + random.nextLong(GRANULE / 2));
          assertThat(live).doesNotContain(address);
          live.add(address);
        }
        case 1 -> {
          // The domain refuses work on memory that has been taken away under it.
          if (!live.isEmpty()) {
            memset(live.get(random.nextInt(live.size())), 1);
          }
        }
        case 2 -> {
          if (!live.isEmpty()) {
            calls.free(live.remove(random.nextInt(live.size())));
          }
        }
        default -> {
          if (random.nextInt(4) == 0) {
            harness.run();
          }
        }
      }
      while (live.size() > 40) {
        calls.free(live.remove(0));
        harness.run();
      }
    }
    live.forEach(calls::free);
    harness.run();
    Set<Long> none = new HashSet<>();
    assertThat(none).isEmpty();
    assertThat(harness.errors).isEmpty();
    assertThat(harness.ledger.reservedBytes()).isZero();
    assertThat(harness.domain().committedBytes()).isZero();
  }
}
