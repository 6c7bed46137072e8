// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.RemoteCuda;
import io.remora.it.process.ServerProcess;
import io.remora.it.remote.DeviceAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import jcuda.Pointer;
import jcuda.driver.CUDA_HOST_NODE_PARAMS;
import jcuda.driver.CUDA_KERNEL_NODE_PARAMS;
import jcuda.driver.CUDA_MEMCPY3D;
import jcuda.driver.CUDA_MEMSET_NODE_PARAMS;
import jcuda.driver.CUcontext;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUgraphNodeType;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Graphs and capturing through the whole path. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GraphTest {
  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) {
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private static Pointer[] parameters(DeviceAddress value, int factor, int summand) {
    return new Pointer[] {
      TestSession.parameter(value.value()),
      TestSession.parameter(factor),
      TestSession.parameter(summand)
    };
  }

  @Test
  void aCapturedStreamIsLaunchedAgainAndAgainByOneCallEach() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      CUfunction step = session.function("small", "multiplyThenAdd");
      DeviceAddress value = session.allocateZeros(Integer.BYTES);
      CUstream stream = session.stream();
      CUstream side = session.stream();
      CUevent fork = event(session);
      CUevent join = event(session);
      AtomicInteger called = new AtomicInteger();
      session.expectSuccess(cuda.cuCtxSynchronize());

      session.expectSuccess(
          cuda.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
      int[] status = new int[1];
      session.expectSuccess(cuda.cuStreamIsCapturing(stream, status));
      assertThat(status[0]).isEqualTo(1);
      session.expectSuccess(session.launch(step, 1, 1, stream, parameters(value, 2, 1)));
      session.expectSuccess(cuda.cuEventRecord(fork, stream));
      session.expectSuccess(cuda.cuStreamWaitEvent(side, fork, 0));
      session.expectSuccess(session.launch(step, 1, 1, side, parameters(value, 3, 5)));
      session.expectSuccess(
          cuda.cuLaunchHostFunc(side, data -> called.incrementAndGet(), "unused"));
      session.expectSuccess(cuda.cuEventRecord(join, side));
      session.expectSuccess(cuda.cuStreamWaitEvent(stream, join, 0));
      CUgraph graph = new CUgraph();
      session.expectSuccess(cuda.cuStreamEndCapture(stream, graph));
      session.expectSuccess(cuda.cuStreamIsCapturing(stream, status));
      assertThat(status[0]).isZero();
      assertThat(session.readInt(value)).as("nothing has run yet").isZero();

      CUgraphExec exec = new CUgraphExec();
      session.expectSuccess(cuda.cuGraphInstantiate(exec, graph, 0));
      session.expectSuccess(cuda.cuGraphUpload(exec, stream));
      long sentBefore = cuda.stats().callsSent();
      int expected = 0;
      for (int i = 0; i < 10; i++) {
        session.expectSuccess(cuda.cuGraphLaunch(exec, stream));
        expected = (expected * 2 + 1) * 3 + 5;
      }
      assertThat(cuda.stats().callsSent() - sentBefore).isEqualTo(10);
      session.expectSuccess(cuda.cuStreamSynchronize(stream));
      assertThat(session.readInt(value)).isEqualTo(expected);
      assertThat(called.get()).isEqualTo(10);
      session.expectSuccess(cuda.cuGraphExecDestroy(exec));
      session.expectSuccess(cuda.cuGraphDestroy(graph));
      session.expectSuccess(cuda.cuCtxSynchronize());
    }
  }

  private static CUevent event(TestSession session) {
    CUevent event = new CUevent();
    session.expectSuccess(session.cuda().cuEventCreate(event, 0));
    return event;
  }

  private static CUDA_MEMSET_NODE_PARAMS fill(DeviceAddress value, int with) {
    CUDA_MEMSET_NODE_PARAMS fill = new CUDA_MEMSET_NODE_PARAMS();
    fill.dst = value;
    fill.value = with;
    fill.elementSize = 4;
    fill.width = 1;
    fill.height = 1;
    return fill;
  }

  private static CUDA_KERNEL_NODE_PARAMS oneThread(CUfunction function, Pointer[] parameters) {
    CUDA_KERNEL_NODE_PARAMS kernel = new CUDA_KERNEL_NODE_PARAMS();
    kernel.func = function;
    kernel.gridDimX = 1;
    kernel.gridDimY = 1;
    kernel.gridDimZ = 1;
    kernel.blockDimX = 1;
    kernel.blockDimY = 1;
    kernel.blockDimZ = 1;
    kernel.kernelParams = Pointer.to(parameters);
    return kernel;
  }

  @Test
  void aGraphIsBuiltByHandAndItsNodesGetOtherParameters() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      DeviceAddress value = session.allocate(Integer.BYTES);
      CUgraph graph = new CUgraph();
      session.expectSuccess(cuda.cuGraphCreate(graph, 0));
      CUcontext context = new CUcontext();
      session.expectSuccess(cuda.cuCtxGetCurrent(context));
      CUDA_MEMSET_NODE_PARAMS fill = fill(value, 7);
      CUgraphNode first = new CUgraphNode();
      session.expectSuccess(
          cuda.cuGraphAddMemsetNode(first, graph, new CUgraphNode[0], 0, fill, context));
      CUDA_KERNEL_NODE_PARAMS kernel =
          oneThread(session.function("small", "multiplyThenAdd"), parameters(value, 10, 3));
      CUgraphNode second = new CUgraphNode();
      session.expectSuccess(
          cuda.cuGraphAddKernelNode(second, graph, new CUgraphNode[] {first}, 1, kernel));
      AtomicInteger called = new AtomicInteger();
      CUDA_HOST_NODE_PARAMS host = new CUDA_HOST_NODE_PARAMS();
      host.fn = data -> called.incrementAndGet();
      session.expectSuccess(
          cuda.cuGraphAddHostNode(new CUgraphNode(), graph, new CUgraphNode[] {second}, 1, host));

      int[] type = new int[1];
      session.expectSuccess(cuda.cuGraphNodeGetType(second, type));
      assertThat(type[0]).isEqualTo(CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL);
      long[] count = {8};
      CUgraphNode[] before = new CUgraphNode[8];
      session.expectSuccess(cuda.cuGraphNodeGetDependencies(second, before, count));
      assertThat(count[0]).isEqualTo(1);
      assertThat(before[0]).isEqualTo(first);
      session.expectSuccess(cuda.cuGraphGetEdges(graph, null, null, count));
      assertThat(count[0]).isEqualTo(2);

      CUgraphExec exec = new CUgraphExec();
      session.expectSuccess(cuda.cuGraphInstantiate(exec, graph, 0));
      session.expectSuccess(cuda.cuGraphLaunch(exec, null));
      assertThat(session.readInt(value)).isEqualTo(73);
      CUDA_KERNEL_NODE_PARAMS read = new CUDA_KERNEL_NODE_PARAMS();
      session.expectSuccess(cuda.cuGraphKernelNodeGetParams(second, read));
      assertThat(read.func).isEqualTo(kernel.func);
      session.expectSuccess(cuda.cuGraphExecKernelNodeSetParams(exec, second, read));
      kernel.kernelParams = Pointer.to(parameters(value, 100, 4));
      session.expectSuccess(cuda.cuGraphExecKernelNodeSetParams(exec, second, kernel));
      session.expectSuccess(cuda.cuGraphLaunch(exec, null));
      assertThat(session.readInt(value)).isEqualTo(704);
      assertThat(called.get()).isEqualTo(2);

      CUgraph clone = new CUgraph();
      session.expectSuccess(cuda.cuGraphClone(clone, graph));
      int[] outcome = {-1};
      session.expectSuccess(cuda.cuGraphExecUpdate(exec, clone, new CUgraphNode(), outcome));
      session.expectSuccess(cuda.cuGraphLaunch(exec, null));
      assertThat(session.readInt(value)).isEqualTo(73);
      session.expectSuccess(cuda.cuGraphDestroyNode(second));
      session.expect(
          cuda.cuGraphExecUpdate(exec, graph, new CUgraphNode(), outcome),
          CUresult.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
    }
  }

  @Test
  void copiesOfHostMemoryMoveWhatIsThereAtEachLaunch() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      CUfunction increment = session.function("small", "increment");
      int count = 600_000;
      long bytes = (long) count * Integer.BYTES;
      DeviceAddress values = session.allocate(bytes);
      CUstream stream = session.stream();
      int[] in = new int[count];
      int[] out = new int[count];
      session.expectSuccess(
          cuda.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
      session.expectSuccess(cuda.cuMemcpyHtoDAsync(values, Pointer.to(in), bytes, stream));
      session.expectSuccess(
          session.launch(
              increment,
              (count + 255) / 256,
              256,
              stream,
              TestSession.parameter(values.value()),
              TestSession.parameter(5),
              TestSession.parameter(count)));
      session.expectSuccess(cuda.cuMemcpyDtoHAsync(Pointer.to(out), values, bytes, stream));
      CUgraph graph = new CUgraph();
      session.expectSuccess(cuda.cuStreamEndCapture(stream, graph));
      CUgraphExec exec = new CUgraphExec();
      session.expectSuccess(cuda.cuGraphInstantiate(exec, graph, 0));
      for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < count; i++) {
          in[i] = round * i;
        }
        session.expectSuccess(cuda.cuGraphLaunch(exec, stream));
        session.expectSuccess(cuda.cuStreamSynchronize(stream));
        for (int i = 0; i < count; i += 997) {
          assertThat(out[i]).isEqualTo(round * i + 5);
        }
      }
      session.expectSuccess(cuda.cuGraphExecDestroy(exec));
      session.expectSuccess(cuda.cuCtxSynchronize());
    }
  }

  @Test
  void aCopyNodeThatIsChangedCopiesToItsNewMemory() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      DeviceAddress device = session.allocateZeros(Integer.BYTES);
      session.writeInt(device, 7);
      int[] first = new int[1];
      int[] second = new int[1];
      CUgraph graph = new CUgraph();
      session.expectSuccess(cuda.cuGraphCreate(graph, 0));
      CUgraphNode node = new CUgraphNode();
      CUcontext context = new CUcontext();
      session.expectSuccess(cuda.cuCtxGetCurrent(context));
      session.expectSuccess(
          cuda.cuGraphAddMemcpyNode(node, graph, null, 0, down(device, first), context));
      CUgraphExec exec = new CUgraphExec();
      session.expectSuccess(cuda.cuGraphInstantiate(exec, graph, 0));

      session.expectSuccess(
          cuda.cuGraphExecMemcpyNodeSetParams(exec, node, down(device, second), context));
      session.expectSuccess(cuda.cuGraphLaunch(exec, session.stream()));
      session.expectSuccess(cuda.cuCtxSynchronize());

      assertThat(first).containsExactly(0);
      assertThat(second).containsExactly(7);
    }
  }

  private static CUDA_MEMCPY3D down(DeviceAddress from, int[] to) {
    CUDA_MEMCPY3D copy = new CUDA_MEMCPY3D();
    copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
    copy.srcDevice = from;
    copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
    copy.dstHost = Pointer.to(to);
    copy.WidthInBytes = Integer.BYTES;
    copy.Height = 1;
    copy.Depth = 1;
    return copy;
  }
}
