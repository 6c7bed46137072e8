// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.doctor.Check;
import io.remora.cli.doctor.Finding;
import io.remora.client.ConnectionException;
import io.remora.client.RemoteCuda;
import io.remora.client.config.ClientSettings;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Welcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** Whether the server lets this tenant in, what it gives, and how far away it is. */
final class SessionCheck implements Check {
  private static final Duration NEAR = Duration.ofMillis(1);
  private static final Duration FAR = Duration.ofMillis(10);

  private final ClientSettings settings;
  private final LongSupplier nanoClock;

  SessionCheck(ClientSettings settings, LongSupplier nanoClock) {
    this.settings = settings;
    this.nanoClock = nanoClock;
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    try (RemoteCuda cuda = RemoteCuda.connect(settings)) {
      Welcome welcome = cuda.welcome();
      findings.add(
          Finding.good(
              "Session",
              "opened as tenant '"
                  + welcome.getTenant()
                  + "' on "
                  + String.join(" and ", cuda.servers())
                  + ", server "
                  + welcome.getServerVersion()
                  + ", protocol "
                  + welcome.getProtocolVersion()));
      findings.addAll(devices(welcome));
      if (welcome.getDevicesCount() > 0) {
        findings.add(distance(farthest(cuda, welcome)));
      }
    } catch (ConnectionException e) {
      findings.add(refused(e));
    } catch (IllegalStateException e) {
      findings.add(
          Finding.bad("Calls", String.valueOf(e.getMessage()), "Look into the server's log."));
    }
    return findings;
  }

  private static Finding refused(ConnectionException refusal) {
    String remedy =
        switch (refusal.reason()) {
          case TOKEN -> "The server's operator makes a new token with 'remora tenant rotate NAME'.";
          case VERSION -> "Install the same release on both ends.";
          case BUSY -> "End another session of this tenant, or ask the operator for more.";
          case TLS -> "Compare --ca and --tls with the server's settings.";
          case UNREACHABLE, TIMEOUT -> "See whether the server is overloaded, and its log.";
          case REFUSED -> "Do what it says.";
          case SETTINGS -> "Correct the file that is named.";
          case PROTOCOL -> "Make sure that the address is that of a Remora server.";
        };
    return Finding.bad("Session", String.valueOf(refusal.getMessage()), remedy);
  }

  private static List<Finding> devices(Welcome welcome) {
    if (welcome.getDevicesCount() == 0) {
      return List.of(
          Finding.bad(
              "Devices", "this tenant sees none", "Ask the server's operator to allow one."));
    }
    List<Finding> findings = new ArrayList<>();
    for (DeviceSnapshot device : welcome.getDevicesList()) {
      findings.add(
          Finding.good(
              "Device " + device.getOrdinal(),
              device.getName()
                  + " ("
                  + device.getKind()
                  + "), compute capability "
                  + DevicesCommand.compute(device)
                  + ", "
                  + Sizes.bytes(device.getTotalMemoryBytes())
                  + " for this tenant"));
    }
    return findings;
  }

  private RoundTrip farthest(RemoteCuda cuda, Welcome welcome) {
    Map<String, RoundTrip> trips = RoundTrip.ofServers(cuda, welcome, nanoClock);
    return Collections.max(trips.values(), Comparator.comparing(RoundTrip::median));
  }

  private static Finding distance(RoundTrip trip) {
    String text =
        Sizes.time(trip.median())
            + " for a call that waits (least "
            + Sizes.time(trip.least())
            + ")";
    if (trip.median().compareTo(NEAR) <= 0) {
      return Finding.good("Distance", text + ": near, every program will do");
    }
    if (trip.median().compareTo(FAR) <= 0) {
      return Finding.good(
          "Distance", text + ": fine for programs that launch much and wait seldom");
    }
    return Finding.warning(
        "Distance",
        text,
        "Each call that waits costs this much: choose a nearer server, or wait less often (use"
            + " asynchronous copies and events).");
  }
}
