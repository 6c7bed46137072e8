// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;
import io.remora.v1.GraphNodeWork;

/** What nodes do, as a client says it when it adds them: for programs that ask. */
final class NodeParameters {
  private NodeParameters() {}

  /**
   * Of a node's work; of a kernel only its attributes.
   *
   * @throws CallException {@code CUDA_ERROR_NOT_SUPPORTED} for what has calls of its own
   */
  static GraphNodeWork of(NodeWork work) {
    if (work instanceof NodeWork.Transfer transfer) {
      return transfer.said();
    }
    if (work instanceof NodeWork.MemoryOperations operations) {
      return operations.said();
    }
    if (work instanceof NodeWork.HostCopy copy) {
      return of(copy);
    }
    GraphNodeWork.Builder said = GraphNodeWork.newBuilder().setType(work.type());
    if (work instanceof NodeWork.Kernel kernel) {
      return said.addAllAttributes(KernelAttributes.of(kernel).all()).build();
    }
    if (work instanceof NodeWork.Host host) {
      return said.setArgument(host.token()).build();
    }
    if (work instanceof NodeWork.EventRecord record) {
      return said.setArgument(record.handle()).build();
    }
    if (work instanceof NodeWork.EventWait wait) {
      return said.setArgument(wait.handle()).build();
    }
    if (work instanceof NodeWork.Empty) {
      return said.build();
    }
    throw new CallException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
        "nodes of memory are asked by a call of their own");
  }

  private static GraphNodeWork of(NodeWork.HostCopy copy) {
    GraphNodeWork.Builder said =
        GraphNodeWork.newBuilder()
            .setType(copy.type())
            .setWidthBytes(copy.widthBytes())
            .setHeight(copy.height())
            .setArgument(copy.number());
    return copy.toDevice()
        ? said.setHostCopy(NodeWorks.TO_DEVICE)
            .setDst(copy.address())
            .setDstPitch(copy.pitch())
            .build()
        : said.setHostCopy(NodeWorks.TO_HOST)
            .setSrc(copy.address())
            .setSrcPitch(copy.pitch())
            .build();
  }
}
