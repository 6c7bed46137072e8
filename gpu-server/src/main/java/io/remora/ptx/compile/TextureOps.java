// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.image.ImageQuery;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.Opcodes;

/** {@code tex}, {@code tld4} and {@code txq} (PTX ISA 9.7.10). */
final class TextureOps {
  static final String GEOMETRIES = "1d 2d 3d a1d a2d cube acube ";
  static final String QUERIES =
      "width height depth channel_data_type channel_order array_size num_samples ";

  private static final String UNIT = "io/remora/ptx/image/TextureUnit";
  private static final String[] CHANNELS = {"r", "g", "b", "a"};

  private TextureOps() {}

  /**
   * How coordinates are written.
   *
   * @param dimensions coordinates that count
   * @param layered whether a layer comes first
   * @param cube whether they are a direction
   */
  record Geometry(int dimensions, boolean layered, boolean cube) {
    static Geometry of(Instruction at) throws PtxException {
      for (String modifier : at.modifiers()) {
        switch (modifier) {
          case "1d", "2d", "3d":
            return new Geometry(modifier.charAt(0) - '0', false, false);
          case "a1d", "a2d":
            return new Geometry(modifier.charAt(1) - '0', true, false);
          case "cube", "acube":
            return new Geometry(3, modifier.equals("acube"), true);
          default:
        }
      }
      throw at.unsupported("this geometry");
    }

    /** Pushes layer, x, y and z; those that aren't there are 0. */
    void push(Instruction at, Operand coordinates, PtxType type, Code code) throws PtxException {
      List<Operand> parts = elements(coordinates);
      int first = layered ? 1 : 0;
      if (parts.size() < first + dimensions || parts.size() > 4) {
        throw at.syntax(at.name() + " needs " + (first + dimensions) + " coordinates");
      }
      if (layered) {
        code.push(at, parts.get(0), PtxType.U32);
      } else {
        code.constant(0);
      }
      pushVector(at, parts.subList(first, first + dimensions), type, code);
    }
  }

  /** Pushes three numbers; those that aren't there are 0. */
  private static void pushVector(Instruction at, List<Operand> parts, PtxType type, Code code)
      throws PtxException {
    for (int i = 0; i < 3; i++) {
      if (i < parts.size()) {
        code.push(at, parts.get(i), type);
      } else {
        code.op(type == PtxType.F32 ? Opcodes.FCONST_0 : Opcodes.ICONST_0);
      }
    }
  }

  static List<Operand> elements(Operand operand) {
    return operand instanceof Operand.Group group ? group.elements() : List.of(operand);
  }

  static void tex(Instruction at, Code code) throws PtxException {
    PtxType type = texelType(at);
    PtxType coordinateType = at.type(1);
    Geometry geometry = Geometry.of(at);
    boolean gradient = at.has("grad");
    boolean level = at.has("level");
    IntegerOps.require(at, coordinateType == PtxType.F32 || coordinateType == PtxType.S32);
    refuseMore(at, gradient ? 5 : level ? 4 : 3);
    begin(at, code);
    if (!geometry.cube()) {
      code.constant(geometry.dimensions());
    }
    geometry.push(at, Code.operand(at, 2), coordinateType, code);
    if (gradient) {
      IntegerOps.require(at, !geometry.cube() && coordinateType == PtxType.F32);
      for (int n = 3; n <= 4; n++) {
        List<Operand> steps = elements(Code.operand(at, n));
        int counted = Math.min(steps.size(), geometry.dimensions());
        pushVector(at, steps.subList(0, counted), PtxType.F32, code);
      }
      call(code, "sampleGradient", "(JIIFFFFFFFFF)V");
    } else if (coordinateType == PtxType.S32) {
      IntegerOps.require(at, !geometry.cube());
      pushLevel(at, level, PtxType.S32, code);
      call(code, "fetch", "(JIIIIII)V");
    } else {
      pushLevel(at, level, PtxType.F32, code);
      call(
          code,
          geometry.cube() ? "sampleCube" : "sample",
          geometry.cube() ? "(JIFFFF)V" : "(JIIFFFF)V");
    }
    store(at, type, code);
  }

  private static void pushLevel(Instruction at, boolean level, PtxType type, Code code)
      throws PtxException {
    if (level) {
      code.push(at, 3, type);
    } else {
      code.op(type == PtxType.F32 ? Opcodes.FCONST_0 : Opcodes.ICONST_0);
    }
  }

  static void gather(Instruction at, Code code) throws PtxException {
    PtxType type = texelType(at);
    Geometry geometry = Geometry.of(at);
    IntegerOps.require(at, geometry.dimensions() == 2 && at.type(1) == PtxType.F32);
    refuseMore(at, 3);
    begin(at, code);
    code.constant(channel(at));
    List<Operand> parts = elements(Code.operand(at, 2));
    int first = geometry.layered() ? 1 : 0;
    if (parts.size() < first + 2) {
      throw at.syntax(at.name() + " needs " + (first + 2) + " coordinates");
    }
    if (geometry.layered()) {
      code.push(at, parts.get(0), PtxType.U32);
    } else {
      code.constant(0);
    }
    code.push(at, parts.get(first), PtxType.F32);
    code.push(at, parts.get(first + 1), PtxType.F32);
    call(code, "gather", "(JIIFF)V");
    store(at, type, code);
  }

  private static int channel(Instruction at) throws PtxException {
    for (int i = 0; i < CHANNELS.length; i++) {
      if (at.has(CHANNELS[i])) {
        return i;
      }
    }
    throw at.syntax("tld4 names no channel");
  }

  static void query(Instruction at, Code code) throws PtxException {
    begin(at, code);
    code.constant(what(at).ordinal());
    if (at.has("level")) {
      code.push(at, 2, PtxType.B32);
    } else {
      code.constant(0);
    }
    call(code, "query", "(JII)I");
    code.store(at, 0, PtxType.B32);
  }

  static ImageQuery what(Instruction at) throws PtxException {
    for (String modifier : at.modifiers()) {
      @Nullable ImageQuery query = ImageQuery.named(modifier);
      if (query != null) {
        return query;
      }
    }
    throw at.syntax(at.name() + " asks for nothing");
  }

  private static PtxType texelType(Instruction at) throws PtxException {
    PtxType type = at.type(0);
    IntegerOps.require(
        at, at.has("v4") && (type == PtxType.F32 || type == PtxType.U32 || type == PtxType.S32));
    return type;
  }

  private static void refuseMore(Instruction at, int operands) throws PtxException {
    if (at.operands().size() > operands) {
      throw at.unsupported("offsets and comparisons");
    }
  }

  /** Pushes the unit and the texture object. */
  private static void begin(Instruction at, Code code) throws PtxException {
    pushUnit(code);
    pushObject(at, 1, code);
  }

  /** Pushes the object that an operand in brackets names. */
  static void pushObject(Instruction at, int n, Code code) throws PtxException {
    Operand.Address address = MemoryOps.address(at, n);
    if (address.offset() != 0 || !(address.base() instanceof Operand.Reg)) {
      throw at.unsupported("an image must be an object in a register");
    }
    code.push(at, address.base(), PtxType.U64);
  }

  private static void pushUnit(Code code) {
    int local =
        code.locals.uniformReference(
            "textures",
            c -> {
              c.context();
              c.contextCall("textures", "()L" + UNIT + ";");
            });
    code.method.visitVarInsn(Opcodes.ALOAD, local);
  }

  private static void call(Code code, String name, String descriptor) {
    code.method.visitMethodInsn(Opcodes.INVOKEVIRTUAL, UNIT, name, descriptor, false);
  }

  /** Every texel is there: no image is sparse. */
  private static void store(Instruction at, PtxType type, Code code) throws PtxException {
    Operand destination = Code.operand(at, 0);
    if (destination instanceof Operand.Pair pair) {
      code.constant(1);
      code.store(at, pair.second(), PtxType.PRED);
      destination = pair.first();
    }
    List<Operand> parts = elements(destination);
    if (parts.size() != CHANNELS.length) {
      throw at.syntax(at.name() + " needs 4 registers but names " + parts.size());
    }
    for (int i = 0; i < CHANNELS.length; i++) {
      pushUnit(code);
      code.method.visitFieldInsn(Opcodes.GETFIELD, UNIT, CHANNELS[i], "I");
      code.convert(Kind.INT, Kind.of(type));
      code.store(at, parts.get(i), type);
    }
  }
}
