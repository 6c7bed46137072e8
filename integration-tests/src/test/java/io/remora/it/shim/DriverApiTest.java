// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The calls of the driver API whose meaning the client adds to, by a C program. */
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DriverApiTest {
  private static final Path PTX = Path.of("src", "main", "cuda", "vector_add.ptx").toAbsolutePath();

  @TempDir private Path folder;

  @Test
  void everyCallAnswersAsCudaDoes() throws Exception {
    run(ShimBuild.product(folder));
  }

  /** Not with sanitizers: they use the addresses of device memory themselves. */
  @Test
  void memoryIsSharedWithTheDevice() throws Exception {
    ShimBuild build = ShimBuild.product(folder);
    try (ServerProcess server = ServerProcess.start(folder, List.of(), List.of())) {
      assertThat(ShimProcess.run(command(build, server, "managed", PTX))).containsExactly("shared");
      assertThat(ShimProcess.run(command(build, server, "registered", PTX)))
          .containsExactly("registered");
    }
  }

  @Test
  void devicesOfOneServerCopyToEachOther() throws Exception {
    Path config = folder.resolve("server.yaml");
    Files.writeString(config, "software: {devices: 2, memory: 1GiB}\n");
    List<String> options = List.of("--config", config.toString());
    ShimBuild build = ShimBuild.product(folder);
    try (ServerProcess server = ServerProcess.start(folder, List.of(), options)) {
      assertThat(ShimProcess.run(command(build, server, "peers", PTX))).containsExactly("copied");
    }
  }

  @Test
  void nothingIsReadOrWrittenWhereItIsNot() throws Exception {
    run(ShimBuild.sanitized(folder, "address,undefined"));
  }

  private void run(ShimBuild build) throws Exception {
    Path statistics = folder.resolve("statistics.txt");
    try (ServerProcess server = ServerProcess.start(folder, List.of(), List.of())) {
      ProcessBuilder command = command(build, server, "driver_api", PTX);
      command.environment().put("REMORA_STATS_FILE", statistics.toString());

      assertThat(ShimProcess.run(command)).containsExactly("answered");
      assertThat(ShimProcess.run(command(build, server, "graphs", folder)))
          .containsExactly("graphed");
      assertThat(ShimProcess.run(command(build, server, "links", folder)))
          .containsExactly("linked");
      assertThat(ShimProcess.run(command(build, server, "old_launches", folder)))
          .containsExactly("launched");
      assertThat(ShimProcess.run(command(build, server, "graph_memory", folder)))
          .containsExactly("remembered");
      assertThat(ShimProcess.run(command(build, server, "virtual_memory", folder)))
          .containsExactly("mapped");
      assertThat(ShimProcess.run(command(build, server, "images", folder)))
          .containsExactly("imaged");
      assertThat(ShimProcess.run(command(build, server, "graph_nodes", folder)))
          .containsExactly("known");
      assertThat(ShimProcess.run(command(build, server, "graph_edges", folder)))
          .containsExactly("edged");
      assertThat(ShimProcess.run(command(build, server, "context_events", folder)))
          .containsExactly("recorded");
      assertThat(ShimProcess.run(command(build, server, "user_objects", folder)))
          .containsExactly("released");
      assertThat(ShimProcess.run(command(build, server, "batches", folder)))
          .containsExactly("batched");
    }
    // What was asked thousands of times was asked of the server a few times.
    assertThat(Files.readAllLines(statistics))
        .anyMatch(line -> line.matches("call 108 cuPointerGetAttributes \\d \\d \\d+"))
        .anyMatch(line -> line.matches("call 51 cuModuleGetFunction \\d \\d \\d+"));
  }

  private static ProcessBuilder command(
      ShimBuild build, ServerProcess server, String program, Path argument) throws Exception {
    return build.command(server, build.program(program), argument.toString());
  }
}
