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
import jcuda.driver.CUaccessPolicyWindow;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUkernelNodeAttrID;
import jcuda.driver.CUkernelNodeAttrValue;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What the Java client is told of nodes in graphs. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GraphNodesTest {
  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) {
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private static CUgraph graph(TestSession session) {
    CUgraph graph = new CUgraph();
    session.expectSuccess(session.cuda().cuGraphCreate(graph, 0));
    return graph;
  }

  private static CUcontext context(TestSession session) {
    CUcontext context = new CUcontext();
    session.expectSuccess(session.cuda().cuCtxGetCurrent(context));
    return context;
  }

  private static CUgraphNode onlyNode(TestSession session, CUgraph graph) {
    CUgraphNode[] nodes = new CUgraphNode[1];
    long[] count = {1};
    session.expectSuccess(session.cuda().cuGraphGetNodes(graph, nodes, count));
    assertThat(count[0]).isEqualTo(1);
    return nodes[0];
  }

  private static void begin(TestSession session, CUstream stream) {
    session.expectSuccess(
        session
            .cuda()
            .cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
  }

  private static CUgraphNode capturedNode(TestSession session, CUstream stream) {
    CUgraph graph = new CUgraph();
    session.expectSuccess(session.cuda().cuStreamEndCapture(stream, graph));
    return onlyNode(session, graph);
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

  @Test
  void fillsAndCopiesAreTold() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      DeviceAddress memory = session.allocateZeros(4096);
      CUstream stream = session.stream();
      begin(session, stream);
      session.expectSuccess(cuda.cuMemsetD2D32Async(memory, 64, 9, 3, 4, stream));
      CUDA_MEMSET_NODE_PARAMS fill = new CUDA_MEMSET_NODE_PARAMS();
      CUgraphNode filling = capturedNode(session, stream);
      session.expectSuccess(cuda.cuGraphMemsetNodeGetParams(filling, fill));
      assertThat(new DeviceAddress(fill.dst).value()).isEqualTo(memory.value());
      assertThat(List.of(fill.pitch, fill.width, fill.height)).containsExactly(64L, 3L, 4L);
      assertThat(List.of(fill.value, fill.elementSize)).containsExactly(9, 4);

      CUDA_MEMCPY3D copy = new CUDA_MEMCPY3D();
      session.expect(
          cuda.cuGraphMemcpyNodeGetParams(filling, copy), CUresult.CUDA_ERROR_INVALID_VALUE);
      int[] host = {0, 31, 32};
      begin(session, stream);
      session.expectSuccess(
          cuda.cuMemcpyHtoDAsync(memory, Pointer.to(host).withByteOffset(4), 8, stream));
      session.expectSuccess(cuda.cuGraphMemcpyNodeGetParams(capturedNode(session, stream), copy));
      assertThat(copy.srcMemoryType).isEqualTo(CUmemorytype.CU_MEMORYTYPE_HOST);
      assertThat(copy.dstMemoryType).isEqualTo(CUmemorytype.CU_MEMORYTYPE_DEVICE);
      assertThat(new DeviceAddress(copy.dstDevice).value()).isEqualTo(memory.value());
      assertThat(copy.WidthInBytes).isEqualTo(8);
      session.expectSuccess(cuda.cuMemcpyHtoD(memory, copy.srcHost, copy.WidthInBytes));
      assertThat(session.readInt(memory)).isEqualTo(31);

      DeviceAddress second = new DeviceAddress(memory.value() + 512);
      begin(session, stream);
      session.expectSuccess(cuda.cuMemcpyDtoDAsync(second, memory, 100, stream));
      session.expectSuccess(cuda.cuGraphMemcpyNodeGetParams(capturedNode(session, stream), copy));
      assertThat(new DeviceAddress(copy.srcDevice).value()).isEqualTo(memory.value());
      assertThat(new DeviceAddress(copy.dstDevice).value()).isEqualTo(second.value());
      assertThat(copy.srcHost).isNull();
      assertThat(List.of(copy.WidthInBytes, copy.Height, copy.Depth)).containsExactly(100L, 1L, 1L);
    }
  }

  @Test
  void functionsAndEventsAreTold() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      CUgraph graph = graph(session);
      AtomicInteger called = new AtomicInteger();
      CUDA_HOST_NODE_PARAMS given = new CUDA_HOST_NODE_PARAMS();
      given.fn = data -> called.incrementAndGet();
      given.userData = "data";
      CUgraphNode node = new CUgraphNode();
      session.expectSuccess(cuda.cuGraphAddHostNode(node, graph, null, 0, given));
      CUDA_HOST_NODE_PARAMS found = new CUDA_HOST_NODE_PARAMS();
      session.expectSuccess(cuda.cuGraphHostNodeGetParams(node, found));
      assertThat(found.fn).isSameAs(given.fn);
      assertThat(found.userData).isSameAs(given.userData);
      CUstream stream = session.stream();
      begin(session, stream);
      session.expectSuccess(cuda.cuLaunchHostFunc(stream, given.fn, called));
      session.expectSuccess(cuda.cuGraphHostNodeGetParams(capturedNode(session, stream), found));
      assertThat(found.fn).isSameAs(given.fn);
      assertThat(found.userData).isSameAs(called);

      CUevent event = new CUevent();
      CUevent told = new CUevent();
      session.expectSuccess(cuda.cuEventCreate(event, 0));
      session.expectSuccess(cuda.cuGraphAddEventRecordNode(node, graph, null, 0, event));
      session.expectSuccess(cuda.cuGraphEventRecordNodeGetEvent(node, told));
      assertThat(told).isEqualTo(event);
      session.expect(
          cuda.cuGraphEventWaitNodeGetEvent(node, told), CUresult.CUDA_ERROR_INVALID_VALUE);
      session.expectSuccess(cuda.cuGraphAddEventWaitNode(node, graph, null, 0, event));
      CUevent waitedFor = new CUevent();
      session.expectSuccess(cuda.cuGraphEventWaitNodeGetEvent(node, waitedFor));
      assertThat(waitedFor).isEqualTo(event);
    }
  }

  @Test
  void aGraphInANodeIsChangedThere() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      DeviceAddress value = session.allocateZeros(4);
      CUgraph inner = graph(session);
      CUgraph outer = graph(session);
      CUgraphNode child = new CUgraphNode();
      session.expectSuccess(
          cuda.cuGraphAddMemsetNode(
              new CUgraphNode(), inner, null, 0, fill(value, 4), context(session)));
      session.expectSuccess(cuda.cuGraphAddChildGraphNode(child, outer, null, 0, inner));
      CUgraph found = new CUgraph();
      session.expectSuccess(cuda.cuGraphChildGraphNodeGetGraph(child, found));
      assertThat(found).isNotEqualTo(inner);
      session.expectSuccess(
          cuda.cuGraphMemsetNodeSetParams(onlyNode(session, found), fill(value, 5)));
      CUgraphExec exec = new CUgraphExec();
      session.expectSuccess(cuda.cuGraphInstantiate(exec, outer, 0));
      session.expectSuccess(cuda.cuGraphLaunch(exec, null));
      assertThat(session.readInt(value)).isEqualTo(5);
    }
  }

  @Test
  void attributesOfKernelsAreSetCopiedAndTold() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      RemoteCuda cuda = session.cuda();
      CUgraph graph = graph(session);
      DeviceAddress value = session.allocateZeros(4);
      CUDA_KERNEL_NODE_PARAMS kernel = new CUDA_KERNEL_NODE_PARAMS();
      kernel.func = session.function("small", "multiplyThenAdd");
      kernel.gridDimX = kernel.gridDimY = kernel.gridDimZ = 1;
      kernel.blockDimX = kernel.blockDimY = kernel.blockDimZ = 1;
      kernel.kernelParams =
          Pointer.to(
              TestSession.parameter(value.value()),
              TestSession.parameter(1),
              TestSession.parameter(2));
      CUgraphNode first = new CUgraphNode();
      CUgraphNode second = new CUgraphNode();
      session.expectSuccess(cuda.cuGraphAddKernelNode(first, graph, null, 0, kernel));
      session.expectSuccess(cuda.cuGraphAddKernelNode(second, graph, null, 0, kernel));
      int window = CUkernelNodeAttrID.CU_KERNEL_NODE_ATTRIBUTE_ACCESS_POLICY_WINDOW;
      int cooperative = CUkernelNodeAttrID.CU_KERNEL_NODE_ATTRIBUTE_COOPERATIVE;
      CUkernelNodeAttrValue said = new CUkernelNodeAttrValue();
      CUkernelNodeAttrValue told = new CUkernelNodeAttrValue();
      told.cooperative = 7;
      session.expectSuccess(cuda.cuGraphKernelNodeGetAttribute(first, cooperative, told));
      assertThat(told.cooperative).isZero();
      said.cooperative = 1;
      said.accessPolicyWindow = new CUaccessPolicyWindow(value, 4, 0.25f, 2, 1);
      session.expectSuccess(cuda.cuGraphKernelNodeSetAttribute(first, cooperative, said));
      session.expectSuccess(cuda.cuGraphKernelNodeSetAttribute(first, window, said));
      session.expectSuccess(cuda.cuGraphKernelNodeCopyAttributes(second, first));
      session.expectSuccess(cuda.cuGraphKernelNodeGetAttribute(second, cooperative, told));
      session.expectSuccess(cuda.cuGraphKernelNodeGetAttribute(second, window, told));
      assertThat(told.cooperative).isEqualTo(1);
      CUdeviceptr base = (CUdeviceptr) told.accessPolicyWindow.base_ptr;
      assertThat(new DeviceAddress(base).value()).isEqualTo(value.value());
      assertThat(told.accessPolicyWindow.num_bytes).isEqualTo(4);
      assertThat(told.accessPolicyWindow.hitRatio).isEqualTo(0.25f);
      assertThat(told.accessPolicyWindow.hitProp).isEqualTo(2);
      assertThat(told.accessPolicyWindow.missProp).isEqualTo(1);
      int priority = 8;
      session.expect(
          cuda.cuGraphKernelNodeSetAttribute(first, priority, said),
          CUresult.CUDA_ERROR_NOT_SUPPORTED);
    }
  }
}
