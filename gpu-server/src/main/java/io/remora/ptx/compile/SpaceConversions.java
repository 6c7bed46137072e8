// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Variable.Space;
import org.objectweb.asm.Opcodes;

/** {@code cvta} and {@code isspacep}: between the addresses of one space and generic ones. */
final class SpaceConversions {
  private SpaceConversions() {}

  static void cvta(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    if (type.bits() != 64) {
      throw at.unsupported("addresses have 64 bits here");
    }
    if (at.has(ClusterOps.CLUSTER_SPACE)) {
      ClusterOps.cluster(code);
      code.push(at, 1, type);
      ClusterOps.call(code, at.has("to") ? "fromGeneric" : "toGeneric", "(J)J");
      code.store(at, 0, type);
      return;
    }
    code.push(at, 1, type);
    Space space = space(at);
    if (at.has("to")) {
      fromGeneric(code, at, space);
    } else {
      toGeneric(code, at, space);
    }
    code.store(at, 0, type);
  }

  private static Space space(Instruction at) throws PtxException {
    for (String modifier : at.modifiers()) {
      switch (modifier) {
        case "global":
          return Space.GLOBAL;
        case "const":
          return Space.CONST;
        case "shared", "shared::cta":
          return Space.SHARED;
        case "local":
          return Space.LOCAL;
        case "param", "param::entry":
          return Space.PARAM;
        default:
      }
    }
    throw at.syntax(at.name() + " names no state space");
  }

  static void toGeneric(Code code, Instruction at, Space space) throws PtxException {
    if (pushBase(code, at, space)) {
      code.op(Opcodes.LADD);
    }
  }

  private static void fromGeneric(Code code, Instruction at, Space space) throws PtxException {
    if (pushBase(code, at, space)) {
      code.op(Opcodes.LSUB);
    }
  }

  /** Pushes the generic address where a space begins; false if the two are the same. */
  private static boolean pushBase(Code code, Instruction at, Space space) throws PtxException {
    switch (space) {
      case GLOBAL, CONST -> {
        return false;
      }
      case SHARED -> uniform(code, "sharedAddress");
      case LOCAL -> {
        code.context();
        code.thread();
        code.contextCall("localAddress", "(I)J");
      }
      case PARAM -> {
        if (!code.unit.isKernel()) {
          throw at.unsupported("generic addresses of a function's parameters");
        }
        uniform(code, "parameterAddress");
      }
    }
    return true;
  }

  private static void uniform(Code code, String field) {
    int local =
        code.locals.uniform(
            field,
            Kind.LONG,
            c -> {
              c.context();
              c.contextField(field, "J");
            });
    code.method.visitVarInsn(Opcodes.LLOAD, local);
  }

  static void isspacep(Instruction at, Code code) throws PtxException {
    if (at.has(ClusterOps.CLUSTER_SPACE)) {
      ClusterOps.cluster(code);
      code.push(at, 1, PtxType.U64);
      ClusterOps.call(code, "isShared", "(J)I");
      code.store(at, 0, PtxType.PRED);
      return;
    }
    Space space = space(at);
    code.context();
    if (space == Space.LOCAL) {
      code.thread();
    }
    code.push(at, 1, PtxType.U64);
    switch (space) {
      case GLOBAL -> code.contextCall("isGlobal", "(J)I");
      case SHARED -> code.contextCall("isShared", "(J)I");
      case LOCAL -> code.contextCall("isLocal", "(IJ)I");
      case PARAM -> code.contextCall("isParameter", "(J)I");
      case CONST -> throw at.unsupported("constant memory is part of global memory here");
    }
    code.store(at, 0, PtxType.PRED);
  }
}
