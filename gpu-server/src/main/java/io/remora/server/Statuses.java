// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Status;
import io.remora.server.session.ProtocolException;
import io.remora.server.tenant.Refused;

/** The one place where what went wrong becomes a gRPC status. */
final class Statuses {
  private Statuses() {}

  static Status of(ProtocolException cause) {
    Status status =
        switch (cause.reason()) {
          case MALFORMED, OUT_OF_SEQUENCE, UNKNOWN_CALL -> Status.INVALID_ARGUMENT;
          case TOO_LARGE -> Status.RESOURCE_EXHAUSTED;
          case INCOMPATIBLE -> Status.FAILED_PRECONDITION;
          case UNAVAILABLE -> Status.UNAVAILABLE;
          case NOT_RESUMABLE -> Status.NOT_FOUND;
          case INTERNAL -> Status.INTERNAL;
        };
    return status.withDescription(cause.message());
  }

  static Status of(Refused refused) {
    Status status =
        switch (refused.reason()) {
          case NO_TOKEN, DAMAGED_TOKEN, WRONG_TOKEN, EXPIRED, REVOKED -> Status.UNAUTHENTICATED;
          case SESSION_LIMIT -> Status.RESOURCE_EXHAUSTED;
        };
    return status.withDescription(refused.message());
  }
}
