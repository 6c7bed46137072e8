// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.pool.SelfSigned;
import io.remora.it.process.JavaProcess;
import io.remora.it.process.ServerProcess;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantChanges;
import io.remora.server.tenant.TenantClass;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A program on another host, over a network that loses packets and whose cable is pulled. */
@Timeout(180)
class PacketLossTest {
  private static final long LOST = 150;
  private static final String ADDRESS = NarrowNetwork.SERVER + ":7443";

  @Test
  void packetsThatAreLostAndACableThatIsPulledAreAPauseToAProgram(@TempDir Path folder)
      throws Exception {
    try (NarrowNetwork network = NarrowNetwork.orSkip(folder)) {
      SelfSigned certificate = SelfSigned.make(folder, "server", NarrowNetwork.SERVER);
      String token = tenant(folder.resolve("tenants.yaml"));
      try (JavaProcess server = serve(network, folder, certificate)) {
        server.awaitLine("remora server ready on " + ADDRESS, Duration.ofSeconds(60));
        ProcessBuilder program = program(folder);
        program.environment().put("REMORA_SERVER", ADDRESS);
        program.environment().put("REMORA_TOKEN", token);
        program.environment().put("REMORA_CA", certificate.certificate().toString());
        program.environment().put("REMORA_STATS_FILE", folder.resolve("stats").toString());
        program.command(network.onClient(program.command()));
        try (ShimProcess client = ShimProcess.start(program, folder)) {
          check(network, server, client);
        }
      }
    }
    assertThat(Files.readAllLines(folder.resolve("stats")))
        .anySatisfy(line -> assertThat(line).matches("resumes [1-9]\\d*"));
  }

  private static void check(NarrowNetwork network, JavaProcess server, ShimProcess client)
      throws Exception {
    assertThat(client.nextLine()).isEqualTo("ready");
    client.awaitHolds(() -> network.dropped() >= LOST);
    network.pullCable();
    client.awaitHolds(() -> NarrowNetwork.connections(server.process()) == 0);
    network.plugCable();
    client.awaitHolds(() -> NarrowNetwork.connections(server.process()) > 0);
    long before = network.dropped();
    client.awaitHolds(() -> network.dropped() >= before + LOST);
    client.endInput();
    assertThat(client.awaitEnd()).as(client.errorText()).containsExactly("good");
    assertThat(client.errorText()).isEmpty();
  }

  private static String tenant(Path file) throws Exception {
    Tenant tenant = new Tenant("alice", 1, TenantClass.NORMAL, null, 1, Set.of(), null, List.of());
    return TenantChanges.add(file, tenant, Instant.now(), new SecureRandom()).text();
  }

  private static JavaProcess serve(NarrowNetwork network, Path folder, SelfSigned certificate)
      throws Exception {
    List<String> arguments =
        List.of(
            "--listen=" + ADDRESS,
            "--cert=" + certificate.certificate(),
            "--key=" + certificate.key(),
            "--tenants=" + folder.resolve("tenants.yaml"),
            "--state-dir=" + folder.resolve("state"),
            "--device=software",
            "--web=off");
    return JavaProcess.start(
        new ProcessBuilder(network.onServer(ServerProcess.command(List.of(), arguments))),
        folder.resolve("server.log"));
  }

  private static ProcessBuilder program(Path folder) throws Exception {
    ShimBuild build = ShimBuild.product(folder);
    Path ptx = Path.of("src", "main", "cuda", "small.ptx").toAbsolutePath();
    return build.command(build.program("resume"), ptx.toString(), "1");
  }
}
