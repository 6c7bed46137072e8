// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import java.util.SplittableRandom;

/**
 * A random program of branches, loops, barriers, shuffles and accesses, whose conditions and
 * addresses mostly depend on the thread's number as those of real kernels do. Threads write to
 * shared memory and to their own results only between barriers, so that there is one right answer.
 */
final class StructuredProgram {
  /** Words of global memory that all threads read. */
  static final int WORDS = 1024;

  /** Words that each thread stores at the end. */
  static final int RESULTS = 8;

  private static final int VARIABLES = 6;
  private static final int DEPTH_MAX = 3;

  private final SplittableRandom random;
  private final StringBuilder text = new StringBuilder();
  private int fresh;
  private boolean threadsHaveEnded;

  private StructuredProgram(SplittableRandom random) {
    this.random = random;
  }

  /** The module's text; its kernel is {@code test}. */
  static String text(SplittableRandom random) {
    var program = new StructuredProgram(random);
    program.line(".version 8.6\n.target sm_90\n.address_size 64");
    program.line(".visible .entry test(.param .u64 memory)\n{\n.shared .align 16 .b8 tile[2048];");
    program.line(".reg .b32 %v<6>, %r<400>;\n.reg .f32 %g<2>;\n.reg .b64 %a<400>, %base;");
    program.line(
        ".reg .pred %p<400>;\nld.param.u64 %base, [memory];\ncvta.to.global.u64 %base, %base;");
    program.line(
        "mov.u32 %r0, %tid.x;\nmov.u32 %r1, tile;\nmov.f32 %g0, 0f3F800000;\nmov.f32 %g1, 0f00000000;");
    program.fresh = 2;
    for (int i = 0; i < VARIABLES; i++) {
      program.line(
          "mad.lo.s32 %v" + i + ", %r0, " + (i % 3) + ", " + program.random.nextInt(50) + ";");
    }
    program.statements(8, 0, true);
    program.store();
    program.line("ret;\n}");
    return program.text.toString();
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private String variable() {
    return "%v" + random.nextInt(VARIABLES);
  }

  private String fresh(String kind) {
    return "%" + kind + fresh++;
  }

  /**
   * @param together whether all threads come here alike, so that they may wait for one another
   */
  private void statements(int count, int depth, boolean together) {
    for (int i = 0; i < count && fresh < 360; i++) {
      switch (random.nextInt(depth < DEPTH_MAX ? 12 : 7)) {
        case 0, 1 -> arithmetic();
        case 2, 3 -> loadGlobal();
        case 4 -> line("fma.rn.f32 %g1, %g0, %g0, %g1;");
        case 5 -> exchange(together);
        case 6 -> shuffle(together);
        case 7, 8 -> branch(depth, together);
        case 9, 10 -> loop(depth, together);
        default -> stride();
      }
    }
    if (depth == 0 && random.nextInt(4) == 0) {
      line("setp.ge.u32 %p399, %r0, " + (32 + random.nextInt(60)) + ";\n@%p399 bra done;");
      threadsHaveEnded = true;
      statements(3, 1, true);
      line("done:");
    }
  }

  private void arithmetic() {
    String[] forms = {
      "add.s32 %s, %s, %s;",
      "sub.s32 %s, %s, %s;",
      "mul.lo.s32 %s, %s, %s;",
      "xor.b32 %s, %s, %s;",
      "min.s32 %s, %s, %s;",
      "and.b32 %s, %s, %s;"
    };
    String form = forms[random.nextInt(forms.length)];
    String last = random.nextBoolean() ? variable() : "" + random.nextInt(-9, 9);
    line(String.format(form, variable(), random.nextInt(3) == 0 ? "%r0" : variable(), last));
  }

  /**
   * An index that is certain to be inside: the thread's number times a step, or anything masked.
   */
  private String index() {
    String index = fresh("r");
    switch (random.nextInt(5)) {
      case 0 -> line("and.b32 " + index + ", " + variable() + ", " + (WORDS / 2 - 1) + ";");
      case 1 -> line("mov.u32 " + index + ", " + random.nextInt(WORDS / 2) + ";");
      case 2 -> line("sub.s32 " + index + ", " + (100 + random.nextInt(800)) + ", %r0;");
      default ->
          line(
              "mad.lo.s32 "
                  + index
                  + ", %r0, "
                  + (1 + random.nextInt(4))
                  + ", "
                  + random.nextInt(600)
                  + ";");
    }
    return index;
  }

  private void loadGlobal() {
    String index = index();
    String address = fresh("a");
    if (random.nextBoolean()) {
      line("mad.wide.s32 " + address + ", " + index + ", 4, %base;");
    } else {
      String wide = fresh("a");
      line("mul.wide.s32 " + wide + ", " + index + ", 4;");
      line("add.s64 " + address + ", %base, " + wide + ";");
    }
    int offset = 4 * random.nextInt(4);
    if (random.nextInt(3) == 0) {
      line("ld.global.f32 %g0, [" + address + "+" + offset + "];");
    } else {
      line("ld.global.u32 " + variable() + ", [" + address + "+" + offset + "];");
    }
  }

  private String address(String index) {
    String address = fresh("r");
    line("shl.b32 " + address + ", " + index + ", 2;");
    String sum = fresh("r");
    line("add.s32 " + sum + ", %r1, " + address + ";");
    return sum;
  }

  /** Each thread writes its word of shared memory, all wait, and each reads another's. */
  private void exchange(boolean together) {
    if (!together) {
      arithmetic();
      return;
    }
    line("bar.sync 0;");
    line("st.shared.u32 [" + address("%r0") + "], " + variable() + ";");
    line("bar.sync 0;");
    String other = fresh("r");
    int limit = threadsHaveEnded ? 31 : 63;
    switch (random.nextInt(threadsHaveEnded ? 2 : 3)) {
      case 2 -> line("xor.b32 " + other + ", %r0, " + random.nextInt(32) + ";");
      case 0 -> line("mov.u32 " + other + ", " + random.nextInt(limit) + ";");
      default -> line("and.b32 " + other + ", " + variable() + ", " + limit + ";");
    }
    line("ld.shared.u32 " + variable() + ", [" + address(other) + "];");
    line("bar.sync 0;");
  }

  private void shuffle(boolean together) {
    if (!together || threadsHaveEnded) {
      arithmetic();
      return;
    }
    String mode = new String[] {"up", "down", "bfly", "idx"}[random.nextInt(4)];
    String limit = mode.equals("up") ? "0" : "31";
    line(
        "shfl.sync."
            + mode
            + ".b32 "
            + variable()
            + ", "
            + variable()
            + ", "
            + random.nextInt(32)
            + ", "
            + limit
            + ", -1;");
  }

  private void branch(int depth, boolean together) {
    String predicate = fresh("p");
    String label = "L" + fresh++;
    boolean uniform = false;
    String relation = new String[] {"lt", "ge", "eq", "ne", "gt"}[random.nextInt(5)];
    switch (random.nextInt(4)) {
      case 0 -> line("setp." + relation + ".s32 " + predicate + ", " + variable() + ", 20;");
      case 1 -> {
        String count = fresh("r");
        line("mov.u32 " + count + ", %ntid.x;");
        line("setp." + relation + ".u32 " + predicate + ", " + count + ", 96;");
        uniform = true;
      }
      default ->
          line("setp." + relation + ".u32 " + predicate + ", %r0, " + random.nextInt(97) + ";");
    }
    if (random.nextInt(3) == 0) {
      String other = fresh("p");
      String both = fresh("p");
      line("setp.gt.s32 " + other + ", %r0, " + random.nextInt(90) + ";");
      line(
          (random.nextBoolean() ? "or" : "and")
              + ".pred "
              + both
              + ", "
              + predicate
              + ", "
              + other
              + ";");
      predicate = both;
      uniform = false;
    }
    line((random.nextBoolean() ? "@" : "@!") + predicate + " bra " + label + ";");
    statements(2, depth + 1, together && uniform);
    if (random.nextBoolean()) {
      String end = "L" + fresh++;
      line("bra " + end + ";\n" + label + ":");
      statements(2, depth + 1, together && uniform);
      line(end + ":");
    } else {
      line(label + ":");
    }
  }

  private void loop(int depth, boolean together) {
    String counter = fresh("r");
    String predicate = fresh("p");
    String label = "L" + fresh++;
    boolean uniform = random.nextInt(3) > 0;
    line("mov.u32 " + counter + ", 0;");
    String limit = "" + (1 + random.nextInt(4));
    if (!uniform) {
      limit = fresh("r");
      line("and.b32 " + limit + ", " + (random.nextBoolean() ? "%r0" : variable()) + ", 3;");
    }
    line(label + ":");
    statements(2, depth + 1, together && uniform);
    line("add.s32 " + counter + ", " + counter + ", 1;");
    line("setp.lt.s32 " + predicate + ", " + counter + ", " + limit + ";");
    line("@" + predicate + " bra " + label + ";");
  }

  /** A loop over memory as of a grid that is smaller than its data. */
  private void stride() {
    String index = fresh("r");
    String wide = fresh("a");
    String address = fresh("a");
    String step = fresh("r");
    String predicate = fresh("p");
    String word = fresh("r");
    String label = "L" + fresh++;
    line("mov.u32 " + step + ", %ntid.x;");
    line("mov.u32 " + index + ", %r0;");
    line(label + ":");
    line("mul.wide.s32 " + wide + ", " + index + ", 4;");
    line("add.s64 " + address + ", %base, " + wide + ";");
    line("ld.global.u32 " + word + ", [" + address + "];");
    line("add.s32 %v0, %v0, " + word + ";");
    line("add.s32 " + index + ", " + index + ", " + step + ";");
    line("setp.lt.s32 " + predicate + ", " + index + ", " + (200 + random.nextInt(800)) + ";");
    line("@" + predicate + " bra " + label + ";");
  }

  private void store() {
    String address = fresh("a");
    line("mad.wide.u32 " + address + ", %r0, " + 4 * RESULTS + ", %base;");
    for (int i = 0; i < VARIABLES; i++) {
      line("st.global.u32 [" + address + "+" + 4 * (WORDS + i) + "], %v" + i + ";");
    }
    line("st.global.f32 [" + address + "+" + 4 * (WORDS + VARIABLES) + "], %g1;");
  }
}
