// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.calls.CallTable;
import io.remora.calls.DriverSymbol;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The exported functions: all there, nothing else, and what the derived ones do. */
class CStubsTest {
  private static final List<String> SOURCES =
      List.of(
          CCompiler.GENERATED.resolve("remora_stubs.c").toString(),
          CCompiler.GENERATED.resolve("remora_symbols.c").toString(),
          CCompiler.GENERATED.resolve("remora_calls.c").toString(),
          CCompiler.MAIN.resolve("wire.c").toString());

  @TempDir private Path directory;

  @Test
  void theLibraryExportsExactlyTheSymbolsOfTheTable() throws Exception {
    CCompiler compiler = CCompiler.orSkip(directory, "CStubsTest");
    Path map = CCompiler.GENERATED.resolve("remora_exports.map");
    List<String> flags = List.of("-shared", "-Wl,--version-script=" + map);
    Path library = compiler.program("libcuda.so.1", concat(flags, SOURCES));

    CCompiler.Result result =
        compiler.run(List.of("nm", "-D", "--defined-only", library.toString()));

    assertThat(result.exitCode()).as(result.output()).isZero();
    assertThat(result.output().lines().map(each -> each.substring(each.lastIndexOf(' ') + 1)))
        .containsExactlyInAnyOrderElementsOf(
            DriverSymbol.of(CallTable.load()).stream().map(DriverSymbol::symbol).toList());
  }

  @Test
  void derivedFunctionsEncodeTheirArgumentsAndStoreTheirOutputs() throws Exception {
    CCompiler compiler = CCompiler.orSkip(directory, "CStubsTest");
    List<String> own =
        List.of(
            "-no-pie",
            "-Wl,--unresolved-symbols=ignore-all",
            CCompiler.TEST.resolve("stubs_test.c").toString());
    Path program = compiler.program("stubs_test", concat(own, SOURCES));

    CCompiler.Result result = compiler.run(List.of(program.toString()));

    assertThat(result.exitCode()).as(result.output()).isZero();
    assertThat(result.output().lines())
        .containsExactly(
            "sync cuMemAlloc 10ac02",
            "end 1",
            "0",
            "address 128",
            "null 1",
            "sync cuMemAlloc 10ac02",
            "end 0",
            "malformed 999",
            "sync cuMemAlloc 10ac02",
            "failure 2",
            "address 128",
            "sync cuMemGetAddressRange 188001",
            "end 1",
            "nullable 0",
            "size 7",
            "async cuMemsetD8 08800110ff011803",
            "0",
            "async cuMemsetD8Async 08800110ff011803204d",
            "0",
            "async cuMemsetD8Async 08800110ff0118032009",
            "0",
            "async cuEventCreate 088080041001",
            "0",
            "event 65536",
            "async cuEventRecord 08808004104d",
            "0",
            "no event 400",
            "async cuFuncSetAttribute 0805100918ffffffffffffffffff01",
            "negative 0",
            "not forwarded 801",
            "async cuMemsetD8 08800110ff011803",
            "traced cuMemsetD8_v2 1",
            "0",
            "traced cuMipmappedArrayCreate 3");
  }

  private static List<String> concat(List<String> first, List<String> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }
}
