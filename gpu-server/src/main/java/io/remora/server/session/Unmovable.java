// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** A session can't go to another server; it stays as it is. */
public final class Unmovable extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * @param why for people
   */
  public Unmovable(String why) {
    super(why, null, false, false);
  }

  /** Why, for people. */
  public String why() {
    return String.valueOf(getMessage());
  }
}
