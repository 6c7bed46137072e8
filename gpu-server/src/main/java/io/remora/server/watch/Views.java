// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.v1.HistoryReply;
import io.remora.v1.HistorySecond;
import io.remora.v1.HistorySlice;
import io.remora.v1.ServerState;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What of a server somebody may see: an operator everything; a tenant itself, and of the devices
 * that it may use what all tenants together do there.
 */
final class Views {
  private Views() {}

  static ServerState state(ServerState state, Viewer viewer) {
    if (viewer.operator()) {
      return state.toBuilder().setCaller(viewer.tenant()).build();
    }
    ServerState.Builder seen =
        state.toBuilder()
            .setCaller(viewer.tenant())
            .setComplete(false)
            .clearDevices()
            .clearTenants()
            .clearSessions()
            .clearRefusedSessions();
    state.getDevicesList().stream()
        .filter(device -> viewer.sees(device.getOrdinal()))
        .forEach(seen::addDevices);
    state.getTenantsList().stream()
        .filter(tenant -> viewer.knows(tenant.getName()))
        .forEach(seen::addTenants);
    state.getSessionsList().stream()
        .filter(session -> viewer.knows(session.getTenant()))
        .forEach(seen::addSessions);
    return seen.build();
  }

  static HistoryReply history(List<HistorySecond> seconds, Viewer viewer) {
    HistoryReply.Builder reply = HistoryReply.newBuilder();
    seconds.forEach(second -> reply.addSeconds(viewer.operator() ? second : part(second, viewer)));
    return reply.build();
  }

  private static HistorySecond part(HistorySecond second, Viewer viewer) {
    HistorySecond.Builder seen = second.toBuilder().clearSlices();
    Map<Integer, HistorySlice.Builder> others = new TreeMap<>();
    for (HistorySlice slice : second.getSlicesList()) {
      if (viewer.knows(slice.getTenant())) {
        seen.addSlices(slice);
      } else if (viewer.sees(slice.getDevice())) {
        HistorySlice.Builder sum =
            others.computeIfAbsent(
                slice.getDevice(), device -> HistorySlice.newBuilder().setDevice(device));
        sum.setBusy(sum.getBusy() + slice.getBusy())
            .setShareAsked(sum.getShareAsked() + slice.getShareAsked())
            .setShareGot(sum.getShareGot() + slice.getShareGot());
      }
    }
    others.values().forEach(seen::addSlices);
    return seen.build();
  }
}
