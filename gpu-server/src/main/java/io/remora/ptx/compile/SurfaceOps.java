// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.image.SurfaceUnit;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.util.List;
import org.objectweb.asm.Opcodes;

/** {@code suld}, {@code sust} and {@code suq} (PTX ISA 9.7.11). */
final class SurfaceOps {
  private static final String UNIT = "io/remora/ptx/image/SurfaceUnit";

  private SurfaceOps() {}

  static void load(Instruction at, Code code) throws PtxException {
    PtxType type = elementType(at);
    List<Operand> parts = elements(at, Code.operand(at, 0));
    pushUnit(code);
    TextureOps.pushObject(at, 1, code);
    pushPlace(at, 2, code);
    code.constant(type.bytes());
    code.constant(parts.size());
    code.constant(outside(at));
    call(code, "load", "(JIIIIII)V");
    for (int i = 0; i < parts.size(); i++) {
      pushLanes(code);
      code.constant(i);
      code.op(Opcodes.LALOAD);
      code.convert(Kind.LONG, Kind.of(type));
      code.extend(type, 32);
      code.store(at, parts.get(i), type);
    }
  }

  static void store(Instruction at, Code code) throws PtxException {
    boolean formatted = at.has("p");
    PtxType type = elementType(at);
    List<Operand> parts = elements(at, Code.operand(at, 2));
    IntegerOps.require(at, !formatted || type == PtxType.B32);
    for (int i = 0; i < parts.size(); i++) {
      pushLanes(code);
      code.constant(i);
      code.pushNarrowing(at, parts.get(i), type);
      code.convert(Kind.of(type), Kind.LONG);
      code.op(Opcodes.LASTORE);
    }
    pushUnit(code);
    TextureOps.pushObject(at, 0, code);
    pushPlace(at, 1, code);
    if (!formatted) {
      code.constant(type.bytes());
    }
    code.constant(parts.size());
    code.constant(outside(at));
    call(code, formatted ? "storeFormatted" : "store", formatted ? "(JIIIII)V" : "(JIIIIII)V");
  }

  static void query(Instruction at, Code code) throws PtxException {
    pushUnit(code);
    TextureOps.pushObject(at, 1, code);
    code.constant(TextureOps.what(at).ordinal());
    call(code, "query", "(JI)I");
    code.store(at, 0, PtxType.B32);
  }

  private static PtxType elementType(Instruction at) throws PtxException {
    PtxType type = at.type(0);
    IntegerOps.require(at, type.family() == PtxType.Family.BITS && type.bits() <= 64);
    return type;
  }

  private static List<Operand> elements(Instruction at, Operand operand) throws PtxException {
    int wanted = at.has("v2") ? 2 : at.has("v4") ? 4 : 1;
    List<Operand> parts = TextureOps.elements(operand);
    if (parts.size() != wanted) {
      throw at.syntax(at.name() + " needs " + wanted + " registers but names " + parts.size());
    }
    return parts;
  }

  /** Pushes x, y, and z or the layer. */
  private static void pushPlace(Instruction at, int n, Code code) throws PtxException {
    TextureOps.Geometry geometry = TextureOps.Geometry.of(at);
    IntegerOps.require(at, !geometry.cube());
    List<Operand> parts = TextureOps.elements(Code.operand(at, n));
    int first = geometry.layered() ? 1 : 0;
    if (parts.size() < first + geometry.dimensions() || parts.size() > 4) {
      throw at.syntax(at.name() + " needs " + (first + geometry.dimensions()) + " coordinates");
    }
    for (int i = 0; i < 3; i++) {
      if (i < geometry.dimensions()) {
        code.push(at, parts.get(first + i), PtxType.S32);
      } else if (i == 2 && geometry.layered()) {
        code.push(at, parts.get(0), PtxType.U32);
      } else {
        code.constant(0);
      }
    }
  }

  private static int outside(Instruction at) throws PtxException {
    if (at.has("trap")) {
      return SurfaceUnit.TRAP;
    }
    if (at.has("clamp")) {
      return SurfaceUnit.CLAMP;
    }
    if (at.has("zero")) {
      return SurfaceUnit.ZERO;
    }
    throw at.syntax(at.name() + " doesn't say what lies outside");
  }

  private static void pushUnit(Code code) {
    int local =
        code.locals.uniformReference(
            "surfaces",
            c -> {
              c.context();
              c.contextCall("surfaces", "()L" + UNIT + ";");
            });
    code.method.visitVarInsn(Opcodes.ALOAD, local);
  }

  private static void pushLanes(Code code) {
    pushUnit(code);
    code.method.visitFieldInsn(Opcodes.GETFIELD, UNIT, "lanes", "[J");
  }

  private static void call(Code code, String name, String descriptor) {
    code.method.visitMethodInsn(Opcodes.INVOKEVIRTUAL, UNIT, name, descriptor, false);
  }
}
