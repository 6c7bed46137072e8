// SPDX-License-Identifier: Apache-2.0
package io.remora.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.RemoteCuda;
import io.remora.it.process.ServerProcess;
import io.remora.it.programs.VectorAdd;
import io.remora.it.remote.RemoteGpu;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Alerts and dashboard ask for nothing that a server doesn't have. */
final class MonitoringTest {
  private static final Path ALERTS = Checkout.DEPLOY.resolve("prometheus/remora-alerts.yaml");
  private static final Path DASHBOARD = Checkout.DEPLOY.resolve("grafana/remora.json");
  private static final Pattern METRIC = Pattern.compile("\\b((?:remora|jvm|process)_[a-z_]+)\\b");

  @TempDir private Path folder;

  private static Node read(Path file) throws IOException {
    // JSON is YAML.
    return new Node(
        new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file)));
  }

  private static List<Node> alerts() throws IOException {
    return read(ALERTS).at("groups").item(0).at("rules").items();
  }

  @Test
  void everyMetricThatTheyAskForIsOneOfTheServers() throws IOException, InterruptedException {
    List<String> expressions = new ArrayList<>();
    alerts().forEach(alert -> expressions.add(alert.at("expr").text()));
    for (Node panel : read(DASHBOARD).at("panels").items()) {
      panel.at("targets").items().forEach(target -> expressions.add(target.at("expr").text()));
    }
    Set<String> asked = new HashSet<>();
    for (String expression : expressions) {
      Matcher metric = METRIC.matcher(expression);
      while (metric.find()) {
        asked.add(metric.group(1));
      }
    }
    assertThat(asked).hasSizeGreaterThan(15);
    assertThat(served()).containsAll(asked);
  }

  private Set<String> served() throws IOException, InterruptedException {
    Set<String> names = new HashSet<>();
    try (ServerProcess server =
        ServerProcess.start(folder, List.of(), List.of("--web", "127.0.0.1:0"))) {
      // A tenant's works are counted from its first session on.
      try (RemoteCuda cuda = RemoteCuda.connect(server.settings())) {
        assertThat(new VectorAdd().run(new RemoteGpu(cuda, 0)).passed()).isTrue();
      }
      String page = server.readyValue("web").orElseThrow();
      HttpResponse<String> answer =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(page).resolve("/metrics")).build(),
                  HttpResponse.BodyHandlers.ofString());
      for (String line : answer.body().split("\n", -1)) {
        String[] words = line.split(" ", 4);
        if (line.startsWith("# TYPE ")) {
          names.add(words[2]);
          if (words[3].equals("histogram")) {
            names.addAll(List.of(words[2] + "_bucket", words[2] + "_sum", words[2] + "_count"));
          }
        }
      }
    }
    return names;
  }

  @Test
  void everyAlertSaysWhatItIsAndWhatToDo() throws IOException {
    assertThat(alerts()).isNotEmpty();
    for (Node alert : alerts()) {
      assertThat(alert.at("labels", "severity").text()).isIn("critical", "warning", "info");
      assertThat(alert.at("annotations", "summary").text()).isNotBlank();
      assertThat(alert.at("annotations", "description").text()).isNotBlank();
    }
  }

  @Test
  void prometheusTakesTheAlerts() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Checkout.works("promtool", "--version"), "there is no promtool (Debian: prometheus)");
    assertThat(Checkout.expect(folder, List.of("promtool", "check", "rules", ALERTS.toString())))
        .contains("SUCCESS");
  }

  @Test
  void panelsDoNotOverlap() throws IOException {
    Set<String> taken = new HashSet<>();
    for (Node panel : read(DASHBOARD).at("panels").items()) {
      Node place = panel.at("gridPos");
      int right = number(place, "x") + number(place, "w");
      assertThat(right).isLessThanOrEqualTo(24);
      for (int x = number(place, "x"); x < right; x++) {
        for (int y = number(place, "y"); y < number(place, "y") + number(place, "h"); y++) {
          assertThat(taken.add(x + "," + y)).as(panel.at("title").text()).isTrue();
        }
      }
    }
  }

  private static int number(Node node, String key) {
    return (Integer) node.at(key).value();
  }
}
