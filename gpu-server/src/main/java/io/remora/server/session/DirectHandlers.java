// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.CallHandler;

/** The part of {@link SessionCalls} that hands on what copies between two servers are made of. */
interface DirectHandlers extends CallHandler {
  /** What other servers may read. */
  Offers offers();

  /** What is read of other servers. */
  Fetches fetches();

  @Override
  default void remoraOfferRows(
      CallContext call,
      long offer,
      long srcDevice,
      long srcPitch,
      long widthBytes,
      long height,
      long hStream) {
    offers().offer(SessionCall.own(call), offer, srcDevice, srcPitch, widthBytes, height, hStream);
  }

  @Override
  default void remoraFetchRows(
      CallContext call,
      long dstDevice,
      long dstPitch,
      long widthBytes,
      long height,
      long hStream,
      String pool,
      String member,
      byte[] ticket) {
    fetches()
        .fetch(
            SessionCall.own(call),
            new Fetches.Target(dstDevice, dstPitch, widthBytes, height, hStream),
            new MemberReads.Home(pool, member),
            ticket);
  }

  @Override
  default void remoraWithdrawOffer(CallContext call, long offer) {
    offers().withdraw(SessionCall.own(call), offer);
  }
}
