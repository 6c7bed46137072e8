// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.Operand.Reg;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Variable;
import java.util.List;
import org.objectweb.asm.Opcodes;

/** {@code ld} and {@code st} of all spaces (PTX ISA 9.7.9). */
final class MemoryOps {
  private MemoryOps() {}

  /** How an access finds its memory. */
  enum Path {
    GENERIC,
    SHARED,
    /** Shared memory of any block of the cluster. */
    CLUSTER,
    LOCAL,
    PARAMETER
  }

  static void load(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    List<Operand> destinations = elements(at, Code.operand(at, 0));
    Operand.Address address = address(at, 1);
    boolean ordered = isOrdered(at);
    if (destinations.size() == 1) {
      PtxType as = carrier(code, destinations.get(0), type);
      if (isInline(at, code)) {
        code.method.visitVarInsn(Opcodes.ALOAD, memory(code));
        pushAddress(at, address, code);
        code.call(at, "Access.load" + suffix(as));
      } else if (isKernelParameter(at, address, code)) {
        pushParameterValue(at, address, as, code);
      } else {
        pushHost(at, address, type.bytes(), code);
        code.call(at, "Access.rawLoad" + suffix(as));
      }
      if (ordered) {
        code.call(at, "Access.acquireFence");
      }
      code.extend(as, 32);
      code.store(at, destinations.get(0), as);
      return;
    }
    pushHost(at, address, type.bytes() * destinations.size(), code);
    int host = code.locals.temporary(2);
    code.method.visitVarInsn(Opcodes.LSTORE, host);
    for (int i = 0; i < destinations.size(); i++) {
      PtxType as = carrier(code, destinations.get(i), type);
      pushElement(code, host, i * type.bytes());
      code.call(at, "Access.rawLoad" + suffix(as));
      code.extend(as, 32);
      code.store(at, destinations.get(i), as);
    }
    if (ordered) {
      code.call(at, "Access.acquireFence");
    }
  }

  static void store(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    List<Operand> sources = elements(at, Code.operand(at, 1));
    Operand.Address address = address(at, 0);
    if (isOrdered(at)) {
      code.call(at, "Access.releaseFence");
    }
    if (sources.size() == 1) {
      PtxType as = carrier(code, sources.get(0), type);
      if (isInline(at, code)) {
        code.method.visitVarInsn(Opcodes.ALOAD, memory(code));
        pushAddress(at, address, code);
        code.pushNarrowing(at, sources.get(0), as);
        code.call(at, "Access.store" + suffix(as));
      } else {
        pushHost(at, address, type.bytes(), code);
        code.pushNarrowing(at, sources.get(0), as);
        code.call(at, "Access.rawStore" + suffix(as));
      }
      return;
    }
    pushHost(at, address, type.bytes() * sources.size(), code);
    int host = code.locals.temporary(2);
    code.method.visitVarInsn(Opcodes.LSTORE, host);
    for (int i = 0; i < sources.size(); i++) {
      PtxType as = carrier(code, sources.get(i), type);
      pushElement(code, host, i * type.bytes());
      code.pushNarrowing(at, sources.get(i), as);
      code.call(at, "Access.rawStore" + suffix(as));
    }
  }

  private static boolean isInline(Instruction at, Code code) throws PtxException {
    return path(at) == Path.GENERIC && !PageCache.isWorthIt(code) && !code.verified.contains(at);
  }

  /** Bytes that one load or store moves. */
  static int accessBytes(Instruction at) throws PtxException {
    return at.type(0).bytes() * (at.has("v2") ? 2 : at.has("v4") ? 4 : at.has("v8") ? 8 : 1);
  }

  private static void pushElement(Code code, int host, int offset) {
    code.method.visitVarInsn(Opcodes.LLOAD, host);
    if (offset != 0) {
      code.constant((long) offset);
      code.op(Opcodes.LADD);
    }
  }

  /** Untyped bits move as what the register is kept as, so that they need no conversion. */
  static PtxType carrier(Code code, Operand operand, PtxType type) {
    if (operand instanceof Reg reg && type.family() == PtxType.Family.BITS) {
      Kind kind = code.kind(reg.register());
      if (type == PtxType.B32 && kind == Kind.FLOAT) {
        return PtxType.F32;
      }
      if (type == PtxType.B64 && kind == Kind.DOUBLE) {
        return PtxType.F64;
      }
    }
    return type;
  }

  /** Whether a load is of one register and without an order to others. */
  static boolean isPlain(Instruction at) throws PtxException {
    return !isOrdered(at) && elements(at, Code.operand(at, 0)).size() == 1;
  }

  private static boolean isOrdered(Instruction at) {
    return at.has("volatile")
        || at.has("relaxed")
        || at.has("acquire")
        || at.has("release")
        || at.has("mmio");
  }

  private static List<Operand> elements(Instruction at, Operand operand) throws PtxException {
    int wanted = at.has("v2") ? 2 : at.has("v4") ? 4 : at.has("v8") ? 8 : 1;
    List<Operand> elements =
        operand instanceof Operand.Group group ? group.elements() : List.of(operand);
    if (elements.size() != wanted) {
      throw at.syntax(at.name() + " needs " + wanted + " registers but names " + elements.size());
    }
    return elements;
  }

  static Operand.Address address(Instruction at, int n) throws PtxException {
    if (Code.operand(at, n) instanceof Operand.Address address) {
      return address;
    }
    throw at.syntax("operand " + (n + 1) + " of " + at.name() + " must be an address in brackets");
  }

  static Path path(Instruction at) throws PtxException {
    for (String modifier : at.modifiers()) {
      switch (modifier) {
        case "shared", "shared::cta":
          return Path.SHARED;
        case ClusterOps.CLUSTER_SPACE:
          return Path.CLUSTER;
        case "local":
          return Path.LOCAL;
        case "param", "param::entry", "param::func":
          return Path.PARAMETER;
        default:
      }
    }
    return Path.GENERIC;
  }

  private static String suffix(PtxType type) {
    return switch (type) {
      case F32 -> "Float";
      case F64 -> "Double";
      default ->
          switch (type.bits()) {
            case 8 -> "Byte";
            case 16 -> "Short";
            case 64 -> "Long";
            default -> "Int";
          };
    };
  }

  /** The local that holds the device memory. */
  static int memory(Code code) {
    return code.locals.uniformReference(
        "memory",
        c -> {
          c.context();
          c.contextField("memory", Code.MEMORY_DESCRIPTOR);
        });
  }

  /** Pushes a checked host address for an access of this length. */
  static void pushHost(Instruction at, Operand.Address address, int bytes, Code code)
      throws PtxException {
    pushHost(at, address, bytes, path(at), code);
  }

  /** As {@link #pushHost(Instruction, Operand.Address, int, Code)}, in a space that is known. */
  static void pushHost(Instruction at, Operand.Address address, int bytes, Path path, Code code)
      throws PtxException {
    if (code.verified.contains(at)) {
      pushVerified(at, address, path, code);
      return;
    }
    switch (path) {
      case GENERIC -> {
        if (PageCache.isWorthIt(code)) {
          pushAddress(at, address, path, code);
          PageCache.toHost(at, bytes, code);
        } else {
          code.method.visitVarInsn(Opcodes.ALOAD, memory(code));
          pushAddress(at, address, path, code);
          code.constant(bytes - 1);
          code.call(at, "Access.check");
        }
      }
      case SHARED -> {
        SharedGroups groups = code.sharedGroups;
        if (groups != null && groups.pushHost(at, code)) {
          return;
        }
        pushSharedMemory(code);
        pushAddress(at, address, path, code);
        code.constant(bytes - 1);
        code.call(at, "Access.checkPowerOfTwo");
      }
      case CLUSTER -> {
        ClusterOps.cluster(code);
        pushAddress(at, address, path, code);
        code.constant(bytes - 1);
        ClusterOps.call(code, "host", "(JI)J");
      }
      case LOCAL -> {
        code.context();
        code.thread();
        pushAddress(at, address, code);
        code.constant(bytes - 1);
        code.contextCall("local", "(IJI)J");
      }
      case PARAMETER -> pushParameterHost(at, address, bytes, code);
    }
  }

  /** Pushes where shared memory begins and the bits that no offset in it has. */
  static void pushSharedMemory(Code code) {
    pushField(code, "sharedHost");
    pushSharedOutside(code);
  }

  /** Pushes the bits that no offset in shared memory has. */
  static void pushSharedOutside(Code code) {
    pushField(code, "sharedOutside");
  }

  private static void pushField(Code code, String field) {
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

  /** Pushes the host address of an access that was checked for the whole row of threads. */
  private static void pushVerified(Instruction at, Operand.Address address, Path path, Code code)
      throws PtxException {
    RowPlace place = code.places.get(at);
    if (place != null) {
      place.push(code);
    } else {
      pushHostBase(at, address, path, code);
    }
    if (address.offset() != 0) {
      code.constant(address.offset());
      code.op(Opcodes.LADD);
    }
  }

  /** Pushes the host address of the register that an address begins with, unchecked. */
  static void pushHostBase(Instruction at, Operand.Address address, Path path, Code code)
      throws PtxException {
    pushField(code, path == Path.SHARED ? "sharedHost" : "toHost");
    pushBase(at, address, code);
    code.op(Opcodes.LADD);
  }

  /** Pushes the register that an address begins with, without its offset. */
  static void pushBase(Instruction at, Operand.Address address, Code code) throws PtxException {
    pushAddress(at, new Operand.Address(address.base(), 0), code);
  }

  private static void pushParameterHost(
      Instruction at, Operand.Address address, int bytes, Code code) throws PtxException {
    Addresses addresses = code.unit.addresses();
    if (!(address.base() instanceof Operand.Symbol symbol)) {
      code.context();
      if (!code.unit.isKernel()) {
        code.thread();
      }
      pushAddress(at, address, code);
      code.constant(bytes - 1);
      code.contextCall(
          code.unit.isKernel() ? "parameter" : "local", code.unit.isKernel() ? "(JI)J" : "(IJI)J");
      return;
    }
    Variable variable = symbol.variable();
    if (variable.space() != Variable.Space.PARAM) {
      throw at.syntax(variable.name() + " is not in .param space");
    }
    Addresses.checkInside(at, variable, address.offset(), bytes);
    long offset = address.offset();
    if (addresses.isKernelParameter(variable)) {
      code.method.visitVarInsn(Opcodes.LLOAD, parameterHost(code));
      offset += addresses.parameterOffset(variable);
    } else if (addresses.isFunctionParameter(variable)) {
      code.method.visitVarInsn(Opcodes.LLOAD, addresses.parameterLocal(variable));
    } else {
      Frames.pushHost(code);
      offset += addresses.frameOffset(variable);
    }
    code.constant(offset);
    code.op(Opcodes.LADD);
  }

  private static boolean isKernelParameter(Instruction at, Operand.Address address, Code code)
      throws PtxException {
    return path(at) == Path.PARAMETER
        && address.base() instanceof Operand.Symbol symbol
        && code.unit.addresses().isKernelParameter(symbol.variable());
  }

  /** A kernel's parameters are the same for all threads: read once, before the loop over them. */
  private static void pushParameterValue(
      Instruction at, Operand.Address address, PtxType type, Code code) throws PtxException {
    Variable variable = ((Operand.Symbol) address.base()).variable();
    Addresses.checkInside(at, variable, address.offset(), type.bytes());
    long offset = code.unit.addresses().parameterOffset(variable) + address.offset();
    Kind kind = Kind.of(type);
    String name = "rawLoad" + suffix(type);
    int local =
        code.locals.uniform(
            "parameter" + offset + name,
            kind,
            c -> {
              c.context();
              c.contextField("parameterHost", "J");
              c.constant(offset);
              c.op(Opcodes.LADD);
              c.call("io/remora/ptx/memory/Access", name, "(J)" + kind.descriptor);
            });
    code.method.visitVarInsn(kind.load, local);
  }

  private static int parameterHost(Code code) {
    return code.locals.uniform(
        "parameterHost",
        Kind.LONG,
        c -> {
          c.context();
          c.contextField("parameterHost", "J");
        });
  }

  /** Pushes the address that an operand names, in the space of the instruction. */
  static void pushAddress(Instruction at, Operand.Address address, Code code) throws PtxException {
    pushAddress(at, address, path(at), code);
  }

  /** Pushes the address that an operand names, in a space that is known. */
  static void pushAddress(Instruction at, Operand.Address address, Path path, Code code)
      throws PtxException {
    Operand base = address.base();
    if (base instanceof Reg reg && reg.register().type().bits() == 32) {
      // Addresses of 32 bits wrap around; compilers use that for negative steps.
      code.push(at, base, PtxType.U32);
      if (address.offset() != 0) {
        code.constant((int) address.offset());
        code.op(Opcodes.IADD);
      }
      code.op(Opcodes.I2L);
      code.constant(0xffff_ffffL);
      code.op(Opcodes.LAND);
      return;
    }
    if (base instanceof Operand.Symbol symbol) {
      checkSpace(at, symbol.variable(), path);
    }
    code.push(at, base, PtxType.U64);
    if (address.offset() != 0) {
      code.constant(address.offset());
      code.op(Opcodes.LADD);
    }
  }

  private static void checkSpace(Instruction at, Variable variable, Path path) throws PtxException {
    Path wanted =
        switch (variable.space()) {
          case GLOBAL, CONST -> Path.GENERIC;
          case SHARED -> Path.SHARED;
          case LOCAL -> Path.LOCAL;
          case PARAM -> Path.PARAMETER;
        };
    if (path != wanted && !(path == Path.CLUSTER && wanted == Path.SHARED)) {
      throw at.syntax(variable.name() + " is not in the space that " + at.name() + " accesses");
    }
  }
}
