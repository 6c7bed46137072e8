// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.v1.MemberState;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveRequest;
import java.util.concurrent.CompletionStage;

/** How a member asks another one, or itself. */
public interface Neighbours {
  /**
   * Asks for a promise.
   *
   * @return completes with the answer, or exceptionally if the member can't be reached
   */
  CompletionStage<ReserveReply> reserve(MemberState member, ReserveRequest request);

  /** Gives a promise back that nobody will use; one that can't be given back ends by itself. */
  void release(MemberState member, String placement);
}
