// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.nio.ByteBuffer;

/**
 * Device memory of a session that another server reads by a ticket. Any thread may call; nothing
 * blocks.
 */
public interface DirectRead {
  /** Begins to give the bytes; once. */
  void begin(Sink sink);

  /** The sink has room again. */
  void ready();

  /** Nobody takes the bytes any more. */
  void gone();

  /** Takes the bytes. Called by one thread at a time; must not block. */
  interface Sink {
    /** Whether there is room for a piece; if not, {@link DirectRead#ready} says when. */
    boolean isReady();

    /**
     * Takes the next bytes.
     *
     * @param bytes good until the method returns
     */
    void piece(ByteBuffer bytes);

    /** That was all; the last call. */
    void end();

    /**
     * There is no more, although there should be; the last call.
     *
     * @param why for people
     */
    void fail(String why);
  }
}
