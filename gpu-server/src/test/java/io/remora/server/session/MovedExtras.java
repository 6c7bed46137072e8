// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUgraphConditionalNodeType;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUlimit;
import io.remora.v1.CUresult;
import io.remora.v1.CuGraphCreate;
import io.remora.v1.CuGraphExecDestroy;
import io.remora.v1.CuGraphInstantiateWithFlags;
import io.remora.v1.CuGraphLaunch;
import io.remora.v1.CuLaunchKernel;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemcpyDtoH;
import io.remora.v1.CuMemcpyHtoD;
import io.remora.v1.CuModuleGetFunction;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.RemoraGraphAddCondition;
import io.remora.v1.RemoraGraphAddNode;
import io.remora.v1.RemoraGraphCondition;
import io.remora.v1.RemoraGraphNode;
import io.remora.v1.RemoraSetLimit;
import io.remora.v1.RemoraUploadImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What not every session has: graphs in nodes of graphs that a program can change, conditions, and
 * memory that kernels have allocated.
 */
final class MovedExtras {
  /** Handles from here on are its own. */
  private static final long HANDLE = HandleTable.FIRST_HANDLE + 1000;

  private static final long MODULE = HANDLE;
  private static final long ADD = HANDLE + 1;
  private static final long KEEP = HANDLE + 2;
  private static final long FETCH = HANDLE + 3;
  private static final long LOOP = HANDLE + 4;
  private static final long LOOP_EXEC = HANDLE + 5;
  private static final long OUTER = HANDLE + 6;
  private static final long OUTER_EXEC = HANDLE + 7;
  private static final long INNER = HANDLE + 8;
  private static final long LATER_LOOP = HANDLE + 9;
  private static final long LATER_OUTER = HANDLE + 10;
  private static final long NODE = HANDLE + 100;

  /** Of what the graph in the node keeps alive. */
  static final long TOKEN = 55;

  /** How often a launch of the loop runs its body. */
  private static final int ROUNDS = 4;

  private static final int KERNEL = CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL_VALUE;
  private static final int CHILD = CUgraphNodeType.CU_GRAPH_NODE_TYPE_GRAPH_VALUE;

  /** All kernels have three parameters of 8 bytes, so that one launch serves for all. */
  private static final String PTX =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .extern .func (.param .b64 address) malloc (.param .b64 bytes);
      .extern .func free (.param .b64 address);
      // Adds to a number.
      .visible .entry add(.param .u64 at, .param .u64 summand, .param .u64 unused)
      {
        .reg .b64 %at;
        .reg .b32 %n, %m;
        ld.param.u64 %at, [at];
        ld.param.u32 %n, [summand];
        ld.global.u32 %m, [%at];
        add.u32 %m, %m, %n;
        st.global.u32 [%at], %m;
        ret;
      }
      // Allocates two blocks, gives one back, and leaves a number in the other.
      .visible .entry keep(.param .u64 slot, .param .u64 value, .param .u64 length)
      {
        .reg .b64 %slot, %size, %other, %block;
        .reg .b32 %n;
        .param .b64 bytes;
        .param .b64 block;
        ld.param.u64 %slot, [slot];
        ld.param.u64 %size, [length];
        ld.param.u32 %n, [value];
        st.param.b64 [bytes], %size;
        call (block), malloc, (bytes);
        ld.param.b64 %other, [block];
        call (block), malloc, (bytes);
        ld.param.b64 %block, [block];
        st.u32 [%block], %n;
        st.global.u64 [%slot], %block;
        st.param.b64 [block], %other;
        call free, (block);
        ret;
      }
      // Reads the number of a block and gives that back.
      .visible .entry fetch(.param .u64 slot, .param .u64 into, .param .u64 unused)
      {
        .reg .b64 %slot, %into, %block;
        .reg .b32 %n;
        .param .b64 block;
        ld.param.u64 %slot, [slot];
        ld.param.u64 %into, [into];
        ld.global.u64 %block, [%slot];
        ld.u32 %n, [%block];
        st.global.u32 [%into], %n;
        st.param.b64 [block], %block;
        call free, (block);
        ret;
      }
      """;

  private final MovingClient client;
  private long memory;
  private long body;
  private long inner;
  private long nodes = NODE;

  MovedExtras(MovingClient client) {
    this.client = client;
  }

  static byte[] module() {
    return PTX.getBytes(StandardCharsets.US_ASCII);
  }

  /** Makes all of it. */
  void make() throws Exception {
    load();
    Answer answer =
        client.wait(Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(4096).build());
    memory = CuMemAlloc.parseFrom(answer.getOutputs()).getDptr();
    client.call(
        Calls.CU_MEMCPY_HTO_D,
        CuMemcpyHtoD.newBuilder()
            .setDstDevice(memory)
            .setByteCount(64)
            .setSrcHost(ByteString.copyFrom(new byte[64]))
            .build());
    makeLoop();
    makeOuter();
    launch(KEEP, slot(), 77, 100);
    launch(KEEP, slot() + 8, 78, 100_000);
  }

  private void load() throws Exception {
    ByteString hash = ByteString.copyFrom(TestCalls.sha256(module()));
    client.call(
        Calls.REMORA_UPLOAD_IMAGE,
        RemoraUploadImage.newBuilder()
            .setSha256(hash)
            .setTotalBytes(module().length)
            .setData(ByteString.copyFrom(module()))
            .build());
    client.wait(
        Calls.CU_MODULE_LOAD_DATA,
        CuModuleLoadData.newBuilder()
            .setModule(MODULE)
            .setImageSha256(hash)
            .setImageBytes(module().length)
            .build());
    function(ADD, "add");
    function(KEEP, "keep");
    function(FETCH, "fetch");
  }

  private void function(long handle, String name) throws Exception {
    client.wait(
        Calls.CU_MODULE_GET_FUNCTION,
        CuModuleGetFunction.newBuilder().setHfunc(handle).setHmod(MODULE).setName(name).build());
  }

  private long word() {
    return memory;
  }

  private long rounds() {
    return memory + 4;
  }

  private long runs() {
    return memory + 8;
  }

  private long result() {
    return memory + 12;
  }

  private long slot() {
    return memory + 16;
  }

  /** A word that is 4 at first and one less after each round, which adds 10. */
  private void makeLoop() throws Exception {
    create(LOOP);
    client.call(
        Calls.REMORA_GRAPH_CONDITION,
        RemoraGraphCondition.newBuilder()
            .setGraph(LOOP)
            .setAddress(word())
            .setValue(ROUNDS)
            .setFlags(1)
            .build());
    Answer made =
        client.wait(
            Calls.REMORA_GRAPH_ADD_CONDITION,
            RemoraGraphAddCondition.newBuilder()
                .setNode(nodes++)
                .setGraph(LOOP)
                .setAddress(word())
                .setType(CUgraphConditionalNodeType.CU_GRAPH_COND_TYPE_WHILE_VALUE)
                .setSize(1)
                .build());
    body = RemoraGraphAddCondition.parseFrom(made.getOutputs()).getGraphs(0);
    addKernel(body, word(), -1);
    addKernel(body, rounds(), 10);
    instantiate(LOOP_EXEC, LOOP);
  }

  /** A graph in a node of another, which adds 1. */
  private void makeOuter() throws Exception {
    create(INNER);
    addKernel(INNER, runs(), 1);
    create(OUTER);
    long node = nodes++;
    add(OUTER, node, GraphNodeWork.newBuilder().setType(CHILD).setArgument(INNER));
    Answer asked =
        client.wait(
            Calls.REMORA_GRAPH_NODE,
            RemoraGraphNode.newBuilder().setNode(node).setType(CHILD).build());
    inner =
        GraphNodeWork.parseFrom(RemoraGraphNode.parseFrom(asked.getOutputs()).getWork())
            .getArgument();
    assertThat(inner).isNotEqualTo(INNER);
    addKernel(inner, runs(), 2);
    client.retain(inner, TOKEN);
    instantiate(OUTER_EXEC, OUTER);
  }

  private void create(long graph) throws Exception {
    client.call(Calls.CU_GRAPH_CREATE, CuGraphCreate.newBuilder().setPhGraph(graph).build());
  }

  private void add(long graph, long node, GraphNodeWork.Builder work) throws Exception {
    client.call(
        Calls.REMORA_GRAPH_ADD_NODE,
        RemoraGraphAddNode.newBuilder().setNode(node).setGraph(graph).setWork(work).build());
  }

  private void addKernel(long graph, long at, int summand) throws Exception {
    add(
        graph,
        nodes++,
        GraphNodeWork.newBuilder()
            .setType(KERNEL)
            .setF(ADD)
            .setGridDimX(1)
            .setGridDimY(1)
            .setGridDimZ(1)
            .setBlockDimX(1)
            .setBlockDimY(1)
            .setBlockDimZ(1)
            .setKernelParams(parameters(at, summand, 0)));
  }

  private static ByteString parameters(long first, long second, long third) {
    ByteBuffer parameters = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    return ByteString.copyFrom(parameters.putLong(first).putLong(second).putLong(third).flip());
  }

  private void instantiate(long exec, long graph) throws Exception {
    client.wait(
        Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS,
        CuGraphInstantiateWithFlags.newBuilder().setPhGraphExec(exec).setHGraph(graph).build());
  }

  private void launch(long function, long first, long second, long third) throws Exception {
    client.call(
        Calls.CU_LAUNCH_KERNEL,
        CuLaunchKernel.newBuilder()
            .setF(function)
            .setGridDimX(1)
            .setGridDimY(1)
            .setGridDimZ(1)
            .setBlockDimX(1)
            .setBlockDimY(1)
            .setBlockDimZ(1)
            .setKernelParams(parameters(first, second, third))
            .build());
  }

  private void run(long exec) throws Exception {
    client.call(Calls.CU_GRAPH_LAUNCH, CuGraphLaunch.newBuilder().setHGraphExec(exec).build());
  }

  private int read(long address) throws Exception {
    Answer answer =
        client.wait(
            Calls.CU_MEMCPY_DTO_H,
            CuMemcpyDtoH.newBuilder().setSrcDevice(address).setByteCount(4).build());
    return CuMemcpyDtoH.parseFrom(answer.getOutputs())
        .getDstHost()
        .asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .getInt();
  }

  /** Goes on with all of it on the other server, once. */
  void goOn() throws Exception {
    run(LOOP_EXEC);
    assertThat(read(rounds())).isEqualTo(10 * ROUNDS);
    addKernel(body, rounds(), 100);
    instantiate(LATER_LOOP, LOOP);
    run(LATER_LOOP);
    assertThat(read(rounds())).isEqualTo(10 * ROUNDS + 110 * ROUNDS);
    run(OUTER_EXEC);
    assertThat(read(runs())).isEqualTo(3);
    addKernel(inner, runs(), 4);
    instantiate(LATER_OUTER, OUTER);
    run(LATER_OUTER);
    assertThat(read(runs())).isEqualTo(3 + 7);
    client.destroy(OUTER, OUTER_EXEC);
    assertThat(
            result(
                Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS,
                CuGraphInstantiateWithFlags.newBuilder()
                    .setPhGraphExec(OUTER_EXEC)
                    .setHGraph(inner)
                    .build()))
        .as("the graph in the node has ended with the node")
        .isNotZero();
    client.call(
        Calls.CU_GRAPH_EXEC_DESTROY,
        CuGraphExecDestroy.newBuilder().setHGraphExec(LATER_OUTER).build());
    launch(KEEP, slot() + 16, 79, 100);
    launch(FETCH, slot(), result(), 0);
    assertThat(read(result())).isEqualTo(77);
    launch(FETCH, slot() + 8, result(), 0);
    assertThat(read(result())).isEqualTo(78);
    launch(FETCH, slot() + 16, result(), 0);
    assertThat(read(result())).isEqualTo(79);
    MessageLite more =
        RemoraSetLimit.newBuilder()
            .setLimit(CUlimit.CU_LIMIT_MALLOC_HEAP_SIZE_VALUE)
            .setValue(16 << 20)
            .build();
    assertThat(result(Calls.REMORA_SET_LIMIT, more))
        .as("kernels have used the heap")
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
  }

  private int result(int number, MessageLite arguments) throws Exception {
    var pieces = client.pieces(client.call(number, arguments));
    return pieces.get(pieces.size() - 1).getResult();
  }
}
