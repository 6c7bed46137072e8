// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs of the CUDA runtime as nvcc makes them, unmodified, on a server elsewhere. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Execution(ExecutionMode.CONCURRENT)
class RuntimeProgramsTest {
  private ServerProcess server;
  private ShimBuild build;
  private CudaRuntime runtime;

  @BeforeAll
  void startServer(@TempDir Path folder) throws Exception {
    runtime = CudaRuntime.orSkip(folder, "RuntimeProgramsTest");
    build = ShimBuild.product(folder);
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  /** Name, source, and flags of nvcc; without flags the runtime is linked statically. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "vector_add, vector_add, ''",
    "vector_add_shared, vector_add, -cudart shared",
    "vector_add_relocatable, vector_add, -rdc=true",
    "symbols_relocatable, symbols, -rdc=true",
    "vector_add_plain, vector_add, -no-compress",
    "vector_add_lz4, vector_add, --compress-mode=speed",
    "vector_add_debug, vector_add, -G",
    "symbols, symbols, ''",
    "streams, streams, ''",
    "queries, queries, ''",
    "copies, copies, ''",
    "copies_per_thread, copies, --default-stream per-thread",
    "graphs, graphs, ''",
    "graphs_per_thread, graphs, --default-stream per-thread",
    "pools, pools, ''",
    "managed, managed, ''",
    "boxes, boxes, ''",
    "boxes_per_thread, boxes, --default-stream per-thread",
    "managed_per_thread, managed, --default-stream per-thread",
    "managed_variables, managed_variables, ''",
    "textures, textures, ''",
    "surfaces, surfaces, ''",
    "textures_per_thread, textures, --default-stream per-thread",
    "separate, separate_main+separate_parts, -rdc=true",
    "separate_compressed, separate_main+separate_parts, -rdc=true -Xfatbin -compress-all",
    "launches, launches, ''",
    "clusters, clusters, '-gencode arch=compute_90,code=compute_90'",
    "conditions, conditions, -rdc=true",
    "collectives, collectives, ''",
    "algorithms, algorithms, ''",
    "threads, threads, ''",
    "threads_per_thread, threads, --default-stream per-thread"
  })
  void program(String name, String source, String flags) throws Exception {
    Path key = CudaRuntime.keyOrSkip("RuntimeProgramsTest");
    List<String> words = flags.isEmpty() ? List.of() : List.of(flags.split(" "));
    Path program = runtime.program(name, source, words);
    ProcessBuilder command = build.command(server, program);
    command.environment().put("REMORA_RUNTIME_KEY_FILE", key.toString());
    addRuntimeLibrary(command);

    assertThat(ShimProcess.run(command)).endsWith("PASS");
  }

  @Test
  void modulesThatLoadEagerlyRun() throws Exception {
    Path key = CudaRuntime.keyOrSkip("RuntimeProgramsTest");
    Path program = runtime.program("symbols", "symbols", List.of());
    ProcessBuilder command = build.command(server, program);
    command.environment().put("REMORA_RUNTIME_KEY_FILE", key.toString());
    command.environment().put("CUDA_MODULE_LOADING", "EAGER");

    assertThat(ShimProcess.run(command)).endsWith("PASS");
  }

  /** What kernels of two streams print, among what the program prints itself. */
  @Test
  void printedLinesAreWholeAndInOrder() throws Exception {
    Path key = CudaRuntime.keyOrSkip("RuntimeProgramsTest");
    Path program = runtime.program("printing", "printing", List.of());
    ProcessBuilder command = build.command(server, program);
    command.environment().put("REMORA_RUNTIME_KEY_FILE", key.toString());

    List<String> lines = ShimProcess.run(command);

    assertThat(lines).hasSize(10 * 10 + 2).endsWith("stream 2 round 0 thread 0 of four", "PASS");
    for (int round = 0; round < 10; round++) {
      List<String> own = lines.subList(round * 10, round * 10 + 10);
      assertThat(own).startsWith("before " + round).endsWith("after " + round);
      for (int stream = 0; stream < 2; stream++) {
        String begin = "stream " + stream + " round " + round + " thread ";
        assertThat(own)
            .containsSubsequence(
                begin + "0 of four", begin + "1 of four", begin + "2 of four", begin + "3 of four");
      }
    }
  }

  @Test
  void withoutAServerThereIsNoDevice() throws Exception {
    Path program = runtime.program("vector_add", "vector_add", List.of());
    ProcessBuilder command = build.command(program);
    command.environment().put("REMORA_SERVER", "127.0.0.1:1");
    try (ShimProcess process = ShimProcess.start(command)) {
      process.awaitEnd();

      assertThat(process.status()).isEqualTo(1);
      assertThat(process.errorText()).contains("127.0.0.1:1", "no CUDA-capable device");
      assertThat(process.errorText().lines().filter(line -> line.startsWith("remora: ")))
          .hasSize(1);
    }
  }

  @Test
  void withoutTheKeyThereIsOneLineThatSaysWhatIsMissing() throws Exception {
    Path program = runtime.program("vector_add", "vector_add", List.of());
    try (ShimProcess process = ShimProcess.start(build.command(server, program))) {
      process.awaitEnd();

      assertThat(process.status()).isEqualTo(1);
      assertThat(process.errorText()).contains("(800)");
      assertThat(process.errorText().lines().filter(line -> line.startsWith("remora: ")))
          .singleElement()
          .asString()
          .contains("REMORA_RUNTIME_KEY_FILE", "docs/compatibility.md");
    }
  }

  /** Where nvcc's own shared runtime is; the system may not know the place. */
  private static void addRuntimeLibrary(ProcessBuilder command) {
    String home = System.getenv("CUDA_HOME");
    Path library = Path.of(home == null ? "/usr/local/cuda" : home, "lib64");
    command.environment().merge("LD_LIBRARY_PATH", library.toString(), (a, b) -> a + ":" + b);
  }
}
