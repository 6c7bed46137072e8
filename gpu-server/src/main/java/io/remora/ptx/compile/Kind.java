// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Opcodes;

/** The JVM type that holds a value. */
enum Kind {
  INT("I", 1, Opcodes.ILOAD, Opcodes.ISTORE, "frameInt", "[I", Opcodes.IALOAD, Opcodes.IASTORE),
  LONG("J", 2, Opcodes.LLOAD, Opcodes.LSTORE, "frameLong", "[J", Opcodes.LALOAD, Opcodes.LASTORE),
  FLOAT("F", 1, Opcodes.FLOAD, Opcodes.FSTORE, "frameFloat", "[F", Opcodes.FALOAD, Opcodes.FASTORE),
  DOUBLE(
      "D", 2, Opcodes.DLOAD, Opcodes.DSTORE, "frameDouble", "[D", Opcodes.DALOAD, Opcodes.DASTORE);

  final String descriptor;
  final int slots;
  final int load;
  final int store;
  final String frameField;
  final String frameDescriptor;
  final int frameLoad;
  final int frameStore;

  Kind(
      String descriptor,
      int slots,
      int load,
      int store,
      String frameField,
      String frameDescriptor,
      int frameLoad,
      int frameStore) {
    this.descriptor = descriptor;
    this.slots = slots;
    this.load = load;
    this.store = store;
    this.frameField = frameField;
    this.frameDescriptor = frameDescriptor;
    this.frameLoad = frameLoad;
    this.frameStore = frameStore;
  }

  /** What instructions of this type work on. */
  static Kind of(PtxType type) {
    return switch (type) {
      case F32 -> FLOAT;
      case F64 -> DOUBLE;
      case B64, U64, S64, F32X2 -> LONG;
      default -> INT;
    };
  }
}
