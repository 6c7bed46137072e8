// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The example of {@code docs/ptx.md}; the page must show exactly what runs here. */
final class LibraryExampleTest {
  private static final String PTX =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .visible .entry twice(.param .u64 values)
      {
        .reg .b32 %r<4>;
        .reg .b64 %rd<4>;
        ld.param.u64 %rd1, [values];
        mov.u32 %r1, %tid.x;
        mul.wide.u32 %rd2, %r1, 4;
        add.s64 %rd3, %rd1, %rd2;
        ld.global.u32 %r2, [%rd3];
        add.u32 %r3, %r2, %r2;
        st.global.u32 [%rd3], %r3;
        ret;
      }
      """;

  private static int[] twice(String ptx, int[] values) throws PtxException, KernelFault {
    // example
    long base = 1L << 40;
    try (var memory = new AddressSpace(base, 16 << 20, 1 << 20);
        var executor = new PtxExecutor(2)) {
      memory.commit(base, AddressSpace.PAGE_BYTES);
      ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      data.asIntBuffer().put(values);
      memory.write(base, data.duplicate());

      PtxModule module = PtxModule.compile(ptx, CompileOptions.DEFAULTS);
      PtxInstance instance = module.instantiate(memory, global -> base);
      ByteBuffer parameters = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      parameters.putLong(0, base);
      executor.launch(
          instance, "twice", LaunchShape.linear(1, values.length), parameters, new LaunchControl());

      memory.read(base, data);
      int[] results = new int[values.length];
      data.flip().asIntBuffer().get(results);
      return results;
    }
    // end of example
  }

  @Test
  void theExampleRuns() throws PtxException, KernelFault {
    assertThat(twice(PTX, new int[] {1, 2, 30})).containsExactly(2, 4, 60);
  }

  @Test
  void thePageShowsTheExample() throws IOException {
    String source =
        Files.readString(Path.of("src/test/java/io/remora/ptx/LibraryExampleTest.java"));
    int start = source.indexOf("    // example\n") + "    // example\n".length();
    String example = source.substring(start, source.indexOf("    // end of example")).indent(-4);
    assertThat(Files.readString(Path.of("..", "docs", "ptx.md"))).contains(example);
  }
}
