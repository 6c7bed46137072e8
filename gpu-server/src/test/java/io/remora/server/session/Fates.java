// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.metrics.Replacements;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What became of devices and sessions after faults, as it was told. */
final class Fates implements Replacements.Listener {
  final List<String> told = Collections.synchronizedList(new ArrayList<>());

  @Override
  public void replaced(int device, String cause) {
    told.add("device " + device + " replaced: " + cause);
  }

  @Override
  public void kept(int device, String session, String tenant) {
    told.add("kept " + session);
  }

  @Override
  public void lost(int device, String session, String tenant, String why) {
    told.add("lost " + session + ": " + why);
  }
}
