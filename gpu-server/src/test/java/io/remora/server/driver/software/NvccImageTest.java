// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxModule;
import io.remora.ptx.PtxText;
import io.remora.server.driver.image.Fatbin;
import io.remora.server.driver.image.PtxTexts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that the machine's own nvcc makes. */
@Execution(ExecutionMode.CONCURRENT)
final class NvccImageTest {
  private static final PtxTexts.Taker TAKER = new PtxTexts.Taker("a software device", "", "");

  private static final int DEVICE = 121;
  private static final int TEXT_BYTES_MAX = 64 << 20;

  private static final String CALLER =
      """
      extern __device__ int twice(int);
      extern __device__ int counter;
      static __device__ __noinline__ int helper(int x) { return x + 1; }
      __global__ void caller(int *out) { *out = twice(helper(*out)) + counter; }
      int main() { caller<<<1, 1>>>(nullptr); }
      """;
  private static final String LIBRARY =
      """
      __device__ int counter = 5;
      static __device__ __noinline__ int helper(int x) { return x * 2; }
      __device__ int twice(int x) { return helper(x); }
      """;

  @TempDir Path folder;

  private void nvcc(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("nvcc"));
    command.addAll(List.of(arguments));
    run(command);
  }

  private void run(List<String> command) throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    } catch (IOException e) {
      assumeTrue(false, "needs the CUDA toolkit on the PATH: " + e.getMessage());
      throw e;
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private List<PtxText> texts(byte[] image) {
    return PtxTexts.ptx(ByteBuffer.wrap(image), TAKER, DEVICE, TEXT_BYTES_MAX);
  }

  /** Compiled once; then nvcc's own tool puts the parts together in every way that it can. */
  @Test
  void fatbinsOfEveryCompressionCanBeRead() throws Exception {
    nvccFatbin("--keep");
    String kept = "library.compute_";
    List<String> parts =
        List.of(
            "--image3=kind=elf,sm=75,file=" + kept + "75.sm_75.cubin",
            "--image3=kind=ptx,sm=75,file=" + kept + "75.ptx",
            "--image3=kind=ptx,sm=90a,file=" + kept + "90a.ptx",
            "--image3=kind=ptx,sm=100f,file=" + kept + "100f.ptx",
            "--image3=kind=ptx,sm=80,file=" + kept + "80.ptx");
    for (String option :
        List.of(
            "--compress-mode=default",
            "--compress-mode=speed",
            "--compress-mode=balance",
            "--compress-mode=size",
            "--compress-mode=none",
            "--compress-all")) {
      List<String> command =
          new ArrayList<>(List.of("fatbinary", "--create=library.fatbin", "-64", option));
      command.addAll(parts);
      run(command);
      assertNewestIsFound(option);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-G", "-lineinfo", "-rdc=true"})
  void fatbinsOfEveryKindOfCodeCanBeRead(String option) throws Exception {
    nvccFatbin(option);
    assertNewestIsFound(option);
  }

  private void nvccFatbin(String option) throws IOException, InterruptedException {
    write("library.cu", LIBRARY + "__global__ void kernel(int *out) { *out = twice(*out); }");
    nvcc(
        "-fatbin",
        option,
        "-gencode",
        "arch=compute_75,code=[sm_75,compute_75]",
        "-gencode",
        "arch=compute_90a,code=compute_90a",
        "-gencode",
        "arch=compute_100f,code=compute_100f",
        "-gencode",
        "arch=compute_80,code=compute_80",
        "library.cu",
        "-o",
        "library.fatbin");
  }

  private void assertNewestIsFound(String option) throws IOException {
    List<PtxText> texts = texts(Files.readAllBytes(folder.resolve("library.fatbin")));
    assertThat(texts).as(option).hasSize(1);
    assertThat(texts.get(0).text())
        .as(option)
        .contains(".target sm_80", "kernel")
        .doesNotContain("\0");
  }

  @Test
  void aProgramOfRelocatableCodeIsLinkedFromItsPtx() throws Exception {
    write("caller.cu", CALLER);
    write("library.cu", LIBRARY);
    for (String code : List.of("compute_75", "[sm_75,compute_75]")) {
      nvcc(
          "-rdc=true",
          "-gencode",
          "arch=compute_75,code=" + code,
          "caller.cu",
          "library.cu",
          "-o",
          "program");
      byte[] image = fatbinsOf(Files.readAllBytes(folder.resolve("program")));
      assertThat(link(texts(image)).kernels()).containsOnlyKeys("_Z6callerPi");
    }
  }

  private static PtxModule link(List<PtxText> texts) throws PtxException {
    return PtxModule.link(texts, CompileOptions.DEFAULTS);
  }

  /** All fatbins in a program, as a client puts those of one wrapper together. */
  private static byte[] fatbinsOf(byte[] program) {
    ByteBuffer bytes = ByteBuffer.wrap(program).order(ByteOrder.LITTLE_ENDIAN);
    var found = new ByteArrayOutputStream();
    for (int at = 0; at + 16 <= program.length; at += 8) {
      if (bytes.getInt(at) == Fatbin.MAGIC && bytes.getShort(at + 6) == 16) {
        int length = 16 + (int) bytes.getLong(at + 8);
        found.write(program, at, length);
        while (found.size() % 8 != 0) {
          found.write(0);
        }
      }
    }
    return found.toByteArray();
  }
}
