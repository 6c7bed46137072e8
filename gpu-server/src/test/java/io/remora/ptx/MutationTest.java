// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.compile.ModuleCompiler;
import io.remora.ptx.parse.PtxLinker;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the text is, the outcome is a module whose code the JVM accepts, or a PtxException. */
final class MutationTest {
  private static final int ROUNDS = Integer.getInteger("mutations", 150);
  private static final String[] WORDS = {
    "%r1",
    "%f2",
    "%rd3",
    "%p1",
    ".f32",
    ".b64",
    ".shared",
    ".v4",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ";",
    ",",
    "@",
    "!",
    "0x",
    "4294967295",
    "-1",
    "0f3F800000",
    "0d0000000000000000",
    "bar.sync 0;",
    "shfl.sync.idx.b32 %r1|%p1, %r2, 0, 31, -1;",
    "ret;",
    "exit;",
    "trap;",
    "bra",
    ".reg",
    "%tid.x",
    "call",
    "_",
    "..",
    "::",
    "\u0000",
    "\"",
    "/*",
    "//",
    "<",
    ">",
    "+",
    "|"
  };

  private static String read(String name) throws IOException {
    try (InputStream stream = MutationTest.class.getResourceAsStream("/cuda/" + name)) {
      if (stream == null) {
        throw new IOException("no resource " + name);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void compile(String text) {
    try {
      // Not by PtxModule, which would make a refusal of the compiler's own mistakes.
      for (var kernel :
          ModuleCompiler.compile(
                  PtxLinker.link(List.of(new PtxText("text", text)), CompileOptions.DEFAULTS),
                  CompileOptions.DEFAULTS)
              .kernels()
              .values()) {
        assertThat(kernel.code().get()).isNotNull();
      }
    } catch (PtxException e) {
      assertThat(e.getMessage()).isNotBlank();
      assertThat(e.line()).isNotNegative();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reduction.ptx", "atomics.ptx", "control_flow.ptx", "small.ptx"})
  void mutatedModulesAreRefusedOrCompiled(String name) throws IOException {
    long seed = Long.getLong("seed", 20261123L);
    var random = new Random(seed);
    String original = read(name);
    for (int round = 0; round < ROUNDS; round++) {
      String text = mutate(original, random);
      try {
        compile(text);
      } catch (Throwable e) {
        throw new AssertionError("seed " + seed + ", round " + round + " of " + name, e);
      }
    }
  }

  private static String mutate(String original, Random random) {
    var text = new StringBuilder(original);
    for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
      int at = random.nextInt(text.length());
      int end = Math.min(text.length(), at + 1 + random.nextInt(12));
      switch (random.nextInt(5)) {
        case 0 -> text.delete(at, end);
        case 1 -> text.insert(at, WORDS[random.nextInt(WORDS.length)]);
        case 2 -> text.setCharAt(at, (char) (32 + random.nextInt(95)));
        case 3 -> moveLine(text, random);
        default -> {
          String piece = text.substring(at, end);
          text.insert(random.nextInt(text.length()), piece);
        }
      }
    }
    return text.toString();
  }

  private static void moveLine(StringBuilder text, Random random) {
    String[] lines = text.toString().split("\n", -1);
    String line = lines[random.nextInt(lines.length)];
    int at = text.indexOf("\n", random.nextInt(text.length()));
    text.insert(Math.max(at, 0), "\n" + line);
  }

  @Test
  void deepAndLongTextsAreRefusedNotFollowed() {
    String parentheses = "(".repeat(100_000);
    String braces = "{".repeat(100_000);
    for (String text :
        List.of(
            "",
            "\u0000\u0000",
            Rig.module(".global .u32 x = " + parentheses + "1"),
            Rig.module(".global .u32 x[2] = " + braces),
            Rig.module(".global .u32 x = " + "-".repeat(100_000) + "1;"),
            Rig.module(".global .u8 x[4611686018427387904][4][4];"),
            Rig.module(".entry k() " + braces),
            Rig.module(".entry k() { .reg .b32 %r<99999999999>; }"),
            Rig.module(".entry k() { .reg .b32 %r<200000000>; ret; }"),
            Rig.module(".entry k() { bra 1; }"),
            Rig.module(".entry k() { L: bra L; }"),
            Rig.module(".func f() { call f; ret; } .entry k() { call f; ret; }"),
            Rig.module(".func f() { bar.sync 0; call f; } .entry k() { call f; }"),
            Rig.module(".entry k() { add; }"),
            Rig.module(".entry k() { setp.lt.f32 _, 0, 0; }"),
            Rig.module(".entry k(.param .b8 x[100000]) { ret; }"),
            Rig.module(".entry k() { .shared .b8 x[1000000]; ret; }"),
            Rig.module(".entry k() { .local .b8 x[9000000000]; st.local.b8 [x], 1; ret; }"))) {
      compile(text);
    }
  }
}
