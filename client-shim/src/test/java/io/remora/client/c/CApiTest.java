// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The C client's calls as far as they need no server, each part by itself. */
class CApiTest {
  private static final long SEED = Long.getLong("remora.test.seed", 20_261_124L);
  private static final Path LIBRARY = Path.of("target", "native", "libcuda.so.1");

  /** What nvcc makes of a kernel: name of the file and flags. */
  private static final List<List<String>> IMAGES =
      List.of(
          List.of("ptx.ptx", "-ptx", "-arch=compute_75"),
          List.of("cubin.cubin", "-cubin", "-arch=sm_75"),
          List.of("rdc.cubin", "-cubin", "-rdc=true", "-arch=sm_75"),
          List.of("rdc_100.cubin", "-cubin", "-rdc=true", "-arch=sm_100"),
          List.of("debug.cubin", "-cubin", "-G", "-arch=sm_75"),
          List.of("ptx.fatbin", "-fatbin", "-arch=compute_75"),
          List.of("both.fatbin", "-fatbin", "-arch=sm_75"),
          List.of(
              "several.fatbin",
              "-fatbin",
              "-gencode=arch=compute_75,code=sm_75",
              "-gencode=arch=compute_80,code=sm_80",
              "-gencode=arch=compute_90,code=compute_90"),
          List.of("plain.fatbin", "-fatbin", "-arch=compute_75", "-no-compress"),
          List.of("all.fatbin", "-fatbin", "-arch=sm_75", "-Xfatbin", "-compress-all"),
          List.of("speed.fatbin", "-fatbin", "-arch=sm_75", "--compress-mode=speed"),
          List.of("size.fatbin", "-fatbin", "-arch=sm_75", "--compress-mode=size"),
          List.of("rdc.fatbin", "-fatbin", "-rdc=true", "-arch=sm_75"),
          List.of("debug.fatbin", "-fatbin", "-G", "-arch=sm_75"),
          List.of("lto.fatbin", "-fatbin", "-dlto", "-arch=lto_75", "-rdc=true"));

  private static final String KERNEL =
      """
      __constant__ float factor = 2;
      __device__ int counter[1000];
      __device__ int table[4] = {1, 2, 3, 4};
      __global__ void scale(float *values, int n) {
        __shared__ float part[256];
        int i = blockIdx.x * blockDim.x + threadIdx.x;
        part[threadIdx.x % 256] = values[i];
        __syncthreads();
        if (i < n) {
          values[i] *= factor * part[n % 256] + table[n % 4];
          counter[i % 1000]++;
        }
      }
      """;

  @TempDir private Path directory;
  private CCompiler compiler;

  @BeforeEach
  void findTheCompiler() throws Exception {
    compiler = CCompiler.orSkip(directory, "CApiTest");
  }

  /** The vectors of RFC 1319; the last is HMAC over it, computed by an independent program. */
  @Test
  void md2IsThatOfTheRfc() throws Exception {
    Path program = sanitized("md2_test", "md2.c");

    String output =
        pass(
            List.of(
                program.toString(),
                "",
                "a",
                "abc",
                "message digest",
                "abcdefghijklmnopqrstuvwxyz",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "1234567890".repeat(8),
                "-k",
                "Jefe",
                "what do ya want for nothing?"));

    assertThat(output.lines())
        .containsExactly(
            "8350e5a3e24c153df2275c9f80692773",
            "32ec01ec4a6dac72c0ab96fb34c0b5d1",
            "da853b0d3f88d99b30283a69e6ded6bb",
            "ab4f496bfb2a530b219ff33031fe06b0",
            "4e8ddff3650292ab5a4108c3aa47940b",
            "da33def2a42df13975352846c30338cd",
            "d5976f79d83d3a0dc9806c3c66f3efd8",
            "292f9d34f9e311846de86c495d7adfa2");
  }

  @Test
  void contextLocalValuesAreDestroyedWithTheirContext() throws Exception {
    Path program = sanitized("storage_test", "context_storage.c");

    assertThat(pass(List.of(program.toString()))).endsWith("PASS\n");
  }

  @Test
  void handlesAreFoundAfterManyChanges() throws Exception {
    Path program = sanitized("handle_map_test", "handle_map.c");

    String output = pass(List.of(program.toString(), Long.toString(SEED)));

    assertThat(output).as("seed " + SEED + " (-Dremora.test.seed)").endsWith("PASS\n");
  }

  @Test
  void launchesAreLaidOutAsTheFunctionSays() throws Exception {
    Path program =
        sanitized(
            "launch_test",
            "function.c",
            "launch_parameters.c",
            "launch_attributes.c",
            "launch_cluster.c",
            "jit_options.c",
            "handle_map.c",
            "wire.c");

    assertThat(pass(List.of(program.toString()))).endsWith("PASS\n");
  }

  @Test
  void linksBecomeTheImageThatTheProtocolDescribes() throws Exception {
    Path program = sanitized("link_set_test", "link_set.c");

    assertThat(pass(List.of(program.toString()))).endsWith("PASS\n");
  }

  @Test
  void whatKernelsPrintKeepsItsPlaceAmongTheProgramsLines() throws Exception {
    Path program = sanitized("output_test", "output.c");

    String output = pass(List.of(program.toString()));

    String numbers =
        IntStream.range(0, 20_000).mapToObj(Integer::toString).collect(Collectors.joining("\n"));
    assertThat(output).startsWith(numbers + "\nlittle\nxxx").endsWith("x\nPASS\n");
  }

  @Test
  void theRuntimesQuestionNeedsAKeyFromOutside() throws Exception {
    Path program = sanitized("integrity_test", "integrity.c", "runtime_key.c", "md2.c");

    String output = pass(List.of(program.toString(), directory.toString()));

    assertThat(output).endsWith("PASS\n");
    assertThat(output.lines())
        .filteredOn(line -> line.startsWith("runtime key: "))
        .hasSize(8)
        .allSatisfy(line -> assertThat(line).contains("REMORA_RUNTIME_KEY_FILE"))
        .allSatisfy(line -> assertThat(line).contains("docs/compatibility.md"));
  }

  @Test
  void imagesOfEveryFormTellTheirLength() throws Exception {
    Path program = sanitized("image_test", "image.c");
    assertThat(pass(List.of(program.toString()))).isEmpty();
    String nvcc = nvccOrSkip("imagesOfEveryFormTellTheirLength");
    Path source = directory.resolve("kernel.cu");
    Files.writeString(source, KERNEL);
    List<String> expected = new ArrayList<>();
    List<String> command = new ArrayList<>(List.of(program.toString()));
    for (List<String> image : IMAGES) {
      Path file = directory.resolve(image.get(0));
      List<String> words = new ArrayList<>(List.of(nvcc, "-o", file.toString(), source.toString()));
      words.addAll(image.subList(1, image.size()));
      CCompiler.Result result = compiler.run(words);
      assertThat(result.exitCode()).as(words + "\n" + result.output()).isZero();
      expected.add(file + " 0 " + Files.size(file));
      command.add(file.toString());
    }

    String output = pass(command);

    assertThat(output.lines()).containsExactlyElementsOf(expected);
  }

  /** As the CUDA runtime loads it, and nobody is at the other end. */
  @Test
  void theLibraryAnswersWhatNeedsNoServer() throws Exception {
    Path program =
        compiler.program(
            "library_test",
            List.of(
                CCompiler.TEST.resolve("library_test.c").toString(),
                CCompiler.GENERATED.resolve("remora_symbols.c").toString(),
                "-ldl"));

    String output = pass(List.of(program.toString(), LIBRARY.toAbsolutePath().toString()));

    assertThat(output).contains("PASS\n");
    // Once for each unknown slot and table, however often it is used.
    assertThat(output.lines().filter(line -> line.startsWith("remora: "))).hasSize(10);
    assertThat(output)
        .containsOnlyOnce("function 15 of the driver's internal table 6bd5fb6c-5bf4-e74a-8987")
        .containsOnlyOnce("internal table 01020304-0506-0708-090a-0b0c0d0e0fff");
  }

  private Path sanitized(String test, String... sources) throws Exception {
    List<String> arguments = new ArrayList<>(compiler.sanitizers());
    arguments.add("-pthread");
    arguments.add(CCompiler.TEST.resolve(test + ".c").toString());
    for (String source : sources) {
      arguments.add(CCompiler.MAIN.resolve(source).toString());
    }
    return compiler.program(test, arguments);
  }

  private String pass(List<String> command) throws Exception {
    CCompiler.Result result = compiler.run(command);
    assertThat(result.exitCode()).as(result.output()).isZero();
    return result.output();
  }

  private String nvccOrSkip(String test) throws Exception {
    String home = System.getenv("CUDA_HOME");
    String nvcc = home == null ? "nvcc" : Path.of(home, "bin", "nvcc").toString();
    boolean there;
    try {
      there = compiler.run(List.of(nvcc, "--version")).output().contains("release 13");
    } catch (IOException missing) {
      there = false;
    }
    assumeTrue(there, test + " is skipped: there is no nvcc of CUDA 13; set CUDA_HOME");
    return nvcc;
  }
}
