// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.v1.DeviceState;
import io.remora.v1.HistorySecond;
import io.remora.v1.HistorySlice;
import io.remora.v1.ServerState;
import io.remora.v1.SessionState;
import io.remora.v1.TenantState;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ViewsTest {
  private static final ServerState STATE =
      ServerState.newBuilder()
          .setComplete(true)
          .setRefusedSessions(4)
          .addDevices(DeviceState.newBuilder().setOrdinal(0))
          .addDevices(DeviceState.newBuilder().setOrdinal(1))
          .addTenants(TenantState.newBuilder().setName("alice"))
          .addTenants(TenantState.newBuilder().setName("bob"))
          .addSessions(SessionState.newBuilder().setTenant("alice"))
          .addSessions(SessionState.newBuilder().setTenant("bob"))
          .build();

  @Test
  void aTenantSeesItselfAndTheDevicesThatItMayUse() {
    ServerState seen = Views.state(STATE, new Viewer("bob", false, Set.of(1)));
    assertThat(seen.getComplete()).isFalse();
    assertThat(seen.getDevicesList()).extracting(DeviceState::getOrdinal).containsExactly(1);
    assertThat(seen.getTenantsList()).extracting(TenantState::getName).containsExactly("bob");
    assertThat(seen.getSessionsList()).extracting(SessionState::getTenant).containsExactly("bob");
    assertThat(seen.getRefusedSessions()).isZero();
    assertThat(seen.toString()).doesNotContain("alice");
  }

  @Test
  void anOperatorSeesEverything() {
    ServerState seen = Views.state(STATE, new Viewer("ops", true, Set.of(1)));
    assertThat(seen).isEqualTo(STATE.toBuilder().setCaller("ops").build());
  }

  @Test
  void othersAreOneInATenantsHistory() {
    HistorySecond second =
        HistorySecond.newBuilder()
            .addSlices(slice(0, "alice", 0.3))
            .addSlices(slice(1, "alice", 0.2))
            .addSlices(slice(1, "bob", 0.1))
            .addSlices(slice(1, "carol", 0.4))
            .build();
    List<HistorySlice> seen =
        Views.history(List.of(second), new Viewer("bob", false, Set.of(1)))
            .getSeconds(0)
            .getSlicesList();
    assertThat(seen).hasSize(2);
    assertThat(seen.get(0)).isEqualTo(slice(1, "bob", 0.1));
    assertThat(seen.get(1).getTenant()).isEmpty();
    assertThat(seen.get(1).getBusy()).isEqualTo(0.2 + 0.4);
  }

  private static HistorySlice slice(int device, String tenant, double busy) {
    return HistorySlice.newBuilder().setDevice(device).setTenant(tenant).setBusy(busy).build();
  }
}
