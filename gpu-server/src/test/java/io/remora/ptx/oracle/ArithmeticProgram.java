// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A random sequence of arithmetic instructions. Each thread loads all registers, runs the sequence
 * and stores all registers. Templates name operands by a letter for each class of registers. {@code
 * copysign} isn't among them: it would show the signs of NaNs, which the manual leaves open.
 */
final class ArithmeticProgram {
  /**
   * Registers of one class.
   *
   * @param letter its name in templates, and the first letter of its registers
   * @param bits width
   * @param count how many there are
   */
  record Registers(char letter, int bits, int count, Format format) {}

  private static final Format NONE = new Format(0, 0);

  /** All classes: integers, floats, packed floats. */
  static final List<Registers> CLASSES =
      List.of(
          new Registers('s', 32, 6, NONE),
          new Registers('l', 64, 4, NONE),
          new Registers('w', 16, 4, NONE),
          new Registers('f', 32, 5, Format.F32),
          new Registers('d', 64, 4, Format.F64),
          new Registers('h', 16, 4, Format.F16),
          new Registers('b', 16, 4, Format.BF16),
          new Registers('x', 32, 3, Format.F16),
          new Registers('y', 32, 3, Format.BF16));

  private static final int PREDICATES = 4;

  /** Bytes that a thread loads and stores: eight for each register. */
  static final int BYTES = 8 * CLASSES.stream().mapToInt(Registers::count).sum();

  private static final String[] TEMPLATES =
      ("""
      add.s32 $s,$s,$s|sub.u32 $s,$s,$s|add.sat.s32 $s,$s,$s|sub.sat.s32 $s,$s,$s|mul.lo.s32 $s,$s,$s
      mul.hi.s32 $s,$s,$s|mul.hi.u32 $s,$s,$s|mul.wide.s32 $l,$s,$s|mul.wide.u32 $l,$s,$s
      mad.lo.s32 $s,$s,$s,$s|mad.hi.u32 $s,$s,$s,$s|mad.wide.s32 $l,$s,$s,$l|mad.wide.u32 $l,$s,$s,$l
      mul24.lo.s32 $s,$s,$s|mul24.hi.u32 $s,$s,$s|mad24.lo.u32 $s,$s,$s,$s|sad.s32 $s,$s,$s,$s
      sad.u32 $s,$s,$s,$s|div.s32 $s,$s,%|div.u32 $s,$s,%|rem.s32 $s,$s,%|rem.u32 $s,$s,%|abs.s32 $s,$s
      neg.s32 $s,$s|min.s32 $s,$s,$s|max.u32 $s,$s,$s|min.u32 $s,$s,$s|max.s32 $s,$s,$s|add.s64 $l,$l,$l
      sub.s64 $l,$l,$l|mul.lo.s64 $l,$l,$l|mul.hi.s64 $l,$l,$l|mul.hi.u64 $l,$l,$l|mad.lo.u64 $l,$l,$l,$l
      div.s64 $l,$l,%|div.u64 $l,$l,%|rem.s64 $l,$l,%|rem.u64 $l,$l,%|min.u64 $l,$l,$l|max.s64 $l,$l,$l
      abs.s64 $l,$l|neg.s64 $l,$l|add.s16 $w,$w,$w|sub.u16 $w,$w,$w|mul.lo.s16 $w,$w,$w|mul.hi.s16 $w,$w,$w
      mul.hi.u16 $w,$w,$w|mul.wide.s16 $s,$w,$w|mul.wide.u16 $s,$w,$w|mad.lo.s16 $w,$w,$w,$w|min.s16 $w,$w,$w
      max.u16 $w,$w,$w|div.u16 $w,$w,%|rem.s16 $w,$w,%|abs.s16 $w,$w|neg.s16 $w,$w
      add.cc.u32 $s,$s,$s;addc.cc.u32 $s,$s,$s;addc.u32 $s,$s,$s|sub.cc.u32 $s,$s,$s;subc.u32 $s,$s,$s
      add.cc.u64 $l,$l,$l;addc.u64 $l,$l,$l|dp4a.u32.u32 $s,$s,$s,$s|dp4a.s32.s32 $s,$s,$s,$s|dp4a.u32.s32 $s,$s,$s,$s
      and.b32 $s,$s,$s|or.b64 $l,$l,$l|xor.b16 $w,$w,$w|not.b32 $s,$s|not.b64 $l,$l|cnot.b32 $s,$s|cnot.b16 $w,$w
      shl.b32 $s,$s,#|shl.b64 $l,$l,#|shl.b16 $w,$w,#|shr.u32 $s,$s,#|shr.s32 $s,$s,#|shr.u64 $l,$l,#|shr.s64 $l,$l,#
      shr.s16 $w,$w,#|shr.u16 $w,$w,#|shl.b32 $s,$s,$s|shr.s64 $l,$l,$s|shf.l.wrap.b32 $s,$s,$s,$s|shf.r.clamp.b32 $s,$s,$s,$s
      shf.l.clamp.b32 $s,$s,$s,#|shf.r.wrap.b32 $s,$s,$s,#|lop3.b32 $s,$s,$s,$s,@|prmt.b32 $s,$s,$s,$s|popc.b32 $s,$s
      popc.b64 $s,$l|clz.b32 $s,$s|clz.b64 $s,$l|brev.b32 $s,$s|brev.b64 $l,$l|bfind.u32 $s,$s|bfind.s32 $s,$s
      bfind.shiftamt.u64 $s,$l|bfind.s64 $s,$l|bfe.u32 $s,$s,#,#|bfe.s32 $s,$s,#,#|bfe.s64 $l,$l,#,#|bfe.u64 $l,$l,$s,$s
      bfi.b32 $s,$s,$s,#,#|bfi.b64 $l,$l,$l,#,#|mov.b32 $s,$s|mov.u64 $l,$l|mov.u32 $s,%tid.x|selp.b32 $s,$s,$s,$p
      selp.b64 $l,$l,$l,$p|selp.f32 $f,$f,$f,$p|slct.u32.s32 $s,$s,$s,$s|slct.f32.f32 $f,$f,$f,$f|slct.u64.s32 $l,$l,$l,$s
      setp.lt.s32 $p,$s,$s|setp.hi.u32 $p,$s,$s|setp.eq.s32 $p,$s,$s|setp.ge.u64 $p,$l,$l|setp.ne.b64 $p,$l,$l
      setp.le.s16 $p,$w,$w|setp.lt.and.s32 $p,$s,$s,$p|setp.gt.or.u32 $p,$s,$s,$p|setp.ne.xor.s32 $p,$s,$s,$p
      setp.lt.f32 $p,$f,$f|setp.geu.f32 $p,$f,$f|setp.num.f32 $p,$f,$f|setp.nan.f64 $p,$d,$d|setp.neu.f64 $p,$d,$d
      setp.eq.ftz.f32 $p,$f,$f|setp.le.f16 $p,$h,$h|set.lt.u32.s32 $s,$s,$s|set.ge.f32.f32 $f,$f,$f|and.pred $p,$p,$p
      or.pred $p,$p,$p|xor.pred $p,$p,$p|not.pred $p,$p|add.f32 $f,$f,$f|add.ftz.f32 $f,$f,$f|add.rz.f32 $f,$f,$f
      add.rm.f32 $f,$f,$f|add.rp.ftz.f32 $f,$f,$f|sub.rn.f32 $f,$f,$f|sub.rm.f32 $f,$f,$f|sub.sat.f32 $f,$f,$f
      mul.f32 $f,$f,$f|mul.rz.f32 $f,$f,$f|mul.rp.f32 $f,$f,$f|mul.ftz.sat.f32 $f,$f,$f|fma.rn.f32 $f,$f,$f,$f
      fma.rz.f32 $f,$f,$f,$f|fma.rm.f32 $f,$f,$f,$f|fma.rp.f32 $f,$f,$f,$f|fma.rn.ftz.f32 $f,$f,$f,$f|fma.rn.sat.f32 $f,$f,$f,$f
      div.rn.f32 $f,$f,$f|div.rz.f32 $f,$f,$f|div.rp.f32 $f,$f,$f|div.rm.ftz.f32 $f,$f,$f|rcp.rn.f32 $f,$f|rcp.rm.f32 $f,$f
      sqrt.rn.f32 $f,$f|sqrt.rp.f32 $f,$f|sqrt.rz.ftz.f32 $f,$f|min.f32 $f,$f,$f|max.f32 $f,$f,$f|max.NaN.f32 $f,$f,$f
      min.ftz.f32 $f,$f,$f|abs.f32 $f,$f|neg.f32 $f,$f|add.f64 $d,$d,$d|add.rz.f64 $d,$d,$d
      sub.rp.f64 $d,$d,$d|mul.f64 $d,$d,$d|mul.rm.f64 $d,$d,$d|fma.rn.f64 $d,$d,$d,$d|fma.rz.f64 $d,$d,$d,$d
      fma.rp.f64 $d,$d,$d,$d|div.rn.f64 $d,$d,$d|div.rm.f64 $d,$d,$d|rcp.rz.f64 $d,$d|sqrt.rn.f64 $d,$d|sqrt.rp.f64 $d,$d
      min.f64 $d,$d,$d|max.f64 $d,$d,$d|abs.f64 $d,$d|neg.f64 $d,$d|add.f16 $h,$h,$h|sub.f16 $h,$h,$h
      mul.f16 $h,$h,$h|fma.rn.f16 $h,$h,$h,$h|min.f16 $h,$h,$h|max.NaN.f16 $h,$h,$h|neg.f16 $h,$h|abs.f16 $h,$h
      add.sat.f16 $h,$h,$h|mul.ftz.f16 $h,$h,$h|add.rn.bf16 $b,$b,$b|mul.rn.bf16 $b,$b,$b|fma.rn.bf16 $b,$b,$b,$b
      max.bf16 $b,$b,$b|neg.bf16 $b,$b|add.f16x2 $x,$x,$x|mul.f16x2 $x,$x,$x|fma.rn.f16x2 $x,$x,$x,$x|max.f16x2 $x,$x,$x
      neg.f16x2 $x,$x|fma.rn.bf16x2 $y,$y,$y,$y|min.bf16x2 $y,$y,$y
      cvt.s64.s32 $l,$s|cvt.u64.u32 $l,$s|cvt.u32.u64 $s,$l|cvt.s32.s8 $s,$s|cvt.u32.u8 $s,$s|cvt.s32.s16 $s,$w
      cvt.u16.u32 $w,$s|cvt.sat.s16.s32 $w,$s|cvt.sat.u32.s32 $s,$s|cvt.sat.s32.s64 $s,$l|cvt.sat.u8.s32 $s,$s|cvt.rn.f32.s32 $f,$s
      cvt.rz.f32.u32 $f,$s|cvt.rm.f32.s64 $f,$l|cvt.rp.f32.u64 $f,$l|cvt.rn.f64.s32 $d,$s|cvt.rz.f64.u64 $d,$l|cvt.rp.f64.s64 $d,$l
      cvt.rzi.s32.f32 $s,$f|cvt.rni.u32.f32 $s,$f|cvt.rmi.s64.f32 $l,$f|cvt.rpi.u64.f64 $l,$d|cvt.rni.s32.f64 $s,$d
      cvt.rzi.u16.f32 $w,$f|cvt.rzi.ftz.s32.f32 $s,$f|cvt.f64.f32 $d,$f|cvt.rn.f32.f64 $f,$d|cvt.rz.f32.f64 $f,$d
      cvt.rm.ftz.f32.f64 $f,$d|cvt.rp.f32.f64 $f,$d|cvt.rni.f32.f32 $f,$f|cvt.rmi.f32.f32 $f,$f|cvt.rpi.f64.f64 $d,$d
      cvt.sat.f32.f32 $f,$f|cvt.f32.f16 $f,$h|cvt.rn.f16.f32 $h,$f|cvt.rz.f16.f32 $h,$f|cvt.rp.f16.f32 $h,$f|cvt.rn.f16.f64 $h,$d
      cvt.f32.bf16 $f,$b|cvt.rn.bf16.f32 $b,$f|cvt.rz.bf16.f32 $b,$f|cvt.rn.f16.s32 $h,$s|cvt.rzi.s32.f16 $s,$h
      vadd2.s32.s32.s32 $s,$s,$s,$s|vadd4.u32.u32.u32.sat $s,$s,$s,$s|vsub4.s32.s32.s32.sat $s,$s,$s,$s|vavrg4.u32.u32.u32 $s,$s,$s,$s
      vavrg2.s32.s32.s32 $s,$s,$s,$s|vabsdiff4.u32.u32.u32.add $s,$s,$s,$s|vmin2.s32.s32.s32 $s,$s,$s,$s|vmax4.u32.u32.u32 $s,$s,$s,$s
      vset4.u32.u32.lt $s,$s,$s,$s|vset2.u32.u32.ge.add $s,$s,$s,$s|vsub2.s32.u32.s32 $s,$s,$s,$s""")
          .split("[|\n]");

  private final SplittableRandom random;
  private final StringBuilder text = new StringBuilder();

  private ArithmeticProgram(SplittableRandom random) {
    this.random = random;
  }

  /** The module's text; its kernel is {@code test}. */
  static String text(SplittableRandom random, int instructions) {
    var program = new ArithmeticProgram(random);
    program.start();
    for (int i = 0; i < instructions; i++) {
      program.instruction();
    }
    program.end();
    return program.text.toString();
  }

  private void start() {
    text.append(".version 8.6\n.target sm_90\n.address_size 64\n");
    text.append(".visible .entry test(.param .u64 memory)\n{\n");
    for (Registers registers : CLASSES) {
      text.append(".reg .").append(type(registers)).append(' ').append('%');
      text.append(registers.letter()).append('<').append(registers.count()).append(">;\n");
    }
    text.append(".reg .pred %p<").append(PREDICATES).append(">;\n.reg .b64 %in;\n.reg .b32 %t;\n");
    text.append("ld.param.u64 %in, [memory];\nmov.u32 %t, %tid.x;\n");
    text.append("mad.wide.u32 %in, %t, ").append(BYTES).append(", %in;\n");
    move("ld", "%s, [%%in+%d];%n");
    for (int i = 0; i < PREDICATES; i++) {
      text.append("setp.gt.s32 %p").append(i).append(", %s").append(i).append(", 0;\n");
    }
  }

  private void move(String opcode, String form) {
    int offset = 0;
    for (Registers registers : CLASSES) {
      for (int i = 0; i < registers.count(); i++) {
        String name = "%" + registers.letter() + i;
        text.append(opcode).append(".global.b").append(registers.bits()).append(' ');
        text.append(
            opcode.equals("ld")
                ? String.format(form, name, offset)
                : String.format(form, offset, name));
        offset += 8;
      }
    }
  }

  private static String type(Registers registers) {
    return switch (registers.letter()) {
      case 'f' -> "f32";
      case 'd' -> "f64";
      default -> "b" + registers.bits();
    };
  }

  private void end() {
    move("st", "[%%in+%d], %s;%n");
    text.append("ret;\n}\n");
  }

  private void instruction() {
    String template = TEMPLATES[random.nextInt(TEMPLATES.length)].trim();
    boolean several = template.contains(";");
    if (!several && random.nextInt(5) == 0) {
      text.append(random.nextBoolean() ? "@%p" : "@!%p").append(random.nextInt(PREDICATES));
      text.append(' ');
    }
    boolean isDestination = true;
    for (int i = 0; i < template.length(); i++) {
      char c = template.charAt(i);
      if (c == '$') {
        operand(template.charAt(++i), isDestination);
        isDestination = false;
      } else if (c == '%' && template.indexOf("%tid", i) != i) {
        text.append(1 + random.nextInt(100));
      } else if (c == '#') {
        text.append(random.nextInt(70));
      } else if (c == '@') {
        text.append(random.nextInt(256));
      } else {
        isDestination |= c == ';';
        text.append(c);
      }
    }
    text.append(";\n");
  }

  private void operand(char letter, boolean isDestination) {
    boolean isInteger = letter == 's' || letter == 'l';
    if (!isDestination && isInteger && random.nextInt(8) == 0) {
      text.append(random.nextInt(-200, 200));
      return;
    }
    int count =
        letter == 'p'
            ? PREDICATES
            : CLASSES.stream().filter(c -> c.letter() == letter).findFirst().orElseThrow().count();
    text.append('%').append(letter).append(random.nextInt(count));
  }
}
