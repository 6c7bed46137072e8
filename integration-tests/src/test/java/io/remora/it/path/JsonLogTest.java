// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The server's log for collectors. */
class JsonLogTest {
  @TempDir private Path folder;

  @Test
  void everyLineIsOneObjectAndNoneHasTheToken() throws Exception {
    Path config = Files.writeString(folder.resolve("server.yaml"), "log_format: json\n");
    String token;
    try (ServerProcess server =
        ServerProcess.start(folder, List.of(), List.of("--config", config.toString()))) {
      token = Files.readString(Path.of(server.readyValue("token_file").orElseThrow())).strip();
      new TestSession(server.settings()).close();
    }

    List<String> lines = Files.readAllLines(folder.resolve("server.log"));

    assertThat(lines).anyMatch(line -> line.contains("Listening on"));
    assertThat(lines).anyMatch(line -> line.contains("of tenant local"));
    assertThat(lines).noneMatch(line -> line.contains(token));
    // JSON is YAML.
    assertThat(lines)
        .allSatisfy(
            line ->
                assertThat(new Load(LoadSettings.builder().build()).loadFromString(line))
                    .asInstanceOf(InstanceOfAssertFactories.MAP)
                    .containsKeys("timestamp", "level", "formattedMessage"));
  }
}
