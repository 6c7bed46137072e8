// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.remora.calls.CallTable;
import io.remora.calls.DriverSymbol;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How {@code cuGetProcAddress} will choose among the forms of a name. */
class CSymbolsTest {
  private static final Path RUNTIME_LOOKUPS =
      Path.of("..", "..", "shared", "research", "cudart13-lookups.txt");

  @TempDir private Path directory;
  private CCompiler compiler;
  private Path program;

  @BeforeEach
  void compile() throws Exception {
    compiler = CCompiler.orSkip(directory, "CSymbolsTest");
    program =
        compiler.program(
            "symbols_test",
            List.of(
                CCompiler.TEST.resolve("symbols_test.c").toString(),
                CCompiler.GENERATED.resolve("remora_symbols.c").toString()));
  }

  /** Name, version asked for, flags; the symbol or a dash; the status of cuGetProcAddress. */
  @Test
  void theNewestFormThatTheVersionHadIsFound() throws Exception {
    List<String> known =
        List.of(
            "cuInit 2000 0 cuInit 0",
            "cuInit 13000 0 cuInit 0",
            "cuMemAlloc 2000 0 cuMemAlloc 0",
            "cuMemAlloc 3010 0 cuMemAlloc 0",
            "cuMemAlloc 3020 0 cuMemAlloc_v2 0",
            "cuMemAlloc 13000 0 cuMemAlloc_v2 0",
            "cuMemAlloc 1999 0 - 2",
            "cuMemAlloc -1 0 - 2",
            "cuMemAlloc_v2 13000 0 - 1",
            "cuMemAllo 13000 0 - 1",
            "cuMemAllocX 13000 0 - 1",
            "zz 13000 0 - 1",
            "- 0 0 - 1",
            "cuGetProcAddress 11030 0 cuGetProcAddress 0",
            "cuGetProcAddress 12000 0 cuGetProcAddress_v2 0",
            "cuGetProcAddress 11020 0 - 2",
            "cuCtxGetDevice 2000 0 cuCtxGetDevice 0",
            "cuCtxGetDevice 13000 0 cuCtxGetDevice_v2 0",
            "cuCtxSynchronize 12080 0 cuCtxSynchronize 0",
            "cuCtxCreate 12040 0 cuCtxCreate_v3 0",
            "cuCtxCreate 12050 0 cuCtxCreate_v4 0",
            "cuDeviceGetUuid 9020 0 cuDeviceGetUuid 0",
            "cuDeviceGetUuid 11040 0 cuDeviceGetUuid_v2 0",
            "cuEventElapsedTime 12070 0 cuEventElapsedTime 0",
            "cuEventElapsedTime 12080 0 cuEventElapsedTime_v2 0",
            "cuMemcpyHtoD 7000 0 cuMemcpyHtoD_v2 0",
            "cuMemcpyHtoD 7000 2 cuMemcpyHtoD_v2_ptds 0",
            "cuMemcpyHtoD 6050 2 cuMemcpyHtoD_v2 0",
            "cuMemAllocAsync 11020 2 cuMemAllocAsync_ptsz 0",
            "cuLaunchKernel 13000 2 cuLaunchKernel_ptsz 0",
            "cuLaunchKernel 13000 1 cuLaunchKernel 0",
            "cuInit 13000 2 cuInit 0",
            "cuStreamGetCaptureInfo 10010 2 cuStreamGetCaptureInfo_ptsz 0",
            "cuStreamGetCaptureInfo 11030 0 cuStreamGetCaptureInfo_v2 0",
            "cuStreamGetCaptureInfo 12030 2 cuStreamGetCaptureInfo_v3_ptsz 0",
            "cuGraphAddNode 12020 0 cuGraphAddNode 0",
            "cuGraphAddNode 12030 0 cuGraphAddNode_v2 0");

    assertThat(find(known)).containsExactlyElementsOf(known);
  }

  @Test
  void everySymbolIsFoundByItsNameAndVersion() throws Exception {
    List<String> known =
        DriverSymbol.of(CallTable.load()).stream()
            .map(
                each ->
                    each.name()
                        + " "
                        + each.since()
                        + (each.perThreadStream() ? " 2 " : " 0 ")
                        + each.symbol()
                        + " 0")
            .toList();

    assertThat(known).hasSizeGreaterThan(600);
    assertThat(find(known)).containsExactlyElementsOf(known);
  }

  @Test
  void whatTheRuntimeAsksForIsFoundUnlessTheTableLacksTheName() throws Exception {
    assumeTrue(
        Files.isReadable(RUNTIME_LOOKUPS),
        "whatTheRuntimeAsksFor is skipped: there is no list of lookups at " + RUNTIME_LOOKUPS);
    Set<String> names =
        DriverSymbol.of(CallTable.load()).stream()
            .map(DriverSymbol::name)
            .collect(Collectors.toSet());
    List<String> asked =
        Files.readAllLines(RUNTIME_LOOKUPS).stream().filter(each -> each.startsWith("cu")).toList();

    List<String> found = find(asked);

    assertThat(found).hasSameSizeAs(asked).hasSizeGreaterThan(400);
    assertThat(found)
        .allSatisfy(
            line -> {
              boolean known = names.contains(line.substring(0, line.indexOf(' ')));
              assertThat(line).endsWith(known ? " 0" : " - 1");
            });
  }

  /** Looks up the first three words of each line. */
  private List<String> find(List<String> lines) throws Exception {
    Path file = directory.resolve("lookups.txt");
    Files.write(
        file,
        lines.stream()
            .map(each -> String.join(" ", List.of(each.split(" ")).subList(0, 3)))
            .toList());
    CCompiler.Result result = compiler.run(List.of(program.toString(), file.toString()));
    assertThat(result.exitCode()).as(result.output()).isZero();
    return result.output().lines().toList();
  }
}
