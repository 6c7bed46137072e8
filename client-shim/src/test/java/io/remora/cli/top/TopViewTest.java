// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.top;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.cli.Palette;
import io.remora.v1.DeviceFigures;
import io.remora.v1.DeviceMode;
import io.remora.v1.DeviceState;
import io.remora.v1.Failure;
import io.remora.v1.ServerState;
import io.remora.v1.SessionOnDevice;
import io.remora.v1.SessionState;
import io.remora.v1.TenantOnDevice;
import io.remora.v1.TenantState;
import io.remora.v1.Traffic;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TopViewTest {
  private static final TopView PLAIN = new TopView(new Palette(false), Order.BUSY, ZoneOffset.UTC);

  private static TenantState tenant(String name, double got, double busy) {
    return TenantState.newBuilder()
        .setName(name)
        .setWeight(3)
        .setTenantClass("normal")
        .setSessions(1)
        .setSessionsMax(64)
        .setMemoryUsedBytes(6 << 20)
        .setMemoryQuotaBytes(256 << 20)
        .setTraffic(Traffic.newBuilder().setCallsPerSecond(1234).setWaitsPerSecond(1.5))
        .addDevices(
            TenantOnDevice.newBuilder()
                .setShareAsked(0.75)
                .setShareGot(got)
                .setBusy(busy)
                .setQueueP50Nanos(1024)
                .setRunP99Nanos(1 << 20))
        .build();
  }

  private static ServerState state() {
    return ServerState.newBuilder()
        .setServerVersion("1.2")
        .setComplete(true)
        .setUptimeSeconds(3700)
        .addDevices(
            DeviceState.newBuilder()
                .setName("Fast Device")
                .setBusy(0.95)
                .setMemoryBytes(1L << 30)
                .setMode(DeviceMode.DRAINING))
        .addTenants(tenant("bob", 0.26, 0.25))
        .addTenants(tenant("alice", 0.74, 0.7))
        .addSessions(
            SessionState.newBuilder()
                .setId("0123456789abcdef")
                .setTenant("alice")
                .setProgram("/usr/bin/nbody")
                .setProcessId(77)
                .addDevices(SessionOnDevice.newBuilder().setBusy(0.7))
                .setLastFailure(
                    Failure.newBuilder()
                        .setTenant("alice")
                        .setSession("0123456789abcdef")
                        .setWhat("spin")
                        .setResultName("CUDA_ERROR_ILLEGAL_ADDRESS")
                        .setCause("illegal address 0x10")
                        .setFault(true)))
        .build();
  }

  @Test
  void everyFigureIsThereWhereThereIsRoom() {
    String text = String.join("\n", PLAIN.lines("host:1", state(), TopView.UNLIMITED));
    assertThat(text)
        .contains("remora 1.2 on host:1, up 1 h 01, 1 sessions, 0 refused")
        .contains("Fast Device", "95.0 %", "draining")
        .contains("75.0 %", "74.0 %", "1,234", "1.5", "≤ 1.02 µs", "≤ 1.05 ms", "256 MiB")
        .contains("0123456789abcdef", "nbody", "77", "ILLEGAL_ADDRESS")
        .contains("spin: CUDA_ERROR_ILLEGAL_ADDRESS, illegal address 0x10");
    assertThat(text.indexOf("alice")).as("the busier first").isLessThan(text.indexOf("bob"));
  }

  @Test
  void whatTheHardwareSaysIsThereOnlyWhereItSaysSomething() {
    assertThat(String.join("\n", PLAIN.lines("host:1", state(), TopView.UNLIMITED)))
        .doesNotContain("TEMP");
    DeviceFigures figures =
        DeviceFigures.newBuilder().setTemperatureCelsius(0).setPowerMilliwatts(123_456).build();
    ServerState told =
        state().toBuilder()
            .addDevices(DeviceState.newBuilder().setName("Hot Device").setFigures(figures))
            .build();
    List<String> lines = PLAIN.lines("host:1", told, TopView.UNLIMITED);
    assertThat(lines.get(2)).contains("TEMP", "POWER", "LIMIT", "SM CLOCK");
    assertThat(lines.get(3)).doesNotContain("0 °C");
    assertThat(lines.get(4)).contains("0 °C", "123 W").endsWith("-");
  }

  @Test
  void noLineIsWiderThanTheTerminal() {
    for (int width = 1; width < 220; width++) {
      List<String> lines = PLAIN.lines("host:1", state(), width);
      for (String line : lines) {
        assertThat(line.length()).as("line '%s'", line).isLessThanOrEqualTo(width);
      }
    }
    String narrow = String.join("\n", PLAIN.lines("host:1", state(), 40));
    assertThat(narrow).as("what matters stays").contains("alice", "bob", "ASKED", "GOT", "74.0 %");
  }

  @Test
  void paintTakesNoWidth() {
    TopView painted = new TopView(new Palette(true), Order.BUSY, ZoneOffset.UTC);
    List<String> plain = PLAIN.lines("host:1", state(), 80);
    List<String> stripped =
        painted.lines("host:1", state(), 80).stream()
            .map(line -> line.replaceAll("\u001b\\[[0-9;]*m", ""))
            .toList();
    assertThat(stripped).isEqualTo(plain);
    assertThat(String.join("", painted.lines("host:1", state(), 80))).contains("\u001b[31m");
  }

  @Test
  void aTenantIsToldThatOthersAreNotShown() {
    ServerState own = state().toBuilder().setComplete(false).setCaller("alice").build();
    assertThat(PLAIN.lines("host:1", own, TopView.UNLIMITED).get(0))
        .contains("1 sessions of 'alice', others' are not shown");
  }
}
