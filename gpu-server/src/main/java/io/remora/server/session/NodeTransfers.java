// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
import io.remora.v1.GraphNodeWork;

/** How copies and fills of graphs are given to a driver, of what a client has said of them. */
final class NodeTransfers {
  private NodeTransfers() {}

  /**
   * Checks that there is such a transfer.
   *
   * @throws IllegalArgumentException if not
   */
  static void check(GraphNodeWork said) {
    int unit = said.getElementBytes();
    boolean known =
        said.getType() == CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY_VALUE
            || said.getType() == CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET_VALUE
                && (unit == 1 || unit == 2 || unit == 4);
    if (!known) {
      throw new IllegalArgumentException("there is no such copy or fill");
    }
  }

  /** Puts it on a stream. */
  static void issue(GraphNodeWork said, Domain domain, long stream, WorkObserver observer) {
    if (said.getWidthBytes() == 0 || said.getHeight() == 0) {
      observer.onDone(CUresult.CUDA_SUCCESS_VALUE, 0);
    } else if (said.getType() == CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET_VALUE) {
      fill(said, domain, stream, observer);
    } else if (said.getHeight() == 1) {
      domain.copyOnDevice(stream, said.getDst(), said.getSrc(), said.getWidthBytes(), observer);
    } else {
      domain.copyRowsOnDevice(
          said.getDst(),
          said.getDstPitch(),
          said.getSrc(),
          said.getSrcPitch(),
          said.getWidthBytes(),
          said.getHeight(),
          stream,
          observer);
    }
  }

  private static void fill(GraphNodeWork said, Domain domain, long stream, WorkObserver observer) {
    long at = said.getDst();
    int value = said.getValue();
    long height = said.getHeight();
    long pitch = said.getDstPitch();
    long count = said.getWidthBytes() / said.getElementBytes();
    switch (said.getElementBytes()) {
      case 1 -> {
        if (height == 1) {
          domain.cuMemsetD8Async(at, value & 0xff, count, stream, observer);
        } else {
          domain.cuMemsetD2D8Async(at, pitch, value & 0xff, count, height, stream, observer);
        }
      }
      case 2 -> {
        if (height == 1) {
          domain.cuMemsetD16Async(at, value & 0xffff, count, stream, observer);
        } else {
          domain.cuMemsetD2D16Async(at, pitch, value & 0xffff, count, height, stream, observer);
        }
      }
      default -> {
        if (height == 1) {
          domain.cuMemsetD32Async(at, value, count, stream, observer);
        } else {
          domain.cuMemsetD2D32Async(at, pitch, value, count, height, stream, observer);
        }
      }
    }
  }
}
