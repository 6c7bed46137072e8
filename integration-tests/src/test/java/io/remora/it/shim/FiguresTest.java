// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.AdminClient;
import io.remora.it.process.Await;
import io.remora.it.process.JavaProcess;
import io.remora.it.process.ServerProcess;
import io.remora.json.MessageJson;
import io.remora.v1.DeviceFigures;
import io.remora.v1.DeviceState;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the hardware says of itself gets to everybody who asks, unchanged, and what it doesn't say
 * to nobody. The hardware is the null driver and its management library, with two devices.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FiguresTest {
  private static final Duration TIME_MAX = Duration.ofSeconds(20);
  private static final Path SERVER = Path.of("..", "gpu-server", "target").toAbsolutePath();
  private static final String NULL_DRIVER = SERVER.resolve("nulldriver").normalize().toString();
  private static final String NULL_MANAGEMENT =
      SERVER.resolve("nullmanagement").normalize().toString();

  /** Device 1 has one more of each. What isn't named isn't supported there. */
  private static final String HARDWARE =
      "figure temperature 41;figure power 123456;figure enforced_power_limit 300000;"
          + "error power_limit 999;figure sm_clock 1755;figure memory_clock 2619;"
          + "figure sm_clock_max 1980;figure gpu 37;figure memory 0";

  private Path folder;
  private ShimBuild build;
  private Path program;
  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path given) throws Exception {
    folder = given;
    build = ShimBuild.product(folder);
    program = build.program("figures");
    server = start("server", NULL_DRIVER + ":" + NULL_MANAGEMENT);
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private ServerProcess start(String name, String libraries) {
    return ServerProcess.start(
        folder.resolve(name),
        List.of(),
        List.of("--device", "cuda", "--web", "127.0.0.1:0"),
        Map.of(
            "LD_LIBRARY_PATH", libraries, "NULLCUDA_DEVICES", "2", "NULLNVML_CONTROL", HARDWARE));
  }

  private static DeviceFigures figures(int device) {
    return DeviceFigures.newBuilder()
        .setTemperatureCelsius(41 + device)
        .setPowerMilliwatts(123_456 + device)
        .setEnforcedPowerLimitMilliwatts(300_000 + device)
        .setSmClockMegahertz(1755 + device)
        .setMemoryClockMegahertz(2619 + device)
        .setSmClockMaxMegahertz(1980 + device)
        .setGpuPercent(37 + device)
        .setMemoryPercent(device)
        .build();
  }

  /** The devices, as soon as the server has read their figures. */
  private static List<DeviceState> devices(ServerProcess of) throws Exception {
    try (AdminClient admin = AdminClient.open(of.settings())) {
      return Await.success(
          TIME_MAX,
          () -> {
            List<DeviceState> devices = admin.state().getDevicesList();
            assertThat(devices).allMatch(DeviceState::hasFigures);
            return devices;
          });
    }
  }

  private static String metrics(ServerProcess of) throws Exception {
    URI page = URI.create(of.readyValue("web").orElseThrow());
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(page.resolve("/metrics")).build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** What a program under the client library is told of a device. */
  private List<String> told(ServerProcess by, int device) throws Exception {
    return ShimProcess.run(build.command(by, program)).stream()
        .filter(line -> line.startsWith(device + " "))
        .map(line -> line.substring(2))
        .toList();
  }

  private static List<String> known(int device, String... last) {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "temperature 0 " + (41 + device),
                "power 0 " + (123_456 + device),
                "power_limit 3",
                "enforced_power_limit 0 " + (300_000 + device),
                "fan 3",
                "graphics_clock 3",
                "sm_clock 0 " + (1755 + device),
                "memory_clock 0 " + (2619 + device),
                "video_clock 3",
                "graphics_clock_max 3",
                "sm_clock_max 0 " + (1980 + device),
                "memory_clock_max 3",
                "video_clock_max 3"));
    lines.addAll(List.of(last));
    return lines;
  }

  @Test
  void theStateHasWhatEachDeviceSaysAndNothingElse() throws Exception {
    List<DeviceState> devices = devices(server);
    assertThat(devices).extracting(DeviceState::getFigures).containsExactly(figures(0), figures(1));
    assertThat(devices)
        .extracting(DeviceState::getPciBusId)
        .containsExactly("0000:01:00.0", "0000:02:00.0");
  }

  @Test
  void topShowsItToPeople() throws Exception {
    devices(server);
    try (JavaProcess top = top("--once")) {
      assertThat(top.awaitLine("DEVICE", TIME_MAX)).contains("TEMP", "POWER", "LIMIT", "SM CLOCK");
      assertThat(top.awaitLine("null device 1", TIME_MAX))
          .contains("42 °C", "123 W", "300 W", "1,756 MHz");
      assertThat(top.awaitExit()).isZero();
    }
  }

  @Test
  void topTellsItToScripts() throws Exception {
    devices(server);
    try (JavaProcess top = top("--once", "--json")) {
      for (int device = 0; device < 2; device++) {
        top.awaitLine("\"figures\": {", TIME_MAX);
        List<String> expected = new ArrayList<>();
        MessageJson.of(figures(device))
            .forEach((name, value) -> expected.add("\"" + name + "\": " + value));
        for (int i = 0; i < expected.size(); i++) {
          String comma = i + 1 < expected.size() ? "," : "";
          assertThat(top.awaitLine("\"", TIME_MAX).strip()).isEqualTo(expected.get(i) + comma);
        }
      }
      assertThat(top.awaitExit()).isZero();
    }
  }

  private JavaProcess top(String... options) {
    List<String> arguments = new ArrayList<>(List.of("top"));
    arguments.addAll(List.of(options));
    return JavaProcess.start(
        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        "io.remora.cli.Main",
        arguments,
        Map.of("REMORA_STATE_DIR", server.stateDirectory().toString()),
        folder.resolve("top.log"));
  }

  @Test
  void metricsHaveASeriesForEachFigureThatIsThere() throws Exception {
    devices(server);
    assertThat(metrics(server))
        .contains(
            "remora_device_temperature_celsius{device=\"0\",device_name=\"null device 0 (no GPU)\"}"
                + " 41.0",
            "remora_device_temperature_celsius{device=\"1\",device_name=\"null device 1 (no GPU)\"}"
                + " 42.0")
        .containsPattern("remora_device_power_watts\\{device=\"0\",[^}]*} 123\\.456\n")
        .containsPattern("remora_device_power_limit_watts\\{device=\"0\",[^}]*} 300\\.0\n")
        .containsPattern("remora_device_utilization_ratio\\{device=\"0\",[^}]*} 0\\.37\n")
        .containsPattern("remora_device_memory_utilization_ratio\\{device=\"0\",[^}]*} 0\\.0\n")
        .containsPattern("remora_device_sm_clock_hertz\\{device=\"0\",[^}]*} 1\\.755E9\n")
        .doesNotContain("remora_device_fan_ratio");
  }

  @Test
  void programsAreToldTheSameByTheManagementLibrary() throws Exception {
    devices(server);
    for (int device = 0; device < 2; device++) {
      assertThat(told(server, device))
          .containsExactlyElementsOf(known(device, "gpu 0 " + (37 + device), "memory 0 " + device));
    }
  }

  @Test
  void aServerOfAnothersDevicesPassesItOn() throws Exception {
    devices(server);
    String client = Path.of("..", "client-shim", "target", "native").toAbsolutePath().toString();
    try (ServerProcess second =
        ServerProcess.start(
            folder.resolve("second"),
            List.of(),
            List.of("--device", "cuda"),
            Map.of(
                "LD_LIBRARY_PATH",
                client,
                "REMORA_STATE_DIR",
                server.stateDirectory().toString()))) {
      assertThat(devices(second))
          .extracting(DeviceState::getFigures)
          .containsExactly(passedOn(0), passedOn(1));
      assertThat(told(second, 1))
          .as("the utilisation is what the second server has seen itself")
          .containsExactlyElementsOf(known(1, "gpu 0 0", "memory 0 0"));
    }
  }

  private static DeviceFigures passedOn(int device) {
    return figures(device).toBuilder().clearGpuPercent().clearMemoryPercent().build();
  }

  @Test
  void withoutTheLibraryNothingIsSaidAndAllElseWorks() throws Exception {
    try (ServerProcess bare = start("bare", NULL_DRIVER);
        AdminClient admin = AdminClient.open(bare.settings())) {
      assertThat(told(bare, 0))
          .containsExactly(
              "temperature 3",
              "power 3",
              "power_limit 3",
              "enforced_power_limit 3",
              "fan 3",
              "graphics_clock 3",
              "sm_clock 3",
              "memory_clock 3",
              "video_clock 3",
              "graphics_clock_max 3",
              "sm_clock_max 3",
              "memory_clock_max 3",
              "video_clock_max 3",
              "gpu 0 0",
              "memory 0 0");
      assertThat(admin.state().getDevicesList()).hasSize(2).noneMatch(DeviceState::hasFigures);
      assertThat(metrics(bare))
          .contains("remora_device_serving")
          .doesNotContain("remora_device_temperature_celsius", "remora_device_power_watts");
    }
  }
}
