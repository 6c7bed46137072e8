// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** A ticket isn't good for what it was shown for. */
public final class RefusedTicket extends Exception {
  private static final long serialVersionUID = 1;

  /**
   * @param why for people; tells nothing of the ticket's secret
   */
  public RefusedTicket(String why) {
    super(why, null, false, false);
  }

  /** Why, for people. */
  public String why() {
    return String.valueOf(getMessage());
  }
}
