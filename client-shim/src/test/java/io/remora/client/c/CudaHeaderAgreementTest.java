// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The C client's types and signatures beside those of an installed toolkit, where there is one. */
class CudaHeaderAgreementTest {
  /** The header declares its old symbols only if this is defined. */
  private static final String BOTH_HEADERS =
      """
      #define __CUDA_API_VERSION_INTERNAL
      #include <cuda.h>
      #if CUDA_VERSION < 13000
      #error older than the table
      #endif
      #define REMORA_TYPES_OF_CUDA_H
      #include "remora_exports.h"
      """;

  @TempDir private Path directory;
  private CCompiler compiler;
  private String include;

  @BeforeEach
  void findTheHeader() throws Exception {
    compiler = CCompiler.orSkip(directory, "CudaHeaderAgreementTest");
    String home = System.getenv("CUDA_HOME");
    Optional<Path> found =
        Stream.of(home == null ? "/usr/local/cuda" : home, "/usr/local/cuda", "/usr")
            .map(root -> Path.of(root, "include"))
            .filter(each -> Files.isReadable(each.resolve("cuda.h")))
            .findFirst();
    assumeTrue(
        found.isPresent(),
        "CudaHeaderAgreementTest is skipped: there is no cuda.h in $CUDA_HOME/include, "
            + "/usr/local/cuda/include or /usr/include");
    include = found.get().toString();
  }

  @Test
  void theExportedFunctionsHaveTheSignaturesOfCudaH() throws Exception {
    CCompiler.Result result = declareBoth(BOTH_HEADERS);

    assumeTrue(
        !result.output().contains("older than the table"),
        "CudaHeaderAgreementTest is skipped: the table is that of CUDA 13.0, cuda.h is older");
    assertThat(result.exitCode()).as(result.output()).isZero();
  }

  @Test
  void anotherSignatureIsNoticed() throws Exception {
    CCompiler.Result result =
        declareBoth("#include <cuda.h>\nCUresult cuMemFreeHost(CUdeviceptr p);\n");

    assertThat(result.exitCode()).isNotZero();
    assertThat(result.output()).contains("cuMemFreeHost");
  }

  @Test
  void theStructuresHaveTheLayoutOfCudaH() throws Exception {
    String source = CCompiler.TEST.resolve("layout_test.c").toString();
    Path ours = compiler.program("ours", List.of(source));
    Path theirs =
        compiler.program(
            "theirs", List.of("-DREMORA_LAYOUT_OF_CUDA_H", "-isystem", include, source));

    assertThat(compiler.run(List.of(ours.toString())).output())
        .contains("CUDA_MEMCPY2D 128")
        .isEqualTo(compiler.run(List.of(theirs.toString())).output());
  }

  private CCompiler.Result declareBoth(String text) throws Exception {
    Path source = directory.resolve("both.c");
    Files.writeString(source, text);
    return compiler.compile(List.of("-isystem", include, "-fsyntax-only", source.toString()));
  }
}
