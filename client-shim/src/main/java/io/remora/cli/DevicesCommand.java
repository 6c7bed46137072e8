// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.client.ConnectionException;
import io.remora.client.RemoteCuda;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.Surroundings;
import io.remora.command.RemoraCommand;
import io.remora.json.Json;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Welcome;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import jcuda.driver.CUdevice_attribute;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code remora devices}: what the tenant sees. */
@Command(name = "devices", description = "Lists the devices that your token gives you.")
public final class DevicesCommand implements RemoraCommand {
  /** How to print. */
  enum Format {
    TABLE,
    JSON
  }

  @Spec private CommandSpec spec;
  @Mixin private ConnectionOptions connection;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|json",
      description = "How to print (default: table).")
  private Format format = Format.TABLE;

  @Override
  public Integer call() throws ConnectionException {
    ClientSettings settings = ClientSettings.of(connection.flags(), Surroundings.ofProcess());
    QuietLogs.begin();
    try (RemoteCuda cuda = RemoteCuda.connect(settings)) {
      Welcome welcome = cuda.welcome();
      Map<String, RoundTrip> trips = RoundTrip.ofServers(cuda, welcome, new MonotonicClock());
      PrintWriter out = spec.commandLine().getOut();
      switch (format) {
        case TABLE -> out.print(table(cuda, welcome, trips));
        case JSON -> out.println(json(cuda, welcome, trips));
      }
      out.flush();
    }
    return OK;
  }

  private static String table(RemoteCuda cuda, Welcome welcome, Map<String, RoundTrip> trips) {
    if (welcome.getDevicesCount() == 0) {
      return "Tenant '"
          + welcome.getTenant()
          + "' sees no device on "
          + cuda.server()
          + ": ask the"
          + " server's operator to allow one.\n";
    }
    TextTable table =
        new TextTable("DEVICE", "NAME", "KIND", "COMPUTE", "MEMORY", "SMS", "SERVER", "RTT");
    for (DeviceSnapshot device : welcome.getDevicesList()) {
      String server = cuda.serverOf(device.getOrdinal());
      table.row(
          Integer.toString(device.getOrdinal()),
          device.getName(),
          device.getKind(),
          compute(device),
          Sizes.bytes(device.getTotalMemoryBytes()),
          Integer.toString(multiprocessors(device)),
          server,
          Sizes.time(Objects.requireNonNull(trips.get(server)).median()));
    }
    return table.toString();
  }

  private static String json(RemoteCuda cuda, Welcome welcome, Map<String, RoundTrip> trips) {
    List<Object> devices = new ArrayList<>();
    for (DeviceSnapshot device : welcome.getDevicesList()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("ordinal", device.getOrdinal());
      entry.put("name", device.getName());
      entry.put("kind", device.getKind());
      entry.put("computeCapability", compute(device));
      entry.put("memoryBytes", device.getTotalMemoryBytes());
      entry.put("multiprocessors", multiprocessors(device));
      entry.put("pciBusId", device.getPciBusId());
      String at = cuda.serverOf(device.getOrdinal());
      entry.put("server", at);
      entry.put("roundTripMicros", micros(Objects.requireNonNull(trips.get(at))));
      devices.add(entry);
    }
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("server", cuda.server());
    document.put("serverVersion", welcome.getServerVersion());
    document.put("tenant", welcome.getTenant());
    RoundTrip first = trips.get(cuda.server());
    if (first != null) {
      document.put("roundTripMicros", micros(first));
    }
    document.put("devices", devices);
    return Json.of(document);
  }

  private static double micros(RoundTrip trip) {
    return trip.median().toNanos() / 1e3;
  }

  static String compute(DeviceSnapshot device) {
    return attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        + "."
        + attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  }

  private static int multiprocessors(DeviceSnapshot device) {
    return attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  }

  private static int attribute(DeviceSnapshot device, int attribute) {
    return device.getAttributesOrDefault(attribute, 0);
  }
}
