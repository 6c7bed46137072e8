// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxFence;
import io.remora.ptx.PtxGlobal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** NVIDIA's own assembler takes fenced texts. */
final class FencedAssemblyTest {
  private static final Path SOURCES = Path.of("src/main/cuda");

  /** Aligned and not: addresses are masked in different ways. */
  private static final long[] WINDOWS = {0x7f00_0000_0000L, 0x7f00_0001_0000L};

  /** What the device programs don't have. */
  private static final String OTHER_FORMS =
      """
      .version 8.3
      .target sm_90
      .address_size 64
      .extern .func (.param .b32 result) vprintf (.param .b64 text, .param .b64 values);
      .visible .const .align 4 .f32 factors[3] = {0f3F800000, 0f40000000, 0f40400000};
      .global .align 1 .b8 text[4] = {104, 105, 10, 0};
      .visible .entry forms(.param .u64 out, .param .align 8 .b8 structure[16], .param .u32 n)
      .maxntid 128, 1, 1
      {
        .reg .pred %p<4>;
        .reg .b32 %r<16>;
        .reg .f32 %f<16>;
        .reg .b64 %d<16>;
        .shared .align 128 .b8 room[2048];
        .shared .align 8 .b64 arrived;
        ld.param.u64 %d1, [out];
        ld.param.u32 %r1, [n];
        mov.u64 %d2, factors;
        cvta.const.u64 %d2, %d2;
        ld.f32 %f1, [%d2+4];
        mov.b64 %d3, structure;
        cvta.param.u64 %d3, %d3;
        ld.u32 %r2, [%d3+8];
        mov.u32 %r3, room;
        cvt.u64.u32 %d4, %r3;
        cvta.shared.u64 %d4, %d4;
        mapa.u64 %d5, %d4, 0;
        st.u32 [%d5], %r2;
        mov.u32 %r4, arrived;
        mbarrier.init.shared::cta.b64 [%r4], 1;
        cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r3], [%d1+16], %r1, [%r4];
        cp.async.bulk.global.shared::cta.bulk_group [%d1], [%r3], 256;
        cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%d1], [%r3], %r1;
        cp.async.bulk.prefetch.L2.global [%d1], 256;
        cp.async.bulk.commit_group;
        cp.async.bulk.wait_group 0;
        cp.async.cg.shared.global.L2::128B [%r3], [%d1+64], 16, %r1;
        cp.async.wait_all;
        wmma.load.c.sync.aligned.row.m16n16k16.f32 {%f1,%f2,%f3,%f4,%f5,%f6,%f7,%f8}, [%d1];
        wmma.store.d.sync.aligned.col.m16n16k16.global.f32 [%d1], {%f1,%f2,%f3,%f4,%f5,%f6,%f7,%f8}, 32;
        ways: .branchtargets one, two;
        brx.idx %r1, ways;
        one: prefetch.global.L2 [%d1]; bra two;
        two: discard.global.L2 [%d1], 128;
        applypriority.global.L2::evict_normal [%d1], 128;
        { .param .b64 t; .param .b64 v; .param .b32 r;
          mov.u64 %d6, text;
          cvta.global.u64 %d7, text;
          st.param.b64 [t], %d7;
          st.param.b64 [v], %d6;
          call.uni (r), vprintf, (t, v); }
        ret;
      }
      """;

  @BeforeEach
  void needAssembler() throws InterruptedException {
    boolean found;
    try {
      found = run(List.of("ptxas", "--version")).contains("release 13");
    } catch (IOException none) {
      found = false;
    }
    assumeTrue(found, "needs ptxas of CUDA 13 on the PATH to assemble fenced texts");
  }

  static List<Path> texts() throws IOException {
    try (Stream<Path> all = Files.list(SOURCES)) {
      return all.filter(file -> file.toString().endsWith(".ptx")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("texts")
  void everyDeviceProgramIsAssembled(Path text, @TempDir Path folder) throws Exception {
    assemble(Files.readString(text), WINDOWS[0], folder);
  }

  @Test
  void soAreAllOtherForms(@TempDir Path folder) throws Exception {
    for (long window : WINDOWS) {
      assemble(OTHER_FORMS, window, folder);
    }
  }

  private static void assemble(String text, long window, Path folder)
      throws IOException, InterruptedException, PtxException {
    PtxFence fence = PtxFence.of(text, CompileOptions.DEFAULTS);
    Map<String, Long> places = new HashMap<>();
    for (PtxGlobal variable : fence.variables()) {
      places.put(variable.name(), window + 512L * places.size());
    }
    Path fenced = folder.resolve("fenced.ptx");
    Files.writeString(fenced, fence.fenced(window, 1L << 32, places));
    String output =
        run(
            List.of(
                "ptxas",
                "-arch",
                "sm_90",
                fenced.toString(),
                "-o",
                folder.resolve("fenced.cubin").toString()));
    assertThat(folder.resolve("fenced.cubin")).as(output).isNotEmptyFile();
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("%s ended", command).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
