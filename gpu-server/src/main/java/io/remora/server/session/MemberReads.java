// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The way by which sessions read device memory of other members of the pool. Any thread may call;
 * nothing blocks.
 */
public interface MemberReads {
  /** Of a server that belongs to no pool. */
  MemberReads NONE =
      new MemberReads() {
        @Override
        public Optional<Home> home() {
          return Optional.empty();
        }

        @Override
        public Reading read(Home from, String tenant, byte[] ticket, Listener listener) {
          listener.failed(Failure.UNREACHABLE, "this server belongs to no pool");
          return new Reading() {
            @Override
            public void request(int pieces) {}

            @Override
            public void cancel() {}
          };
        }
      };

  /**
   * A server's place.
   *
   * @param pool the pool's name
   * @param member the server's name in it
   */
  record Home(String pool, String member) {}

  /** Where this server is, as other members know it; empty: it belongs to no pool. */
  Optional<Home> home();

  /**
   * Begins to read; no piece comes before it is asked for.
   *
   * @param from who has given the ticket out, as the client says
   * @param tenant whose session reads
   */
  Reading read(Home from, String tenant, byte[] ticket, Listener listener);

  /** One reading under way. */
  interface Reading {
    /** Asks for so many more pieces. */
    void request(int pieces);

    /** Ends it: nothing is told any more, but for what is on its way to the listener. */
    void cancel();
  }

  /** Why a reading has failed. */
  enum Failure {
    /** There is no such member, or it doesn't answer. */
    UNREACHABLE,
    /** It has refused the ticket. */
    REFUSED,
    /** It broke off. */
    LOST
  }

  /** Told of one reading, by one thread at a time; must not block. */
  interface Listener {
    /**
     * The next bytes have come.
     *
     * @param bytes the listener's to keep
     */
    void piece(ByteBuffer bytes);

    /** That was all; the last call. */
    void ended();

    /**
     * There is no more; the last call.
     *
     * @param why for people
     */
    void failed(Failure failure, String why);
  }
}
