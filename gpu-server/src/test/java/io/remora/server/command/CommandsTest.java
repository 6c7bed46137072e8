// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.command.RemoraCommand;
import io.remora.config.ConfigException;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantClass;
import io.remora.server.tenant.TenantsFile;
import io.remora.server.tenant.Token;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class CommandsTest {
  @TempDir private Path folder;

  private Path file() {
    return folder.resolve("tenants.yaml");
  }

  /** Runs a command; a failure comes out as the exception that the command line would print. */
  private static String run(RemoraCommand command, String... arguments) throws Exception {
    StringWriter printed = new StringWriter();
    List<Exception> failures = new ArrayList<>();
    new CommandLine(command)
        .setOut(new PrintWriter(printed))
        .setErr(new PrintWriter(printed))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (failure, line, parsed) -> {
              failures.add(failure);
              return RemoraCommand.FAILURE;
            })
        .execute(arguments);
    if (!failures.isEmpty()) {
      throw failures.get(0);
    }
    return printed.toString();
  }

  private String tenant(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--tenants");
    all.add(file().toString());
    return run(new TenantCommand(), all.toArray(String[]::new));
  }

  @Test
  void theCommandLineFindsBothCommands() {
    assertThat(
            ServiceLoader.load(RemoraCommand.class).stream()
                .map(each -> each.type().getSimpleName()))
        .contains("ServerCommand", "TenantCommand");
  }

  @Test
  void anAddedTenantIsInTheFileAndItsTokenIsPrintedOnce() throws Exception {
    String printed =
        tenant(
            "add",
            "alice",
            "--weight",
            "3",
            "--class",
            "batch",
            "--memory",
            "2GiB",
            "--devices",
            "0,2",
            "--sessions",
            "5",
            "--expires",
            "2027-01-31");
    Tenant alice = TenantsFile.read(file()).get(0);
    assertThat(alice.weight()).isEqualTo(3);
    assertThat(alice.tenantClass()).isEqualTo(TenantClass.BATCH);
    assertThat(alice.memoryBytes()).isEqualTo(2L << 30);
    assertThat(alice.devices()).isEqualTo(Set.of(0, 2));
    assertThat(alice.sessionsMax()).isEqualTo(5);
    assertThat(alice.expires()).isEqualTo("2027-01-31T00:00:00Z");
    String id = alice.tokens().get(0).id();
    assertThat(printed.lines().filter(line -> line.startsWith("rmr_" + id))).hasSize(1);
    String list = tenant("list");
    assertThat(list).contains("NAME", "alice", "batch", "2GiB", "0,2", id);
    assertThat(list).doesNotContain("rmr_");
  }

  @Test
  void rotatingAndRevokingChangeTheFile() throws Exception {
    String first = tenant("add", "a", "-q").strip();
    String second = tenant("rotate", "a", "--grace", "1h", "-q").strip();
    assertThat(Token.parse(first).orElseThrow().id())
        .isNotEqualTo(Token.parse(second).orElseThrow().id());
    assertThat(tenant("list")).contains(" until ");
    assertThat(tenant("revoke", "a")).contains("Revoked 2 tokens");
    assertThat(tenant("list")).contains("2 revoked or expired");
  }

  @Test
  void whatIsSetChangesAndTheRestStays() throws Exception {
    tenant("add", "a", "--weight", "3", "--memory", "1GiB", "--kernel-time", "5s");
    Tenant before = TenantsFile.read(file()).get(0);
    tenant(
        "set",
        "a",
        "--class",
        "latency",
        "--memory",
        "all",
        "--streams",
        "7",
        "--upload",
        "10MiB",
        "--calls",
        "streams,events",
        "--queue-when-full",
        "timeout",
        "--queue-timeout",
        "250ms");
    Tenant after = TenantsFile.read(file()).get(0);
    assertThat(after.weight()).isEqualTo(3);
    assertThat(after.memoryBytes()).isNull();
    assertThat(after.tenantClass()).isEqualTo(TenantClass.LATENCY);
    assertThat(after.tokens()).isEqualTo(before.tokens());
    assertThat(after.limits().kernelTime()).hasSeconds(5);
    assertThat(after.limits().streams()).isEqualTo(7);
    assertThat(after.limits().uploadBytesPerSecond()).isEqualTo(10 << 20);
    assertThat(after.limits().callGroups()).containsExactlyInAnyOrder("streams", "events");
    assertThat(after.queue().timeout()).hasMillis(250);
    tenant("set", "a", "--upload", "unlimited", "--kernel-time", "unlimited", "--calls", "all");
    assertThat(TenantsFile.read(file()).get(0).limits().uploadBytesPerSecond()).isZero();
    assertThat(TenantsFile.read(file()).get(0).limits().callGroups()).isEmpty();
  }

  @Test
  void wrongValuesAreRefusedBeforeTheFileIsTouched() {
    String[][] wrong = {
      {"add", "a/b"},
      {"add", "a", "--weight", "0"},
      {"add", "a", "--memory", "much"},
      {"add", "a", "--devices", "x"},
      {"add", "a", "--expires", "soon"},
      {"add", "a", "--streams", "-1"},
      {"add", "a", "--upload", "0"},
      {"add", "a", "--kernel-time", "0s"},
      {"add", "a", "--calls", "magic"},
      {"set", "nobody", "--weight", "2"},
      {"rotate", "a", "--grace", "long"},
      {"rotate", "nobody"},
      {"revoke", "nobody"},
    };
    for (String[] arguments : wrong) {
      assertThatThrownBy(() -> tenant(arguments))
          .as("%s", List.of(arguments))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(file()).doesNotExist();
  }

  @Test
  void aServerThatMustNotStartSaysWhy() {
    assertThatThrownBy(() -> run(new ServerCommand(), "--listen", "0.0.0.0:0"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("can be reached from other machines");
    assertThatThrownBy(() -> run(new ServerCommand(), "--device", "cuda"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no driver for CUDA devices yet");
    assertThatThrownBy(() -> run(new ServerCommand(), "--listen", "here:there"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--listen must be HOST:PORT");
  }
}
