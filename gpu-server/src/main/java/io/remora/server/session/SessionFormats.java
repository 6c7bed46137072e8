// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.SessionImage;
import io.remora.v1.SessionImage.Work;

/**
 * How an image of a session is to be read. A server that doesn't know all that an image says of a
 * session would lose some of it, so each image has the least number that says all: most sessions
 * can go to older servers, and those refuse the others.
 */
final class SessionFormats {
  /** What all servers read. */
  private static final int FIRST = 1;

  /** Graphs that nodes hold, conditions, heaps that kernels use, faults, and open captures. */
  private static final int SECOND = 2;

  private SessionFormats() {}

  /** Whether this server reads images of a format. */
  static boolean isKnown(int format) {
    return format == FIRST || format == SECOND;
  }

  /** The least format that says all of what was written. */
  static int of(SessionImage.Builder image) {
    boolean second =
        image.getOpenCapturesCount() > 0
            || image.getDevicesList().stream().anyMatch(SessionFormats::isSecond)
            || image.getGraphsList().stream().anyMatch(SessionFormats::isSecond)
            || image.getGraphExecsList().stream().anyMatch(SessionFormats::isSecond);
    return second ? SECOND : FIRST;
  }

  private static boolean isSecond(SessionImage.Device device) {
    return device.hasFault() || device.getDomain().hasUsedHeap();
  }

  private static boolean isSecond(SessionImage.Graph graph) {
    return graph.getConditionsCount() > 0
        || graph.getNodesList().stream()
            .anyMatch(node -> node.getHeldCount() > 0 || isSecond(node.getWork()));
  }

  private static boolean isSecond(SessionImage.GraphExec exec) {
    return exec.getInitialCount() > 0
        || exec.getStepsList().stream().anyMatch(step -> isSecond(step.getWork()));
  }

  /** Child graphs have no conditional nodes. */
  private static boolean isSecond(Work work) {
    return work.hasConditional();
  }
}
