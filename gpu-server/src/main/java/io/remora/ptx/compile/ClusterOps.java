// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxType;
import java.util.ArrayList;
import java.util.List;
import org.objectweb.asm.Opcodes;

/**
 * Instructions of thread block clusters: addresses of other blocks' shared memory, and writes that
 * a barrier counts (PTX ISA 9.7.9.23, 9.7.9.24 and 9.7.9.13).
 */
final class ClusterOps {
  static final String CLUSTER_SPACE = "shared::cluster";
  private static final String COUNTING = "mbarrier::complete_tx::bytes";
  private static final String CLUSTER = "io/remora/ptx/exec/BlockCluster";

  private ClusterOps() {}

  /** Pushes the block's place in its cluster. */
  static void cluster(Code code) {
    code.context();
    code.contextField("cluster", "L" + CLUSTER + ";");
  }

  /** Calls a method of it; it must be on the stack below its arguments. */
  static void call(Code code, String name, String descriptor) {
    code.method.visitMethodInsn(Opcodes.INVOKEVIRTUAL, CLUSTER, name, descriptor, false);
  }

  /** Pushes where the cluster's shared memory begins and the bits that no offset in it has. */
  static void pushSharedMemory(Code code) {
    cluster(code);
    call(code, "firstHost", "()J");
    cluster(code);
    call(code, "outside", "()J");
  }

  /** Whether an instruction may make or take addresses of other blocks' shared memory. */
  static boolean reachesOthers(Instruction at) {
    return at.opcode().equals("mapa") || at.has(CLUSTER_SPACE) && !at.opcode().equals("fence");
  }

  /**
   * A body of a kernel that reaches other blocks: its conversions of shared addresses are those of
   * the cluster's shared memory, of which the block's own is a part.
   */
  static PtxFunction widened(PtxFunction body) {
    var code = new ArrayList<Instruction>(body.code().size());
    body.code().forEach(at -> code.add(widened(at)));
    return body.with(code);
  }

  private static Instruction widened(Instruction at) {
    if (!at.opcode().equals("cvta") || !at.has("shared") && !at.has("shared::cta")) {
      return at;
    }
    List<String> modifiers =
        at.modifiers().stream()
            .map(each -> each.startsWith("shared") ? CLUSTER_SPACE : each)
            .toList();
    return at.with(modifiers);
  }

  /** {@code mapa}. */
  static void map(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    boolean isShared = at.has(CLUSTER_SPACE);
    if (!isShared && type.bits() != 64) {
      throw at.unsupported("generic addresses have 64 bits here");
    }
    cluster(code);
    pushAddress(at, type, code);
    code.push(at, 2, PtxType.U32);
    call(code, isShared ? "map" : "mapGeneric", "(JI)J");
    code.convert(Kind.LONG, Kind.of(type));
    code.store(at, 0, type);
  }

  /** {@code getctarank}; the type is that of the address. */
  static void rank(Instruction at, Code code) throws PtxException {
    cluster(code);
    pushAddress(at, at.type(0), code);
    call(code, at.has(CLUSTER_SPACE) ? "rankOf" : "rankOfGeneric", "(J)I");
    code.store(at, 0, PtxType.U32);
  }

  private static void pushAddress(Instruction at, PtxType type, Code code) throws PtxException {
    code.push(at, 1, type.bits() == 64 ? PtxType.U64 : PtxType.U32);
    if (type.bits() != 64) {
      code.op(Opcodes.I2L);
      code.constant(0xffff_ffffL);
      code.op(Opcodes.LAND);
    }
  }

  /** What writes an instruction that has an {@code .async} form, too. */
  static Emitter orCounted(Emitter plain, Emitter counted) {
    return (at, code) -> {
      if (!at.has("async") && at.has(COUNTING)) {
        throw at.syntax(at.name() + " is not asynchronous");
      }
      (at.has("async") ? counted : plain).emit(at, code);
    };
  }

  /** {@code st.async}: stores, and tells a barrier beside the place how many bytes have come. */
  static void store(Instruction at, Code code) throws PtxException {
    requireCounted(at);
    MemoryOps.store(at, code);
    count(at, MemoryOps.accessBytes(at), code);
  }

  /** {@code red.async}. */
  static void reduce(Instruction at, Code code) throws PtxException {
    requireCounted(at);
    AtomicOps.red(at, code);
    count(at, at.type(0).bytes(), code);
  }

  private static void requireCounted(Instruction at) throws PtxException {
    if (!at.has(CLUSTER_SPACE) || !at.has(COUNTING)) {
      throw at.unsupported("only shared memory of a cluster with a barrier that counts bytes");
    }
  }

  private static void count(Instruction at, int bytes, Code code) throws PtxException {
    cluster(code);
    MemoryOps.pushAddress(at, MemoryOps.address(at, 2), code);
    code.constant(bytes);
    call(code, "complete", "(JI)V");
  }
}
