// SPDX-License-Identifier: Apache-2.0
package io.remora.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import io.remora.config.ConfigException;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.ServerFlags;
import io.remora.server.pool.PoolFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The chart, rendered by Helm's own code. */
final class ChartTest {
  private static final Path CHART = Checkout.DEPLOY.resolve("helm").resolve("remora");

  @TempDir private Path folder;

  private static TemplateCommand template() {
    return new Helm(CHART)
        .template()
        .withName("remora")
        .withNamespace("gpu")
        .withKubeVersion("1.31.0");
  }

  private static List<Node> render(TemplateCommand template) {
    List<Node> documents = new ArrayList<>();
    for (Object each :
        new Load(LoadSettings.builder().build()).loadAllFromString(template.call())) {
      if (each != null) {
        documents.add(new Node(each));
      }
    }
    return documents;
  }

  private static Node only(List<Node> documents, String kind) {
    List<Node> found =
        documents.stream().filter(each -> each.at("kind").text().equals(kind)).toList();
    assertThat(found).as(kind).hasSize(1);
    return found.get(0);
  }

  @Test
  void passesHelmsStrictLint() {
    LintResult result = new Helm(CHART).lint().strict().call();
    assertThat(result.isFailed()).as(result.getMessages().toString()).isFalse();
  }

  @Test
  void servesTheGpusOfEachNodeByDefault() throws IOException {
    List<Node> documents = render(template());
    assertThat(documents.stream().map(each -> each.at("kind").text()))
        .containsExactlyInAnyOrder(
            "ServiceAccount", "ConfigMap", "Service", "DaemonSet", "NetworkPolicy");
    Node pod = only(documents, "DaemonSet").at("spec", "template", "spec");
    assertThat(pod.at("terminationGracePeriodSeconds").value()).isEqualTo(50);
    Node container = pod.at("containers").item(0);
    assertThat(container.at("image").text()).isEqualTo("remora/server:" + Checkout.version());
    assertThat(container.at("resources", "limits", "nvidia.com/gpu").value()).isEqualTo(1);
    assertThat(container.at("args").value())
        .isEqualTo(List.of("server", "--config", "/etc/remora/server.yaml"));
    assertThat(container.at("securityContext", "readOnlyRootFilesystem").value()).isEqualTo(true);
    assertThat(pod.at("securityContext", "runAsUser") + ":" + pod.at("securityContext", "fsGroup"))
        .isEqualTo(ImagePlan.USER);
    assertThat(only(documents, "Service").at("spec", "clusterIP").text()).isEqualTo("None");
  }

  @Test
  void runsReplicasWithADisruptionBudgetAsAStatefulSetWithoutGpus() {
    List<Node> documents =
        render(template().set("kind", "StatefulSet").set("replicas", 3).set("device", "software"));
    Node set = only(documents, "StatefulSet");
    assertThat(set.at("spec", "replicas").value()).isEqualTo(3);
    Node service = only(documents, "Service");
    assertThat(set.at("spec", "serviceName").text())
        .isEqualTo(service.at("metadata", "name").text());
    Node container = set.at("spec", "template", "spec", "containers").item(0);
    assertThat(container.at("resources", "limits").map()).doesNotContainKey("nvidia.com/gpu");
    assertThat(only(documents, "PodDisruptionBudget").at("spec", "selector").value())
        .isEqualTo(set.at("spec", "selector").value());
  }

  @Test
  void hasEveryVolumeThatIsMountedAndSelectsItsOwnPods() {
    List<Node> documents = render(template());
    Node workload = only(documents, "DaemonSet");
    Node pod = workload.at("spec", "template", "spec");
    List<String> volumes =
        pod.at("volumes").items().stream().map(v -> v.at("name").text()).toList();
    List<String> mounts =
        pod.at("containers").item(0).at("volumeMounts").items().stream()
            .map(v -> v.at("name").text())
            .toList();
    assertThat(mounts).containsExactlyInAnyOrderElementsOf(volumes);
    Map<String, Object> labels = workload.at("spec", "template", "metadata", "labels").map();
    for (Node selector :
        List.of(
            workload.at("spec", "selector", "matchLabels"),
            only(documents, "Service").at("spec", "selector"),
            only(documents, "NetworkPolicy").at("spec", "podSelector", "matchLabels"))) {
      assertThat(labels.entrySet().containsAll(selector.map().entrySet())).isTrue();
    }
  }

  @Test
  void writesAConfigurationThatTheServerTakes() throws IOException {
    ServerConfig config = configuration(template().set("operators[0]", "ops"));
    assertThat(config.listen().toString()).isEqualTo("0.0.0.0:7443");
    assertThat(config.drainTime()).hasSeconds(30);
    assertThat(config.operators()).containsExactly("ops");
    assertThat(config.web().listen()).hasToString("0.0.0.0:7444");
    assertThat(configuration(template().set("web.enabled", "false")).web().listen()).isNull();
  }

  @Test
  void passesFurtherKeysOnAndTheServerRefusesWrongOnes() throws IOException {
    assertThat(configuration(template().set("config.software.devices", "4")).software().devices())
        .isEqualTo(4);
    assertThatThrownBy(() -> configuration(template().set("config.drian_time", "1m")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("drian_time");
  }

  private ServerConfig configuration(TemplateCommand template) throws IOException {
    String text = only(render(template), "ConfigMap").at("data", "server.yaml").text();
    for (String name : List.of("tenants/tenants.yaml", "tls/tls.crt", "tls/tls.key")) {
      Files.createDirectories(folder.resolve(name).resolveSibling("."));
      Files.writeString(folder.resolve(name), "");
    }
    Path file = folder.resolve("server.yaml");
    Files.writeString(file, text.replace("/etc/remora", folder.toString()));
    return ServerConfig.read(file, ServerFlags.NONE, folder);
  }

  @Test
  void makesAPoolOfTheReplicasOfAStatefulSet() throws IOException {
    TemplateCommand template =
        template()
            .set("kind", "StatefulSet")
            .set("pool.enabled", "true")
            .set("pool.labels.model", "h200");
    List<Node> documents = render(template);
    String pool = only(documents, "ConfigMap").at("data", "pool.yaml").text();
    for (String name : List.of("pool/token", "tls/ca.crt")) {
      Files.createDirectories(folder.resolve(name).resolveSibling("."));
      Files.writeString(folder.resolve(name), "0123456789abcdef".repeat(2));
    }
    Path file = folder.resolve("pool.yaml");
    Files.writeString(file, pool.replace("/etc/remora", folder.toString()));
    PoolFile read = PoolFile.read(file);
    assertThat(read.name()).isEqualTo("remora");
    assertThat(configuration(template).pool().file()).isEqualTo(file);
    Node container =
        only(documents, "StatefulSet").at("spec", "template", "spec", "containers").item(0);
    assertThat(container.at("args").items().stream().map(Node::text))
        .contains("$(POD_NAME)", "$(POD_NAME).remora.gpu.svc:7443");
    assertThatThrownBy(() -> template().set("pool.enabled", "true").call())
        .hasMessageContaining("needs kind: StatefulSet");
  }

  @Test
  void refusesValuesThatItDoesNotKnow() {
    assertThatThrownBy(() -> template().set("kind", "Deployment").call())
        .hasMessageContaining("kind");
    assertThatThrownBy(() -> template().set("tls.secret", "x").call())
        .hasMessageContaining("secret");
    assertThatThrownBy(() -> template().set("config.listen", "0.0.0.0:1").call())
        .hasMessageContaining("config");
    assertThatThrownBy(() -> template().set("config.drain_time", "1500ms").call())
        .hasMessageContaining("write it in seconds or minutes");
  }

  @Test
  void letsPrometheusInWithATokenWhenAsked() {
    List<Node> documents =
        render(
            template()
                .set("metrics.serviceMonitor.enabled", "true")
                .set(
                    "networkPolicy.monitoring[0].namespaceSelector.matchLabels.name",
                    "monitoring"));
    Node endpoint = only(documents, "ServiceMonitor").at("spec", "endpoints").item(0);
    assertThat(endpoint.at("scheme").text()).isEqualTo("https");
    assertThat(endpoint.at("authorization", "credentials", "name").text())
        .isEqualTo("remora-operator");
    List<Node> rules = only(documents, "NetworkPolicy").at("spec", "ingress").items();
    assertThat(rules.get(2).at("ports").item(0).at("port").text()).isEqualTo("web");
    assertThatThrownBy(
            () ->
                template()
                    .set("metrics.serviceMonitor.enabled", "true")
                    .set("web.enabled", "false")
                    .call())
        .hasMessageContaining("needs web.enabled");
  }

  @Test
  void itsExamplePodFitsTheClientImageAndTheService() throws IOException {
    Object read =
        new Load(LoadSettings.builder().build())
            .loadFromString(Files.readString(Checkout.DEPLOY.resolve("kubernetes/pod.yaml")));
    Node pod = new Node(read).at("spec");
    Node copying = pod.at("initContainers").item(0);
    assertThat(copying.at("image").text()).isEqualTo("remora/client:" + Checkout.version());
    String target = (String) copying.at("args").item(0).value();
    assertThat(copying.at("volumeMounts").item(0).at("mountPath").text()).isEqualTo(target);
    Node program = pod.at("containers").item(0);
    assertThat(program.at("volumeMounts").item(0).at("mountPath").text()).isEqualTo(target);
    assertThat(program.at("env").item(0).at("value").text()).isEqualTo(target);
    Node service = only(render(template()), "Service");
    assertThat(program.at("env").item(1).at("value").text())
        .isEqualTo(
            "dns:///%s.gpu.svc:%s"
                .formatted(
                    service.at("metadata", "name"),
                    service.at("spec", "ports").item(0).at("port")));
  }
}
