// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/**
 * Takes one session to another server. Told in this order: {@link #carry}, then {@link #goesOn} and
 * {@link #gone}, or {@link #refused} at any time before. Called by workers of the session.
 */
public interface Carrier {
  /**
   * Brings the session to the other server, which then has all of it and waits; here it rests
   * meanwhile. Blocks.
   *
   * @throws Unmovable if the other server doesn't have it; the session stays then
   */
  void carry(Cargo cargo);

  /**
   * The session is the other server's from now on: nothing brings it back. Before its client is
   * told. Doesn't fail.
   *
   * @return HOST:PORT, where the client is to go on
   */
  String goesOn();

  /**
   * The client was told, if it was there, and everything of the session here is being freed.
   *
   * @param bytes memory that was copied
   */
  void gone(long bytes);

  /** The session stays, as it was; the reason is for people. */
  void refused(String why);
}
