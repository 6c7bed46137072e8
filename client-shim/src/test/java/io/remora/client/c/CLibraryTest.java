// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.calls.CallTable;
import io.remora.calls.DriverSymbol;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library that the build makes, as a dynamic linker sees it. */
class CLibraryTest {
  private static final Path LIBRARY = Path.of("target", "native", "libcuda.so.1");

  @TempDir private Path directory;

  private List<String> lines(String... command) throws Exception {
    CCompiler.Result result = CCompiler.orSkip(directory, "CLibraryTest").run(List.of(command));
    assertThat(result.exitCode()).as(result.output()).isZero();
    return result.output().lines().toList();
  }

  @Test
  void exportsTheSymbolsOfTheTableAndNothingElse() throws Exception {
    assertThat(lines("nm", "-D", "--defined-only", LIBRARY.toString()))
        .extracting(each -> each.substring(each.lastIndexOf(' ') + 1))
        .containsExactlyInAnyOrderElementsOf(
            DriverSymbol.of(CallTable.load()).stream().map(DriverSymbol::symbol).toList());
  }

  @Test
  void hasTheDriversNameAndStaysOnceLoaded() throws Exception {
    List<String> entries = lines("readelf", "-dW", LIBRARY.toString());

    assertThat(entries)
        .anyMatch(each -> each.contains("SONAME") && each.contains("[libcuda.so.1]"));
    assertThat(entries).anyMatch(each -> each.contains("FLAGS_1") && each.contains("NODELETE"));
    assertThat(entries).anyMatch(each -> each.contains("FLAGS_1") && each.contains("NOW"));
  }

  @Test
  void needsOnlyWhatTheDocumentationNames() throws Exception {
    assertThat(lines("readelf", "-dW", LIBRARY.toString()))
        .filteredOn(each -> each.contains("(NEEDED)"))
        .extracting(each -> each.replaceAll(".*\\[(.*?)\\.so.*", "$1"))
        .isSubsetOf(
            "libnghttp2", "libssl", "libcrypto", "libc", "libpthread", "libdl", "ld-linux-x86-64");
  }

  @Test
  void managementLibraryShowsItsOwnSymbolsOnly() throws Exception {
    Path management = LIBRARY.resolveSibling("libnvidia-ml.so.1");

    assertThat(lines("nm", "-D", "--defined-only", management.toString()))
        .extracting(each -> each.substring(each.lastIndexOf(' ') + 1))
        .contains("nvmlInit_v2", "nvmlDeviceGetMemoryInfo")
        .allMatch(each -> each.startsWith("nvml"));
    assertThat(lines("readelf", "-dW", management.toString()))
        .anyMatch(each -> each.contains("SONAME") && each.contains("[libnvidia-ml.so.1]"));
  }
}
