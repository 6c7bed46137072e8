// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the C client looks for its server: as the Java client does, but without remora.yaml. */
class CSettingsTest {
  @TempDir private Path directory;
  private CCompiler compiler;
  private Path program;

  @BeforeEach
  void compile() throws Exception {
    compiler = CCompiler.orSkip(directory, "CSettingsTest");
    List<String> arguments = new ArrayList<>(compiler.sanitizers());
    for (String each : List.of("settings.c", "local_file.c", "report.c")) {
      arguments.add(CCompiler.MAIN.resolve(each).toString());
    }
    arguments.add(CCompiler.TEST.resolve("settings_test.c").toString());
    program = compiler.program("settings_test", arguments);
  }

  /** Runs with {@code NAME=VALUE} variables and an empty home. */
  private String settings(String... variables) throws Exception {
    List<String> words = new ArrayList<>(List.of("env", "-i", "HOME=" + directory));
    words.addAll(List.of(variables));
    words.add(program.toString());
    CCompiler.Result result = compiler.run(words);
    assertThat(result.exitCode()).as(result.output()).isZero();
    return result.output().strip();
  }

  private void localServer(String server) throws Exception {
    Path folder = Files.createDirectories(directory.resolve(".local/state/remora"));
    Files.writeString(folder.resolve("token"), "rmr_local\n");
    Files.writeString(folder.resolve("ca.pem"), "");
    Files.writeString(
        folder.resolve("local.yaml"),
        "# left by a server\nserver: \""
            + server
            + "\"\ntoken_file: \""
            + folder.resolve("token")
            + "\"\nca: \""
            + folder.resolve("ca.pem")
            + "\"\n");
  }

  @Test
  void withoutAnythingTheRemedyIsNamed() throws Exception {
    assertThat(settings()).startsWith("No server is configured").contains("REMORA_SERVER");
  }

  @Test
  void serversAreWrittenInManyWays() throws Exception {
    assertThat(settings("REMORA_SERVER=gpu.example")).startsWith("server=gpu.example:7443 ");
    assertThat(settings("REMORA_SERVER= gpu:1 ")).startsWith("server=gpu:1 host=gpu port=1 ");
    assertThat(settings("REMORA_SERVER=[::1]:80")).startsWith("server=[::1]:80 host=::1 port=80 ");
    assertThat(settings("REMORA_SERVER=fe80::1")).startsWith("server=[fe80::1]:7443 ");
    for (String wrong : List.of("gpu:", "gpu:0", "gpu:65536", "gpu:x", ":7443", "gpu:+1")) {
      assertThat(settings("REMORA_SERVER=" + wrong)).startsWith("REMORA_SERVER must be HOST:PORT");
    }
  }

  @Test
  void severalServersAreAPool() throws Exception {
    assertThat(settings("REMORA_SERVER=a:1, [::1]:2,b")).startsWith("pool=a:1, [::1]:2,b server=");
    assertThat(settings("REMORA_SERVER=a:1,")).startsWith("pool=a:1, server=a:1 ");
    assertThat(settings("REMORA_SERVER=dns:///gpus:1")).startsWith("pool=gpus:1 server=gpus:1 ");
    assertThat(settings("REMORA_SERVER=a:1", "REMORA_GPUS=2")).startsWith("pool=a:1 server=a:1 ");
    assertThat(settings("REMORA_SERVER=a:1,b:x")).startsWith("REMORA_SERVER must be HOST:PORT");
    assertThat(settings("REMORA_SERVER=,")).startsWith("REMORA_SERVER names no server");
    assertThat(settings("REMORA_SERVER=a", "REMORA_LABELS=" + "x".repeat(600)))
        .startsWith("REMORA_LABELS is too long");
  }

  @Test
  void aServerOfTheSameUserIsFound() throws Exception {
    localServer("127.0.0.1:7443");

    String found = settings();

    assertThat(found).startsWith("server=127.0.0.1:7443 ").contains(" token=rmr_local ca=/");
    assertThat(settings("REMORA_SERVER=127.0.0.1:7443")).isEqualTo(found);
    assertThat(settings("REMORA_TOKEN=rmr_own")).contains(" token=rmr_own ca=/");
  }

  @Test
  void localCredentialsAreNeverSentToAnotherServer() throws Exception {
    localServer("127.0.0.1:7443");

    assertThat(settings("REMORA_SERVER=gpu:7443")).contains(" token= ca= ");
  }

  @Test
  void localFileOfAnotherFormDoesNotCount() throws Exception {
    localServer("127.0.0.1:7443");
    Path file = directory.resolve(".local/state/remora/local.yaml");
    Files.writeString(file, "server: [1, 2]\n");

    assertThat(settings()).startsWith("No server is configured");
  }

  @Test
  void tokenComesFromOnePlace() throws Exception {
    Path file = directory.resolve("token");
    Files.writeString(file, "  rmr_file\n");
    String server = "REMORA_SERVER=gpu";

    assertThat(settings(server, "REMORA_TOKEN_FILE=" + file)).contains(" token=rmr_file ");
    assertThat(settings(server, "REMORA_TOKEN_FILE=~/token")).contains(" token=rmr_file ");
    assertThat(settings(server, "REMORA_TOKEN_FILE=" + file, "REMORA_TOKEN=rmr_a"))
        .contains("both give a token");
    assertThat(settings(server, "REMORA_TOKEN_FILE=/no/such"))
        .contains("there is no file /no/such");
    Files.writeString(file, "rmr_one\nrmr_two\n");
    assertThat(settings(server, "REMORA_TOKEN_FILE=" + file)).contains("must hold one token");
    Files.writeString(file, "a".repeat(5000));
    assertThat(settings(server, "REMORA_TOKEN_FILE=" + file)).contains("too large");
  }

  @Test
  void tokenThatWouldBreakTheHeaderIsRefused() throws Exception {
    assertThat(settings("REMORA_SERVER=gpu", "REMORA_TOKEN=rmr_a\nx: y"))
        .contains("a character that no token has");
  }

  @Test
  void encryptionIsOnUnlessItIsTurnedOff() throws Exception {
    assertThat(settings("REMORA_SERVER=gpu")).contains(" tls=on ");
    assertThat(settings("REMORA_SERVER=gpu", "REMORA_TLS=OFF")).contains(" tls=off ");
    assertThat(settings("REMORA_SERVER=gpu", "REMORA_TLS=no")).contains("is 'on' or 'off'");
  }

  @Test
  void certificateAndKeyBelongTogether() throws Exception {
    Path key = Files.writeString(directory.resolve("key.pem"), "");

    assertThat(settings("REMORA_SERVER=gpu", "REMORA_CLIENT_KEY=" + key))
        .contains("belong together");
    assertThat(
            settings(
                "REMORA_SERVER=gpu",
                "REMORA_CLIENT_KEY=" + key,
                "REMORA_CLIENT_CERTIFICATE=" + key))
        .contains(" certificate=" + key + " key=" + key + " ");
  }

  @Test
  void spinIsANumberOfMicroseconds() throws Exception {
    assertThat(settings("REMORA_SERVER=gpu", "REMORA_SPIN=50")).endsWith(" spin=50000");
    assertThat(settings("REMORA_SERVER=gpu", "REMORA_START_WITHIN=250"))
        .endsWith(" start_within=250000");
    assertThat(settings("REMORA_SERVER=gpu", "REMORA_START_WITHIN=-1"))
        .contains("REMORA_START_WITHIN must be a number");
    assertThat(settings("REMORA_SERVER=gpu", "REMORA_SPIN=50us")).contains("must be a number");
  }
}
