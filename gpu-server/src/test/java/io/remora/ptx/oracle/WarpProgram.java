// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import java.util.SplittableRandom;

/**
 * A random program of warp operations, with all of a warp's threads, with those of one side of a
 * branch, of one round of a loop, or of one value of {@code match}. {@code %m} always holds the
 * threads that are together; values come from the data, and so do the branches.
 */
final class WarpProgram {
  /** Words that each thread loads at the start, and those that it stores at the end. */
  static final int INPUTS = 8;

  static final int RESULTS = 12;

  private static final int VARIABLES = 6;
  private static final int DEPTH_MAX = 3;
  private static final String[] OPERATIONS = {
    "shfl.sync.up.b32 $v|$q, $v, #, 0, %m;",
    "shfl.sync.down.b32 $v|$q, $v, #, 31, %m;",
    "shfl.sync.bfly.b32 $v|$q, $v, #, 31, %m;",
    "shfl.sync.idx.b32 $v|$q, $v, #, 31, %m;",
    "shfl.sync.up.b32 $v|$q, $v, $v, $v, %m;",
    "shfl.sync.down.b32 $v|$q, $v, $v, $v, %m;",
    "shfl.sync.bfly.b32 $v|$q, $v, $v, $v, %m;",
    "shfl.sync.idx.b32 $v|$q, $v, $v, $v, %m;",
    "shfl.sync.idx.b32 $v, $v, $v, 6175, %m;",
    "vote.sync.all.pred $q, $q, %m;",
    "vote.sync.all.pred $q, !$q, %m;",
    "vote.sync.any.pred $q, $q, %m;",
    "vote.sync.any.pred $q, !$q, %m;",
    "vote.sync.uni.pred $q, $q, %m;",
    "vote.sync.ballot.b32 $v, $q, %m;",
    "vote.sync.ballot.b32 $v, !$q, %m;",
    "match.any.sync.b32 $v, $v, %m;",
    "match.any.sync.b64 $v, $l, %m;",
    "match.all.sync.b32 $v|$q, $v, %m;",
    "match.all.sync.b64 $v|$q, $l, %m;",
    "match.all.sync.b32 $v, $v, %m;",
    "redux.sync.add.u32 $v, $v, %m;",
    "redux.sync.add.s32 $v, $v, %m;",
    "redux.sync.min.u32 $v, $v, %m;",
    "redux.sync.min.s32 $v, $v, %m;",
    "redux.sync.max.u32 $v, $v, %m;",
    "redux.sync.max.s32 $v, $v, %m;",
    "redux.sync.and.b32 $v, $v, %m;",
    "redux.sync.or.b32 $v, $v, %m;",
    "redux.sync.xor.b32 $v, $v, %m;",
    "elect.sync $v|$q, %m;",
    "elect.sync _|$q, %m;",
    "bar.warp.sync %m;\nactivemask.b32 $v;"
  };
  private static final String[] ARITHMETIC = {
    "add.s32 $v, $v, $v;",
    "xor.b32 $v, $v, %laneid;",
    "and.b32 $v, $v, #;",
    "mul.lo.s32 $v, $v, 7;",
    "mov.u32 $v, %tid.x;",
    "setp.lt.s32 $q, $v, $v;",
    "setp.eq.s32 $q, $v, $v;",
    "setp.gt.u32 $q, %laneid, #;",
    "xor.pred $q, $q, $q;",
    "mul.wide.s32 $l, $v, $v;",
    "cvt.u64.u32 $l, $v;",
    "selp.b32 $v, $v, $v, $q;"
  };

  private final SplittableRandom random;
  private final StringBuilder text = new StringBuilder();
  private int fresh;

  private WarpProgram(SplittableRandom random) {
    this.random = random;
  }

  /** The module's text; its kernel is {@code test}. */
  static String text(SplittableRandom random) {
    var program = new WarpProgram(random);
    program.start();
    program.statements(10, 0);
    program.end();
    return program.text.toString();
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private void start() {
    line(".version 8.6\n.target sm_90\n.address_size 64");
    line(".visible .entry test(.param .u64 memory)\n{");
    line(".reg .b32 %v<6>, %m, %n<400>;\n.reg .b64 %l<2>, %base;\n.reg .pred %q<4>, %p<400>;");
    line("ld.param.u64 %base, [memory];\nmov.u32 %m, %tid.x;");
    line("mad.wide.u32 %base, %m, " + 4 * (INPUTS + RESULTS) + ", %base;");
    for (int i = 0; i < VARIABLES; i++) {
      line("ld.global.u32 %v" + i + ", [%base+" + 4 * i + "];");
    }
    line("ld.global.u64 %l0, [%base+24];\ncvt.s64.s32 %l1, %v0;\nmov.b32 %m, -1;");
    for (int i = 0; i < 4; i++) {
      line("setp.gt.s32 %q" + i + ", %v" + i + ", 0;");
    }
  }

  private void end() {
    for (int i = 0; i < VARIABLES; i++) {
      line("st.global.u32 [%base+" + 4 * (INPUTS + i) + "], %v" + i + ";");
    }
    line("st.global.u64 [%base+" + 4 * (INPUTS + 6) + "], %l0;");
    for (int i = 0; i < 4; i++) {
      line("selp.u32 %v0, 1, 0, %q" + i + ";");
      line("st.global.u32 [%base+" + 4 * (INPUTS + 8 + i) + "], %v0;");
    }
    line("ret;\n}");
  }

  private String name(String kind) {
    return "%" + kind + fresh++;
  }

  private void statements(int count, int depth) {
    for (int i = 0; i < count && fresh < 350; i++) {
      switch (random.nextInt(depth < DEPTH_MAX ? 15 : 10)) {
        case 0, 1, 2 -> statement(ARITHMETIC);
        case 3, 4, 5, 6, 7, 8, 9 -> statement(OPERATIONS);
        case 10, 11 -> branch(depth);
        case 12 -> loop(depth);
        case 13 -> partition(depth);
        default -> twoPlaces();
      }
    }
    if (depth == 0 && random.nextInt(3) == 0) {
      leave();
    }
  }

  private void statement(String[] templates) {
    line(fill(templates[random.nextInt(templates.length)]));
  }

  private String fill(String template) {
    var filled = new StringBuilder();
    for (int i = 0; i < template.length(); i++) {
      char c = template.charAt(i);
      if (c == '$') {
        char kind = template.charAt(++i);
        int count = kind == 'v' ? VARIABLES : kind == 'q' ? 4 : 2;
        filled.append('%').append(kind).append(random.nextInt(count));
      } else if (c == '#') {
        filled.append(random.nextInt(32));
      } else {
        filled.append(c);
      }
    }
    return filled.toString();
  }

  /** A condition, and the mask of the threads that it holds for. */
  private String condition(String predicate) {
    String mask = name("n");
    switch (random.nextInt(3)) {
      case 0 -> line(fill("setp.gt.u32 " + predicate + ", %laneid, #;"));
      case 1 -> line(fill("setp.lt.s32 " + predicate + ", $v, $v;"));
      default -> {
        String bit = name("n");
        line(fill("and.b32 " + bit + ", $v, " + (1 << random.nextInt(4)) + ";"));
        line("setp.ne.u32 " + predicate + ", " + bit + ", 0;");
      }
    }
    line("vote.sync.ballot.b32 " + mask + ", " + predicate + ", %m;");
    return mask;
  }

  private void branch(int depth) {
    String predicate = name("p");
    String before = name("n");
    String label = "L" + fresh++;
    String end = "L" + fresh++;
    line("mov.b32 " + before + ", %m;");
    String taken = condition(predicate);
    line("@" + predicate + " bra " + label + ";");
    line("not.b32 %m, " + taken + ";\nand.b32 %m, %m, " + before + ";");
    statements(2, depth + 1);
    line("bra " + end + ";\n" + label + ":\nmov.b32 %m, " + taken + ";");
    statements(2, depth + 1);
    line(end + ":\nmov.b32 %m, " + before + ";");
    if (random.nextBoolean()) {
      line("bar.warp.sync %m;");
    }
  }

  /** A loop that the threads of a warp leave one after the other. */
  private void loop(int depth) {
    String left = name("n");
    String before = name("n");
    String predicate = name("p");
    String label = "L" + fresh++;
    line("mov.b32 " + before + ", %m;");
    line(fill("and.b32 " + left + ", $v, 3;"));
    line(label + ":");
    statements(2, depth + 1);
    line("setp.ne.s32 " + predicate + ", " + left + ", 0;");
    line("sub.s32 " + left + ", " + left + ", 1;");
    line("vote.sync.ballot.b32 %m, " + predicate + ", %m;");
    line("@" + predicate + " bra " + label + ";\nmov.b32 %m, " + before + ";");
  }

  /** Threads that are at one place, with several masks. */
  private void partition(int depth) {
    String before = name("n");
    String key = name("n");
    line("mov.b32 " + before + ", %m;");
    line(fill("and.b32 " + key + ", $v, " + (1 + random.nextInt(7)) + ";"));
    line("match.any.sync.b32 %m, " + key + ", " + before + ";");
    statements(3, random.nextBoolean() ? depth + 1 : DEPTH_MAX);
    line("mov.b32 %m, " + before + ";");
  }

  /** The same operation at two places, where both sides of a branch meet. */
  private void twoPlaces() {
    String predicate = name("p");
    String label = "L" + fresh++;
    String end = "L" + fresh++;
    String operation = OPERATIONS[random.nextInt(OPERATIONS.length - 1)];
    line(fill("setp.lt.s32 " + predicate + ", $v, $v;"));
    line("@" + predicate + " bra " + label + ";");
    line(fill(operation));
    statement(ARITHMETIC);
    line("bra " + end + ";\n" + label + ":");
    statement(ARITHMETIC);
    line(fill(operation));
    line(end + ":");
  }

  /** Some threads end; the masks of the others may go on naming them. */
  private void leave() {
    String predicate = name("p");
    String gone = condition(predicate);
    line("@" + predicate + " bra done;");
    if (random.nextBoolean()) {
      line("not.b32 " + gone + ", " + gone + ";\nand.b32 %m, %m, " + gone + ";");
    }
    statements(4, 1);
    line("done:");
  }
}
