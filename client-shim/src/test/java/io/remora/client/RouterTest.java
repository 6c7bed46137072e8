// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Welcome;
import io.remora.wire.WireWriter;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Servers with one device, with two and with one, whose addresses begin at their number in TiB. */
class RouterTest {
  private static final long HANDLE = ClientContext.FIRST_CREATED + 7;
  private static final long ON_SECOND = HANDLE | 1L << 48;
  private static final long ON_THIRD = HANDLE | 2L << 48;

  private final Numbering numbering = Numbering.of(List.of(server(0), server(1, 2), server(3)));
  private final Router router = new Router(numbering);

  private static Welcome server(int... devices) {
    Welcome.Builder welcome = Welcome.newBuilder();
    for (int device : devices) {
      welcome.addDevices(
          DeviceSnapshot.newBuilder()
              .setOrdinal(device)
              .setSlabAddress(address(device))
              .setSlabBytes(1 << 20));
    }
    return welcome.build();
  }

  private static long address(int device) {
    return (device + 1L) << 40;
  }

  private long route(int number, long context, Consumer<WireWriter> arguments) {
    WireWriter out = new WireWriter(64);
    arguments.accept(out);
    return router.context(number, context, out);
  }

  @Test
  void numbersSayWhoseTheyAre() {
    assertThat(List.of(0, 1, 2, 3, 4)).map(numbering::home).containsExactly(0, 1, 1, 2, 0);
    assertThat(List.of(HANDLE, ON_SECOND, ON_THIRD)).map(numbering::home).containsExactly(0, 1, 2);
    assertThat(numbering.home(numbering.near(HANDLE, 2))).isEqualTo(1);
    assertThat(numbering.near(HANDLE, ON_THIRD)).isEqualTo(ON_THIRD);
    assertThat(numbering.firstDevice(2)).isEqualTo(3);
    assertThat(numbering.deviceOfAddress(address(2))).isEqualTo(2);
    assertThat(numbering.deviceOfAddress(address(2) + (1 << 20) - 1)).isEqualTo(2);
    assertThat(numbering.deviceOfAddress(address(2) + (1 << 20))).isEqualTo(-1);
    assertThat(numbering.homeOfAddress(address(3) + 5)).isEqualTo(2);
    assertThat(numbering.homeOfAddress(5)).isEqualTo(-1);
  }

  @Test
  void addressesThatTwoServersHaveAreSeen() {
    assertThat(Numbering.overlap(server(0, 1), server(2, 3))).isFalse();
    assertThat(Numbering.overlap(server(0, 1), server(3, 1))).isTrue();
    assertThat(Numbering.overlap(Welcome.getDefaultInstance(), server(3))).isFalse();
  }

  @Test
  void aCallThatNamesNothingIsTheCurrentContexts() {
    assertThat(route(Calls.CU_CTX_SYNCHRONIZE, ON_SECOND, CallWriter::cuCtxSynchronize))
        .isEqualTo(ON_SECOND);
    assertThat(route(Calls.CU_MEM_ALLOC, 3, out -> CallWriter.cuMemAlloc(out, 100))).isEqualTo(3);
  }

  @Test
  void memoryIsWhereItsAddressIs() {
    assertThat(route(Calls.CU_MEM_FREE, 0, out -> CallWriter.cuMemFree(out, address(2))))
        .isEqualTo(2);
    // Of the server's devices any context will do.
    assertThat(route(Calls.CU_MEM_FREE, 1, out -> CallWriter.cuMemFree(out, address(2))))
        .isEqualTo(1);
    assertThat(route(Calls.CU_MEM_FREE, ON_THIRD, out -> CallWriter.cuMemFree(out, 7)))
        .isEqualTo(ON_THIRD);
  }

  @Test
  void aStreamCountsMoreThanMemory() {
    assertThat(
            route(
                Calls.CU_MEMSET_D8_ASYNC,
                0,
                out -> CallWriter.cuMemsetD8Async(out, address(0), 1, 100, ON_THIRD)))
        .isEqualTo(3);
    // The default stream is that of the memory's server, whatever is current.
    assertThat(
            route(
                Calls.CU_MEMSET_D8_ASYNC,
                0,
                out -> CallWriter.cuMemsetD8Async(out, address(3), 1, 100, 0)))
        .isEqualTo(3);
  }

  @Test
  void theDefaultStreamKeepsOtherObjectsFromDeciding() {
    assertThat(route(Calls.CU_EVENT_RECORD, 0, out -> CallWriter.cuEventRecord(out, ON_SECOND, 0)))
        .isEqualTo(0);
    assertThat(
            route(
                Calls.CU_EVENT_RECORD,
                0,
                out -> CallWriter.cuEventRecord(out, ON_SECOND, ON_THIRD)))
        .isEqualTo(3);
  }

  @Test
  void objectsContextsPoolsAndDevicesAreWhereTheirNumbersSay() {
    assertThat(route(Calls.CU_EVENT_QUERY, 0, out -> CallWriter.cuEventQuery(out, ON_SECOND)))
        .isEqualTo(1);
    assertThat(route(Calls.CU_CTX_CREATE, 0, out -> CallWriter.cuCtxCreate(out, ON_SECOND, 0, 2)))
        .isEqualTo(1);
    assertThat(
            route(
                Calls.CU_DEVICE_PRIMARY_CTX_RESET,
                HANDLE,
                out -> CallWriter.cuDevicePrimaryCtxReset(out, 3)))
        .isEqualTo(3);
    assertThat(
            route(Calls.CU_MEM_POOL_TRIM_TO, 0, out -> CallWriter.cuMemPoolTrimTo(out, 3 + 1, 10)))
        .isEqualTo(3);
  }

  @Test
  void aHandleOfNoServerStaysWhereItIsRefused() {
    long nowhere = HANDLE | 9L << 48;
    assertThat(route(Calls.CU_EVENT_QUERY, 2, out -> CallWriter.cuEventQuery(out, nowhere)))
        .isEqualTo(2);
  }
}
