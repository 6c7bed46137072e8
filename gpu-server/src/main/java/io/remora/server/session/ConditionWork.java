// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.Domain.DeviceBytes;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUgraphConditionalNodeType;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A conditional node in a launch: its stream stands still while the condition is looked at and the
 * graph that it asks for runs on another stream. No thread waits.
 */
final class ConditionWork extends CallWork {
  private final GraphRuns runs;
  private final NodeWork.Conditional node;
  private final long key;
  private final ByteBuffer word = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);

  /** Where the graphs run; there is one once one has run. Serial executor. */
  private @Nullable SessionStream inner;

  /**
   * @param key tells the launched graph's works from others' when their time is estimated
   */
  ConditionWork(
      ClientSession session,
      SessionCall call,
      GraphRuns runs,
      NodeWork.Conditional node,
      long key) {
    super(session, call);
    this.runs = runs;
    this.node = node;
    this.key = key;
  }

  @Override
  String label() {
    return "condition";
  }

  @Override
  public boolean waitsForHost() {
    return true;
  }

  @Override
  void start(Domain domain, long driverStream) {
    domain.copyToHost(driverStream, node.address(), Integer.BYTES, this::look, this);
  }

  private void look(DeviceBytes memory) {
    // Deciding calls the driver, which a signal may not.
    memory.read(
        0,
        word.clear(),
        (result, nanos) ->
            session.signal(() -> session.serial().execute(() -> decide(memory, result))));
  }

  private void decide(DeviceBytes memory, int result) {
    if (session.isEnded()) {
      return;
    }
    if (result != CUresult.CUDA_SUCCESS_VALUE) {
      giveUp(memory, result, "");
      return;
    }
    List<GraphStep> body = node.body(word.getInt(0));
    if (body.isEmpty()) {
      finish(memory);
      return;
    }
    SessionStream on;
    try {
      on = innerStream();
      runs.runBody(call, on, key * 31 + 1, body);
    } catch (CallException refused) {
      giveUp(memory, refused.result(), refused.detail());
      return;
    } catch (DriverException refused) {
      giveUp(memory, refused.result(), refused.detail());
      return;
    }
    on.whenIdle(() -> session.serial().execute(() -> bodyOver(memory)));
  }

  private void giveUp(DeviceBytes memory, int result, String detail) {
    failed(result, detail);
    finish(memory);
  }

  private void bodyOver(DeviceBytes memory) {
    if (session.isEnded()) {
      return;
    }
    if (node.kind() == CUgraphConditionalNodeType.CU_GRAPH_COND_TYPE_WHILE) {
      look(memory);
    } else {
      finish(memory);
    }
  }

  private void finish(DeviceBytes memory) {
    SessionStream used = inner;
    if (used != null) {
      inner = null;
      runs.streams().destroy(used);
    }
    memory.finish();
  }

  private SessionStream innerStream() {
    SessionStream made = inner;
    if (made == null) {
      made = runs.streams().inner(stream());
      inner = made;
    }
    return made;
  }
}
