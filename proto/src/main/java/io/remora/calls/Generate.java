// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import io.remora.calls.source.AnswersSource;
import io.remora.calls.source.CallWriterSource;
import io.remora.calls.source.CallsSource;
import io.remora.calls.source.CoveragePage;
import io.remora.calls.source.CudaCallsSource;
import io.remora.calls.source.DispatcherSource;
import io.remora.calls.source.DriverCallsSource;
import io.remora.calls.source.HandlerSource;
import io.remora.calls.source.JCudaSource;
import io.remora.calls.source.OutputsSource;
import io.remora.calls.source.RoutesSource;
import io.remora.calls.source.c.CallsFiles;
import io.remora.calls.source.c.EnumsFile;
import io.remora.calls.source.c.ErrorsFiles;
import io.remora.calls.source.c.ExportsFiles;
import io.remora.calls.source.c.RoutesFiles;
import io.remora.calls.source.c.StubsFiles;
import io.remora.calls.source.c.SymbolsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes what is derived from the call table. The builds of the modules call it: {@code Generate
 * server DIRECTORY}, {@code Generate client DIRECTORY}, {@code Generate jcuda DIRECTORY} and {@code
 * Generate c DIRECTORY}. {@code Generate coverage docs} renews the page on the API's coverage.
 */
public final class Generate {
  private static final String SESSION = "io.remora.server.session.generated";
  private static final String DRIVER = "io.remora.server.driver";
  private static final String CUDA = "io.remora.server.driver.cuda";
  private static final String CLIENT = "io.remora.client.generated";
  private static final String JCUDA = "io.remora.client";

  private Generate() {}

  /** See the class. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException(
          "usage: Generate server|client|jcuda|c|coverage DIRECTORY");
    }
    CallTable table = CallTable.load();
    Path directory = Path.of(arguments[1]);
    switch (arguments[0]) {
      case "server" -> write(directory, server(table));
      case "client" -> write(directory, client(table));
      case "coverage" ->
          Files.writeString(directory.resolve("api-coverage.md"), CoveragePage.of(table));
      case "jcuda" -> write(directory, JCudaSource.of(table, JCUDA));
      case "c" -> writeFiles(directory, c(table));
      default -> throw new IllegalArgumentException("unknown output: " + arguments[0]);
    }
  }

  /** The server's sources by full class name. */
  static Map<String, String> server(CallTable table) {
    Map<String, String> sources = new LinkedHashMap<>();
    sources.put(DRIVER + ".DriverCalls", DriverCallsSource.of(table, DRIVER));
    sources.put(CUDA + ".CudaCalls", CudaCallsSource.natives(table, CUDA));
    sources.put(CUDA + ".PlainCalls", CudaCallsSource.plain(table, CUDA));
    sources.put(SESSION + ".CallHandler", HandlerSource.of(table, SESSION));
    sources.put(SESSION + ".CallDispatcher", DispatcherSource.of(table, SESSION));
    sources.put(SESSION + ".Answers", AnswersSource.of(table, SESSION));
    sources.put(SESSION + ".Calls", CallsSource.of(table, SESSION));
    return sources;
  }

  /** The client's sources by full class name. */
  static Map<String, String> client(CallTable table) {
    Map<String, String> sources = new LinkedHashMap<>();
    sources.put(CLIENT + ".CallWriter", CallWriterSource.of(table, CLIENT));
    sources.put(CLIENT + ".Outputs", OutputsSource.of(table, CLIENT));
    sources.put(CLIENT + ".Calls", CallsSource.of(table, CLIENT));
    sources.put(CLIENT + ".Routes", RoutesSource.of(table, CLIENT));
    return sources;
  }

  /** The C client's sources by file name. */
  static Map<String, String> c(CallTable table) {
    Map<String, String> files = new LinkedHashMap<>();
    files.putAll(CallsFiles.of(table));
    files.putAll(RoutesFiles.of(table));
    files.putAll(SymbolsFiles.of(table));
    files.putAll(ExportsFiles.of(table));
    files.putAll(StubsFiles.of(table));
    files.putAll(ErrorsFiles.of());
    files.put("remora_cuda_enums.h", EnumsFile.of());
    return files;
  }

  private static void write(Path directory, Map<String, String> sources) throws IOException {
    Map<String, String> files = new LinkedHashMap<>();
    sources.forEach((name, text) -> files.put(name.replace('.', '/') + ".java", text));
    writeFiles(directory, files);
  }

  private static void writeFiles(Path directory, Map<String, String> files) throws IOException {
    for (Map.Entry<String, String> each : files.entrySet()) {
      Path file = directory.resolve(each.getKey());
      // An unchanged file keeps its time, so that nothing is compiled again for it.
      if (!Files.exists(file) || !Files.readString(file).equals(each.getValue())) {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, each.getValue());
      }
    }
  }
}
