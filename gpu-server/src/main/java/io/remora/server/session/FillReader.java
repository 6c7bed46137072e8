// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.GraphNodeWork;
import java.lang.reflect.Proxy;

/**
 * Finds out what a captured fill does: the call table makes works of such calls that nobody can
 * look into, so the work is given to a domain that only listens.
 */
final class FillReader {
  private FillReader() {}

  /** The fill as a client says it of a node. */
  static GraphNodeWork read(CallContext.StreamWork fill) {
    GraphNodeWork.Builder said =
        GraphNodeWork.newBuilder().setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET_VALUE);
    Domain listener =
        (Domain)
            Proxy.newProxyInstance(
                Domain.class.getClassLoader(),
                new Class<?>[] {Domain.class},
                (proxy, method, arguments) -> {
                  note(said, method.getName(), arguments);
                  return null;
                });
    fill.issue(listener, 0, WorkObserver.NONE);
    return said.build();
  }

  private static void note(GraphNodeWork.Builder said, String call, Object[] arguments) {
    switch (call) {
      case "cuMemsetD8Async" -> row(said, 1, arguments);
      case "cuMemsetD16Async" -> row(said, 2, arguments);
      case "cuMemsetD32Async" -> row(said, 4, arguments);
      case "cuMemsetD2D8Async" -> rows(said, 1, arguments);
      case "cuMemsetD2D16Async" -> rows(said, 2, arguments);
      case "cuMemsetD2D32Async" -> rows(said, 4, arguments);
      default -> throw new IllegalStateException(call + " was captured as a fill");
    }
  }

  /** Address, value, count. */
  private static void row(GraphNodeWork.Builder said, int unit, Object[] arguments) {
    said.setDst((long) arguments[0])
        .setValue((int) arguments[1])
        .setElementBytes(unit)
        .setWidthBytes((long) arguments[2] * unit)
        .setHeight(1);
  }

  /** Address, pitch, value, width, height. */
  private static void rows(GraphNodeWork.Builder said, int unit, Object[] arguments) {
    said.setDst((long) arguments[0])
        .setDstPitch((long) arguments[1])
        .setValue((int) arguments[2])
        .setElementBytes(unit)
        .setWidthBytes((long) arguments[3] * unit)
        .setHeight((long) arguments[4]);
  }
}
