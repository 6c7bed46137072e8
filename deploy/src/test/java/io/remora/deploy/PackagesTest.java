// SPDX-License-Identifier: Apache-2.0
package io.remora.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Bundle, package and images, made as an operator makes them, and used as their users do. */
final class PackagesTest {
  private static final Path TARGET = Checkout.ROOT.resolve("target");
  private static final long SERVER_IMAGE_BYTES_MAX = 80_000_000;
  private static final long CLIENT_IMAGE_BYTES_MAX = 8_000_000;

  @TempDir private static Path shared;
  @TempDir private Path folder;

  @BeforeAll
  static void makeAll() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Checkout.works("dpkg-deb", "--version") && Checkout.works("apt-get", "--version"),
        "packages and images are made on Debian or Ubuntu");
    String root = Checkout.ROOT.toString();
    String jdk = System.getProperty("java.home");
    assertThat(Checkout.ROOT.resolve("integration-tests/target/remora.jar"))
        .as("run ./remora test, or mvn package, so that there is something to pack")
        .exists();
    Path scripts = Checkout.ROOT.resolve("integration-tests/gpu");
    Checkout.expect(shared, List.of("sh", scripts.resolve("bundle").toString(), root, jdk));
    Checkout.expect(shared, List.of("sh", Checkout.DEPLOY.resolve("deb").toString(), root));
    Checkout.expect(shared, List.of("sh", Checkout.DEPLOY.resolve("images").toString(), root, jdk));
  }

  private static Path image(String name) {
    return TARGET.resolve("remora-" + name + "-image.tar");
  }

  private static Node configuration(String name) throws IOException, InterruptedException {
    String text = Checkout.expect(shared, List.of("tar", "xOf", "" + image(name), "config.json"));
    return new Node(new Load(LoadSettings.builder().build()).loadFromString(text));
  }

  /** Lays an image's layers one on the other, as an engine does. */
  private static Path unpack(String name) throws IOException, InterruptedException {
    Path root = Files.createDirectories(shared.resolve(name));
    Path layers = Files.createDirectories(shared.resolve(name + "-layers"));
    Checkout.expect(layers, List.of("tar", "xf", "" + image(name)));
    Node manifest =
        new Node(
            new Load(LoadSettings.builder().build())
                .loadFromString(Files.readString(layers.resolve("manifest.json"))));
    for (Node layer : manifest.item(0).at("Layers").items()) {
      Checkout.expect(
          root, List.of("tar", "xzpf", layers.resolve(layer.text()).toString(), "--no-same-owner"));
    }
    return root;
  }

  @Test
  void bundleStartsWithoutAnythingOfThisMachine() throws IOException, InterruptedException {
    Path bundle = TARGET.resolve("remora-bundle-" + machine());
    String help =
        Checkout.expect(
            folder, List.of("env", "-i", "PATH=/usr/bin:/bin", bundle + "/remora", "--help"));
    assertThat(help).contains("server", "devices", "run");
    assertThat(Files.size(TARGET.resolve(bundle.getFileName() + ".tar.gz"))).isLessThan(60_000_000);
  }

  @Test
  void clientLibrariesOfTheBundleNeedTheCLibraryAlone() throws IOException, InterruptedException {
    for (String library : List.of("libcuda.so.1", "libnvidia-ml.so.1")) {
      Path file = TARGET.resolve("remora-bundle-" + machine()).resolve("native").resolve(library);
      String needed =
          Checkout.expect(folder, List.of("sh", "-c", "readelf -d " + file + " | grep NEEDED"));
      assertThat(needed.lines()).allMatch(line -> line.matches(".*\\[(libc\\.so|ld-linux).*"));
    }
  }

  private static String machine() {
    return System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
  }

  @Test
  void packageGoesInPassesSystemdsCheckAndLeavesNothing() throws IOException, InterruptedException {
    Path root = folder.resolve("root");
    for (String file : List.of("var/lib/dpkg/status", "etc/passwd", "etc/group")) {
      Files.createDirectories(root.resolve(file).resolveSibling("."));
      Files.writeString(root.resolve(file), file.contains("dpkg") ? "" : "root:x:0:\n");
    }
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    for (String made :
        List.of("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers")) {
      Files.createDirectories(root.resolve(made));
    }
    dpkg(root, "--install", newest("remora_" + Checkout.version()).toString());
    String listed =
        Checkout.expect(
            folder, List.of(root + "/usr/lib/remora/remora", "tenant", "list", "--help"));
    assertThat(listed).contains("Usage: remora tenant list");
    assertThat(root.resolve("usr/bin/remora").toRealPath())
        .isEqualTo(root.resolve("usr/lib/remora/remora").toRealPath());
    assertThat(root.resolve("usr/lib/remora/native/libcuda.so.1")).exists();
    try (Stream<Path> files = Files.walk(root.resolve("usr/lib"))) {
      assertThat(files.filter(file -> file.startsWith(root.resolve("usr/lib/x86_64-linux-gnu"))))
          .as("never where programs look by themselves")
          .isEmpty();
    }
    if (Checkout.works("systemd-analyze", "--version")) {
      checkUnit(root);
    }
    dpkg(root, "--purge", "remora");
    assertThat(root.resolve("usr/lib/remora")).doesNotExist();
    assertThat(root.resolve("etc/remora")).doesNotExist();
    assertThat(root.resolve("var/lib/remora")).doesNotExist();
    assertThat(root.resolve("lib/systemd/system/remora-server.service")).doesNotExist();
  }

  private void checkUnit(Path root) throws IOException, InterruptedException {
    Path unit = root.resolve("lib/systemd/system/remora-server.service");
    // The folder is no whole system: what the unit names of one must be there to be found.
    for (String named : List.of("sysinit", "basic", "shutdown", "network-online", "multi-user")) {
      Files.writeString(unit.resolveSibling(named + ".target"), "[Unit]\n");
    }
    Checkout.Outcome verified =
        Checkout.run(
            folder,
            Map.of(),
            List.of("systemd-analyze", "verify", "--man=no", "--root=" + root, "" + unit));
    assertThat(verified.output().lines().filter(line -> line.contains("remora")))
        .as(verified.output())
        .isEmpty();
    Checkout.Outcome exposure =
        Checkout.run(
            folder,
            Map.of(),
            List.of("systemd-analyze", "security", "--offline=true", "--threshold=30", "" + unit));
    assertThat(exposure.status()).as(exposure.output()).isZero();
  }

  /** A package without another system: its scripts run here and are told the folder. */
  private void dpkg(Path root, String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "dpkg",
                "--root=" + root,
                "--force-depends,not-root,script-chrootless",
                "--log=" + folder.resolve("dpkg.log")));
    command.addAll(List.of(arguments));
    Checkout.expect(folder, command);
  }

  private static Path newest(String prefix) throws IOException {
    try (Stream<Path> files = Files.list(TARGET)) {
      return files
          .filter(file -> file.getFileName().toString().matches(prefix + ".*\\.deb"))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void imagesSayHowTheyAreStartedAndAreSmall() throws IOException, InterruptedException {
    Node server = configuration("server").at("config");
    assertThat(server.at("Entrypoint").value()).isEqualTo(List.of("/opt/remora/remora"));
    assertThat(server.at("User").text()).isEqualTo("65532:65532");
    assertThat(server.at("ExposedPorts").map()).containsOnlyKeys("7443/tcp", "7444/tcp");
    assertThat(Files.size(image("server"))).isLessThan(SERVER_IMAGE_BYTES_MAX);
    Node client = configuration("client").at("config");
    assertThat(client.at("User").text()).isEqualTo("65532:65532");
    assertThat(client.at("Cmd").value()).isEqualTo(List.of("/remora"));
    assertThat(Files.size(image("client"))).isLessThan(CLIENT_IMAGE_BYTES_MAX);
  }

  @Test
  void aProgramWithTheClientImagesLibraryRunsOnTheServerImage()
      throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Checkout.works("unshare", "--mount", "--pid", "--fork", "true"),
        "this user can't make namespaces, in which containers run");
    Path client = unpack("client");
    Path volume = Files.createDirectories(client.resolve("remora"));
    Checkout.expect(shared, contained(client, configuration("client"), "0:0", List.of("/remora")));
    assertThat(volume.resolve("libcuda.so").toRealPath())
        .isEqualTo(volume.resolve("libcuda.so.1").toRealPath());

    Path server = unpack("server");
    // What the engine does by the image's own entries, unpacking has left to this user.
    Checkout.expect(server, List.of("chmod", "1777", "tmp", "var/lib/remora"));
    Process process =
        new ProcessBuilder(
                contained(
                    server,
                    configuration("server"),
                    "65532:65532",
                    List.of("server", "--listen", "127.0.0.1:0", "--state-dir", "/tmp/state")))
            .redirectError(shared.resolve("server.log").toFile())
            .start();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      String ready = String.valueOf(lines.readLine());
      assertThat(ready)
          .as(Files.readString(shared.resolve("server.log")))
          .startsWith("remora server ready on 127.0.0.1:");
      String address = ready.split(" ", -1)[4];
      assertThat(saxpy(volume, address, server.resolve("tmp/state"))).contains(" 0 wrong");
    } finally {
      process.descendants().forEach(ProcessHandle::destroy);
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  /** Compiles a program that knows nothing of Remora and runs it with the libraries of a volume. */
  private String saxpy(Path volume, String address, Path state)
      throws IOException, InterruptedException {
    Path sources = Checkout.ROOT.resolve("integration-tests/src/main");
    Path program = folder.resolve("saxpy");
    Checkout.expect(
        folder,
        List.of(
            "cc",
            "-std=gnu11",
            "" + sources.resolve("resources/demo/saxpy.c"),
            "-o",
            "" + program,
            "-L" + volume,
            "-l:libcuda.so.1"));
    Checkout.Outcome outcome =
        Checkout.run(
            folder,
            Map.of(
                "LD_LIBRARY_PATH", volume.toString(),
                "REMORA_SERVER", address,
                "REMORA_CA", state.resolve("ca.pem").toString(),
                "REMORA_TOKEN_FILE", state.resolve("token").toString()),
            List.of(program.toString(), "" + sources.resolve("cuda/saxpy.ptx")));
    assertThat(outcome.status()).as(outcome.output()).isZero();
    return outcome.output();
  }

  /** What an engine does for an image, as far as it matters here. */
  private static List<String> contained(
      Path root, Node image, String user, List<String> arguments) {
    Node config = image.at("config");
    List<String> command =
        new ArrayList<>(
            List.of("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c"));
    command.add(
        "mkdir -p $0/proc $0/dev && mount -t proc proc $0/proc && mount --rbind /dev $0/dev"
            + " && root=$0 && user=$1 && shift && exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "
            + String.join(" ", config.at("Env").items().stream().map(Node::text).toList())
            + " chroot --userspec=$user $root \"$@\"");
    command.add(root.toString());
    command.add(user);
    config.at("Entrypoint").items().forEach(each -> command.add(each.text()));
    command.addAll(arguments);
    return command;
  }
}
