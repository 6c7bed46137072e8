// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.RemoteCuda;
import io.remora.it.remote.DeviceAddress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmemAllocationType;
import jcuda.driver.CUmemLocation;
import jcuda.driver.CUmemLocationType;
import jcuda.driver.CUmemPoolProps;
import jcuda.driver.CUmemoryPool;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUmodule;
import jcuda.driver.CUpointer_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;

/** A Java program that uses devices of several servers as those of one machine. */
final class SeveralDevices {
  /** More than one chunk of a copy, and not a whole number of anything. */
  static final int LARGE = (1 << 20) + 5;

  private static final int FACTOR = 3;
  private static final int NON_BLOCKING = 1;

  private final RemoteCuda cuda;
  private final List<Place> places = new ArrayList<>();

  private record Place(
      CUcontext context,
      CUfunction function,
      CUfunction trap,
      CUstream stream,
      CUevent event,
      DeviceAddress memory) {}

  SeveralDevices(RemoteCuda cuda) throws IOException {
    this.cuda = cuda;
    int[] count = new int[1];
    ok(cuda.cuInit(0));
    ok(cuda.cuDeviceGetCount(count));
    for (int i = 0; i < count[0]; i++) {
      CUdevice device = new CUdevice();
      CUcontext context = new CUcontext();
      ok(cuda.cuDeviceGet(device, i));
      // A context of its own on each server's first device, the device's own on others.
      if (i % 2 == 0) {
        ok(cuda.cuCtxCreate(context, 0, device));
      } else {
        ok(cuda.cuDevicePrimaryCtxRetain(context, device));
        ok(cuda.cuCtxSetCurrent(context));
      }
      places.add(
          new Place(
              context,
              function("small", "multiplyThenAdd"),
              function("faults", "trapAlways"),
              stream(),
              event(),
              allocate()));
      CUdevice found = new CUdevice();
      ok(cuda.cuCtxGetDevice(found));
      assertThat(found).isEqualTo(device);
    }
  }

  int count() {
    return places.size();
  }

  private void ok(int result) {
    expect(result, CUresult.CUDA_SUCCESS);
  }

  private void expect(int result, int expected) {
    assertThat(CUresult.stringFor(result))
        .as(cuda.lastErrorDetail())
        .isEqualTo(CUresult.stringFor(expected));
  }

  private CUfunction function(String source, String kernel) throws IOException {
    CUmodule module = new CUmodule();
    CUfunction function = new CUfunction();
    try (InputStream in = SeveralDevices.class.getResourceAsStream("/cuda/" + source + ".ptx")) {
      assertThat(in).isNotNull();
      ok(cuda.cuModuleLoadData(module, new String(in.readAllBytes(), StandardCharsets.UTF_8)));
    }
    ok(cuda.cuModuleGetFunction(function, module, kernel));
    return function;
  }

  private CUstream stream() {
    CUstream stream = new CUstream();
    ok(cuda.cuStreamCreate(stream, NON_BLOCKING));
    return stream;
  }

  private CUevent event() {
    CUevent event = new CUevent();
    ok(cuda.cuEventCreate(event, 0));
    return event;
  }

  private DeviceAddress allocate() {
    DeviceAddress memory = new DeviceAddress();
    ok(cuda.cuMemAlloc(memory, LARGE));
    return memory;
  }

  private void use(int device) {
    ok(cuda.cuCtxSetCurrent(places.get(device).context));
  }

  private int launch(int device, int summand) {
    Place place = places.get(device);
    return launch(
        place.function,
        place.stream,
        Pointer.to(place.memory),
        Pointer.to(new int[] {FACTOR}),
        Pointer.to(new int[] {summand}));
  }

  private int launch(CUfunction function, CUstream stream, Pointer... parameters) {
    Pointer extra = null;
    return cuda.cuLaunchKernel(
        function, 1, 1, 1, 1, 1, 1, 0, stream, Pointer.to(parameters), extra);
  }

  private void setValue(int device, int value) {
    ok(cuda.cuMemcpyHtoD(places.get(device).memory, Pointer.to(new int[] {value}), Integer.BYTES));
  }

  private void requireValue(int device, int expected) {
    int[] value = new int[1];
    ok(cuda.cuMemcpyDtoH(Pointer.to(value), places.get(device).memory, Integer.BYTES));
    assertThat(value[0]).as("device %d", device).isEqualTo(expected);
  }

  /** Each device has memory and kernels of its own, and an address says whose it is. */
  void useEach() {
    for (int i = 0; i < count(); i++) {
      use(i);
      setValue(i, 10 + i);
      ok(launch(i, 7));
      ok(cuda.cuStreamSynchronize(places.get(i).stream));
    }
    for (int i = 0; i < count(); i++) {
      Place place = places.get(i);
      use(count() - 1 - i);
      int[] ordinal = {-1};
      ok(
          cuda.cuPointerGetAttribute(
              Pointer.to(ordinal),
              CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
              new DeviceAddress(place.memory.value() + 100)));
      assertThat(ordinal[0]).isEqualTo(i);
      requireValue(i, FACTOR * (10 + i) + 7);
      ok(cuda.cuEventQuery(place.event));
      ok(cuda.cuStreamQuery(place.stream));
    }
  }

  /** Copies between any two devices, each by another call. */
  void copyAll() {
    int way = 0;
    for (int from = 0; from < count(); from++) {
      for (int to = 0; to < count(); to++) {
        if (from != to) {
          copyBetween(from, to, 1 + way * 1000, way++ % 10);
        }
      }
    }
  }

  /** Copies between the first and the last device, large ones and others. */
  void copyMuch() {
    int last = count() - 1;
    for (int way = 0; way < 10; way++) {
      copyBetween(0, last, way % 2 == 0 ? LARGE : 70_000, way);
    }
    copyBetween(last, 0, LARGE, 0);
    copyBetween(last, 0, LARGE, 2);
  }

  private void copyBetween(int from, int to, int bytes, int way) {
    DeviceAddress source = places.get(from).memory;
    DeviceAddress target = places.get(to).memory;
    CUcontext sourceContext = places.get(from).context;
    CUcontext targetContext = places.get(to).context;
    CUstream stream = places.get(way % 2 == 0 ? from : to).stream;
    use(way % 2 == 0 ? from : to);
    byte[] there = new byte[bytes];
    byte[] back = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      there[i] = (byte) (i * 31 + from * 7 + way + i / 1000);
    }
    ok(cuda.cuMemcpyHtoD(source, Pointer.to(there), bytes));
    ok(cuda.cuCtxSynchronize());
    switch (way / 2) {
      case 0 -> ok(cuda.cuMemcpyDtoD(target, source, bytes));
      case 1 -> ok(cuda.cuMemcpyDtoDAsync(target, source, bytes, stream));
      case 2 -> ok(cuda.cuMemcpyPeer(target, targetContext, source, sourceContext, bytes));
      case 3 ->
          ok(cuda.cuMemcpyPeerAsync(target, targetContext, source, sourceContext, bytes, stream));
      default -> ok(cuda.cuMemcpy(target, source, bytes));
    }
    ok(cuda.cuStreamSynchronize(stream));
    ok(cuda.cuMemcpyDtoH(Pointer.to(back), target, bytes));
    assertThat(back).as("from %d to %d by way %d", from, to, way).isEqualTo(there);
  }

  /** Rows between the first and the last device, as work of a stream. */
  void copyRows() {
    int last = count() - 1;
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
    copy.srcDevice = places.get(0).memory;
    copy.srcPitch = 1000;
    copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
    copy.dstDevice = places.get(last).memory;
    copy.dstPitch = 3000;
    copy.WidthInBytes = 900;
    copy.Height = 300;
    byte[] there = new byte[300 * 1000];
    byte[] back = new byte[300 * 3000];
    for (int i = 0; i < there.length; i++) {
      there[i] = (byte) (i * 13 + i / 1000);
    }
    use(0);
    ok(cuda.cuMemcpyHtoD(copy.srcDevice, Pointer.to(there), there.length));
    ok(cuda.cuCtxSynchronize());
    ok(cuda.cuMemcpy2DAsync(copy, places.get(0).stream));
    ok(cuda.cuStreamSynchronize(places.get(0).stream));
    ok(cuda.cuMemcpyDtoH(Pointer.to(back), copy.dstDevice, back.length));
    for (int row = 0; row < 300; row++) {
      for (int i = 0; i < 900; i++) {
        if (back[row * 3000 + i] != there[row * 1000 + i]) {
          assertThat(back[row * 3000 + i]).isEqualTo(there[row * 1000 + i]);
        }
      }
    }
  }

  /** A value goes around all devices, and nobody waits but the streams. */
  void goAround() {
    int expected = 1;
    use(0);
    setValue(0, expected);
    ok(cuda.cuCtxSynchronize());
    for (int round = 0; round < 10; round++) {
      for (int at = 0; at < count(); at++) {
        Place here = places.get(at);
        int following = (at + 1) % count();
        Place next = places.get(following);
        use(at);
        ok(launch(at, round * count() + at));
        expected = expected * FACTOR + round * count() + at;
        ok(cuda.cuEventRecord(here.event, here.stream));
        use(following);
        ok(cuda.cuStreamWaitEvent(next.stream, here.event, 0));
        ok(cuda.cuMemcpyDtoDAsync(next.memory, here.memory, Integer.BYTES, next.stream));
      }
    }
    ok(cuda.cuStreamSynchronize(places.get(0).stream));
    requireValue(0, expected);
  }

  /** Functions of the program, pools and asynchronous copies of each server. */
  void useWhatServersHave() {
    AtomicInteger calls = new AtomicInteger();
    for (int i = 0; i < count(); i++) {
      Place place = places.get(i);
      CUdeviceptr memory = new CUdeviceptr();
      int[] value = {i};
      CUmemoryPool pool = poolOf(i);
      use(i);
      ok(cuda.cuMemcpyHtoDAsync(place.memory, Pointer.to(value), Integer.BYTES, place.stream));
      ok(launch(i, 5));
      ok(cuda.cuLaunchHostFunc(place.stream, unused -> calls.incrementAndGet(), null));
      ok(cuda.cuMemAllocFromPoolAsync(memory, 1000, pool, place.stream));
      ok(cuda.cuMemsetD8Async(memory, (byte) 1, 1000, place.stream));
      ok(cuda.cuStreamSynchronize(place.stream));
      assertThat(calls).hasValue(i + 1);
      // Whose it is, is seen by the address; a stream of another server is waited for.
      use(0);
      CUstream elsewhere = places.get(i == count() - 1 ? 0 : i).stream;
      ok(cuda.cuMemcpyDtoHAsync(Pointer.to(value), place.memory, Integer.BYTES, elsewhere));
      assertThat(value[0]).isEqualTo(FACTOR * i + 5);
      ok(cuda.cuMemFree(memory));
    }
  }

  /** A new pool on a device, whatever is current. */
  private CUmemoryPool poolOf(int device) {
    CUmemPoolProps properties = new CUmemPoolProps();
    properties.allocType = CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location = new CUmemLocation(CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, device);
    CUmemoryPool pool = new CUmemoryPool();
    ok(cuda.cuMemPoolCreate(pool, properties));
    return pool;
  }

  /** What involves objects of two servers and can't be. */
  void expectNoMixing() {
    int last = count() - 1;
    int[] can = {-1};
    CUdevice first = new CUdevice();
    CUdevice other = new CUdevice();
    ok(cuda.cuDeviceGet(first, 0));
    ok(cuda.cuDeviceGet(other, last));
    ok(cuda.cuDeviceCanAccessPeer(can, first, other));
    assertThat(can[0]).isZero();
    use(last);
    ok(cuda.cuEventRecord(places.get(0).event, places.get(last).stream));
    expect(cuda.cuStreamSynchronize(places.get(last).stream), CUresult.CUDA_ERROR_INVALID_HANDLE);
    expect(
        cuda.cuEventElapsedTime(new float[1], places.get(0).event, places.get(last).event),
        CUresult.CUDA_ERROR_INVALID_HANDLE);
    ok(cuda.cuStreamSynchronize(places.get(last).stream));
  }

  /** A kernel traps on the last device; the other server's work stays right. */
  void faultOnLast() {
    int last = count() - 1;
    use(0);
    setValue(0, 4);
    use(last);
    ok(launch(places.get(last).trap, places.get(last).stream));
    assertThat(cuda.cuStreamSynchronize(places.get(last).stream))
        .isNotEqualTo(CUresult.CUDA_SUCCESS);
    use(0);
    for (int i = 0; i < 3; i++) {
      ok(launch(0, 1));
      ok(cuda.cuCtxSynchronize());
    }
    requireValue(0, ((4 * FACTOR + 1) * FACTOR + 1) * FACTOR + 1);
    use(last);
    assertThat(cuda.cuCtxSynchronize()).isNotEqualTo(CUresult.CUDA_SUCCESS);
  }
}
