// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.TakenAddresses;
import io.remora.server.session.ProtocolException.Reason;
import io.remora.v1.Hello;
import io.remora.v1.SessionImage;
import java.util.List;

/**
 * What a session is among the sessions that its client has on several servers.
 *
 * @param index its place, from 0
 * @param firstDevice the ordinal by which the client knows the session's first device
 * @param taken addresses of the others' device memory
 */
record MachinePart(int index, int firstDevice, TakenAddresses taken) {
  /** The only session, or the first. */
  static final MachinePart ONLY = new MachinePart(0, 0, TakenAddresses.NONE);

  private static final int INDEX_MAX = 63;

  /** Ordinals are numbers of primary contexts, too. */
  private static final int FIRST_DEVICE_MAX = 32_768;

  private static final int RANGES_MAX = 4096;
  private static final int INDEX_SHIFT = 48;

  /** That of a session which comes from another server, and has its addresses. */
  static MachinePart of(SessionImage image) {
    return of(Hello.newBuilder().setPart(image.getPart()).build());
  }

  /** For another server, without what has been settled. */
  io.remora.v1.MachinePart image() {
    return io.remora.v1.MachinePart.newBuilder()
        .setIndex(index)
        .setFirstDevice(firstDevice)
        .build();
  }

  /**
   * Reads what the client says.
   *
   * @throws ProtocolException if it can't be
   */
  static MachinePart of(Hello hello) {
    if (!hello.hasPart()) {
      return ONLY;
    }
    io.remora.v1.MachinePart part = hello.getPart();
    if (Integer.compareUnsigned(part.getIndex(), INDEX_MAX) > 0
        || Integer.compareUnsigned(part.getFirstDevice(), FIRST_DEVICE_MAX) > 0
        || part.getTakenCount() > RANGES_MAX) {
      throw new ProtocolException(
          Reason.MALFORMED,
          "Hello.part has an index above "
              + INDEX_MAX
              + ", a device above "
              + FIRST_DEVICE_MAX
              + " or more than "
              + RANGES_MAX
              + " ranges");
    }
    try {
      List<TakenAddresses.Range> ranges =
          part.getTakenList().stream()
              .map(each -> new TakenAddresses.Range(each.getAddress(), each.getBytes()))
              .toList();
      return new MachinePart(part.getIndex(), part.getFirstDevice(), new TakenAddresses(ranges));
    } catch (IllegalArgumentException e) {
      throw new ProtocolException(Reason.MALFORMED, "Hello.part: " + e.getMessage());
    }
  }

  /** A handle that the server chooses, different from those of the client's other sessions. */
  long own(long handle) {
    return handle | (long) index << INDEX_SHIFT;
  }
}
