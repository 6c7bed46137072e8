// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.RemoteCuda;
import io.remora.it.remote.DeviceAddress;
import java.util.Random;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;

/** Everything that a program may have, and what it must be after a move. */
final class MovedProgram {
  static final int BYTES = 3 << 20;

  /** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES. */
  private static final int DYNAMIC_SHARED_BYTES = 8;

  private final TestSession session;
  private final RemoteCuda cuda;
  private final byte[] bytes = new byte[BYTES];
  private final DeviceAddress memory;
  private final DeviceAddress value;
  private final DeviceAddress pooled = new DeviceAddress();
  private final CUmodule module = new CUmodule();
  private final CUfunction countRun = new CUfunction();
  private final CUfunction step = new CUfunction();
  private final CUfunction empty = new CUfunction();
  private final DeviceAddress runs = new DeviceAddress();
  private final CUstream urgent = new CUstream();
  private final CUevent first = new CUevent();
  private final CUevent second = new CUevent();
  private final CUgraphExec graph = new CUgraphExec();
  private final float[] between = new float[1];
  private final MovedHeap heap;
  private int counted;
  private int expected;

  MovedProgram(TestSession session) {
    this.session = session;
    this.cuda = session.cuda();
    new Random(7).nextBytes(bytes);
    DeviceAddress hole = session.allocate(5 << 20);
    memory = session.allocate(BYTES);
    value = session.allocateZeros(Integer.BYTES);
    ok(cuda.cuMemcpyHtoD(memory, Pointer.to(bytes), BYTES));
    ok(cuda.cuMemFree(hole));
    ok(cuda.cuModuleLoadData(module, TestSession.ptx("small")));
    ok(cuda.cuModuleGetFunction(countRun, module, "countRun"));
    ok(cuda.cuModuleGetFunction(step, module, "multiplyThenAdd"));
    ok(cuda.cuModuleGetFunction(empty, module, "emptyKernel"));
    ok(cuda.cuModuleGetGlobal(runs, new long[1], module, "runs"));
    ok(cuda.cuFuncSetAttribute(empty, DYNAMIC_SHARED_BYTES, 60_000));
    ok(cuda.cuStreamCreateWithPriority(urgent, TestSession.NON_BLOCKING, -2));
    ok(cuda.cuMemAllocAsync(pooled, Integer.BYTES, urgent));
    ok(cuda.cuMemsetD32Async(pooled, 77, 1, urgent));
    ok(cuda.cuEventCreate(first, 0));
    ok(cuda.cuEventCreate(second, 0));
    ok(cuda.cuEventRecord(first, urgent));
    count(5);
    ok(cuda.cuEventRecord(second, urgent));
    ok(cuda.cuCtxSynchronize());
    ok(cuda.cuEventElapsedTime(between, first, second));
    capture();
    launchGraph();
    heap = new MovedHeap(session);
  }

  private void ok(int result) {
    session.expectSuccess(result);
  }

  private void count(int times) {
    for (int i = 0; i < times; i++) {
      ok(session.launchOne(countRun, urgent));
    }
    counted += times;
  }

  private void capture() {
    CUgraph captured = new CUgraph();
    ok(cuda.cuStreamBeginCapture(urgent, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
    for (int summand = 1; summand <= 3; summand++) {
      ok(
          session.launchOne(
              step,
              urgent,
              Pointer.to(value),
              TestSession.parameter(3),
              TestSession.parameter(summand)));
    }
    ok(cuda.cuStreamEndCapture(urgent, captured));
    ok(cuda.cuGraphInstantiate(graph, captured, 0));
  }

  private void launchGraph() {
    ok(cuda.cuGraphLaunch(graph, urgent));
    for (int summand = 1; summand <= 3; summand++) {
      expected = expected * 3 + summand;
    }
  }

  /** Goes on with all of it. */
  void goOn() {
    byte[] read = new byte[BYTES];
    ok(cuda.cuMemcpyDtoH(Pointer.to(read), memory, BYTES));
    assertThat(read).isEqualTo(bytes);
    count(2);
    launchGraph();
    ok(
        cuda.cuLaunchKernel(
            empty, 1, 1, 1, 32, 1, 1, 60_000, urgent, Pointer.to(new Pointer[0]), null));
    ok(cuda.cuStreamSynchronize(urgent));
    assertThat(session.readInt(runs)).isEqualTo(counted);
    assertThat(session.readInt(value)).isEqualTo(expected);
    assertThat(session.readInt(pooled)).isEqualTo(77);
    float[] again = new float[1];
    ok(cuda.cuEventElapsedTime(again, first, second));
    assertThat(again).containsExactly(between);
    CUevent third = new CUevent();
    ok(cuda.cuEventCreate(third, 0));
    ok(cuda.cuEventRecord(third, urgent));
    ok(cuda.cuEventSynchronize(third));
    ok(cuda.cuEventElapsedTime(again, second, third));
    assertThat(again[0]).isPositive();
    ok(cuda.cuEventDestroy(third));
    CUmodule another = new CUmodule();
    ok(cuda.cuModuleLoadData(another, TestSession.ptx("vector_add")));
    ok(cuda.cuModuleUnload(another));
    DeviceAddress fresh = session.allocateZeros(1 << 20);
    assertThat(session.readInt(fresh)).isZero();
    ok(cuda.cuMemFree(fresh));
    heap.goOn();
  }

  void end() {
    ok(cuda.cuMemFreeAsync(pooled, urgent));
    ok(cuda.cuGraphExecDestroy(graph));
    ok(cuda.cuEventDestroy(first));
    ok(cuda.cuEventDestroy(second));
    ok(cuda.cuStreamDestroy(urgent));
    ok(cuda.cuModuleUnload(module));
    ok(cuda.cuMemFree(memory));
    ok(cuda.cuMemFree(value));
    ok(cuda.cuCtxSynchronize());
  }
}
