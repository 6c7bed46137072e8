// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import java.util.List;
import java.util.Map;
import org.objectweb.asm.Opcodes;

/** Pushes the values of special registers (PTX ISA chapter 10). */
final class SpecialValues {
  /** Those that are the same in the whole block, and the field that holds them. */
  private static final Map<String, String> FIELDS =
      Map.ofEntries(
          Map.entry("%ntid.x", "ntidX"),
          Map.entry("%ntid.y", "ntidY"),
          Map.entry("%ntid.z", "ntidZ"),
          Map.entry("%ctaid.x", "ctaidX"),
          Map.entry("%ctaid.y", "ctaidY"),
          Map.entry("%ctaid.z", "ctaidZ"),
          Map.entry("%nctaid.x", "nctaidX"),
          Map.entry("%nctaid.y", "nctaidY"),
          Map.entry("%nctaid.z", "nctaidZ"),
          Map.entry("%dynamic_smem_size", "dynamicSharedBytes"));

  private static final Map<String, String> THREAD_ARRAYS =
      Map.of("%tid.x", "tidX", "%tid.y", "tidY", "%tid.z", "tidZ");

  /** Those of the cluster, by the numbers that {@code BlockCluster.value} knows them by. */
  private static final List<String> CLUSTER =
      List.of(
          "%clusterid.x",
          "%clusterid.y",
          "%clusterid.z",
          "%nclusterid.x",
          "%nclusterid.y",
          "%nclusterid.z",
          "%cluster_ctaid.x",
          "%cluster_ctaid.y",
          "%cluster_ctaid.z",
          "%cluster_nctaid.x",
          "%cluster_nctaid.y",
          "%cluster_nctaid.z",
          "%cluster_ctarank",
          "%cluster_nctarank",
          "%is_explicit_cluster");

  private SpecialValues() {}

  /** Whether the register has one value in the whole life of a thread. */
  static boolean isConstant(String name) {
    return FIELDS.containsKey(name)
        || THREAD_ARRAYS.containsKey(name)
        || CLUSTER.contains(name)
        || name.equals("%laneid");
  }

  static void push(Code code, String name) {
    String field = FIELDS.get(name);
    if (field != null) {
      uniformInt(code, field);
      return;
    }
    int ofCluster = CLUSTER.indexOf(name);
    if (ofCluster >= 0) {
      clusterValue(code, name, ofCluster);
      return;
    }
    String array = THREAD_ARRAYS.get(name);
    if (array != null) {
      pushThreadId(code, array);
      return;
    }
    switch (name) {
      case "%laneid" -> lane(code);
      case "%warpid" -> {
        code.thread();
        code.constant(5);
        code.op(Opcodes.IUSHR);
      }
      case "%nwarpid" -> {
        code.context();
        code.contextField("threads", "I");
        code.constant(31);
        code.op(Opcodes.IADD);
        code.constant(5);
        code.op(Opcodes.IUSHR);
      }
      case "%smid" -> method(code, "multiprocessor", "()I");
      case "%nsmid" -> method(code, "multiprocessors", "()I");
      case "%gridid" -> method(code, "gridId", "()J");
      case "%total_smem_size", "%aggr_smem_size" -> {
        code.context();
        code.contextField("sharedBytes", "J");
        code.op(Opcodes.L2I);
      }
      case "%clock64" -> time(code, "nanos");
      case "%globaltimer" -> time(code, "globalNanos");
      case "%clock" -> half(code, "nanos", 0);
      case "%clock_hi" -> half(code, "nanos", 32);
      case "%globaltimer_lo" -> half(code, "globalNanos", 0);
      case "%globaltimer_hi" -> half(code, "globalNanos", 32);
      case "%lanemask_eq" -> laneMask(code, 1, Opcodes.ISHL, false);
      case "%lanemask_ge" -> laneMask(code, -1, Opcodes.ISHL, false);
      case "%lanemask_gt" -> laneMask(code, -2, Opcodes.ISHL, false);
      case "%lanemask_lt" -> laneMask(code, -1, Opcodes.ISHL, true);
      case "%lanemask_le" -> laneMask(code, -2, Opcodes.ISHL, true);
      default -> {
        code.context();
        code.constant(Integer.parseInt(name.substring("%envreg".length())));
        code.contextCall("environment", "(I)I");
      }
    }
  }

  private static void uniformInt(Code code, String field) {
    int local =
        code.locals.uniform(
            field,
            Kind.INT,
            c -> {
              c.context();
              c.contextField(field, "I");
            });
    code.method.visitVarInsn(Opcodes.ILOAD, local);
  }

  private static void clusterValue(Code code, String name, int number) {
    int local =
        code.locals.uniform(
            name,
            Kind.INT,
            c -> {
              ClusterOps.cluster(c);
              c.constant(number);
              ClusterOps.call(c, "value", "(I)I");
            });
    code.method.visitVarInsn(Opcodes.ILOAD, local);
  }

  private static void pushThreadId(Code code, String array) {
    Locals locals = code.locals;
    if (locals.rowDelta() >= 0) {
      if (array.equals("tidX")) {
        code.thread();
        code.method.visitVarInsn(Opcodes.ILOAD, locals.rowDelta());
        code.op(Opcodes.ISUB);
      } else {
        code.method.visitVarInsn(
            Opcodes.ILOAD, array.equals("tidY") ? locals.rowY() : locals.rowZ());
      }
      return;
    }
    int local =
        code.locals.uniformReference(
            array,
            c -> {
              c.context();
              c.contextField(array, "[I");
            });
    code.method.visitVarInsn(Opcodes.ALOAD, local);
    code.thread();
    code.op(Opcodes.IALOAD);
  }

  private static void lane(Code code) {
    code.thread();
    code.constant(31);
    code.op(Opcodes.IAND);
  }

  private static void laneMask(Code code, int value, int shift, boolean inverted) {
    code.constant(value);
    lane(code);
    code.op(shift);
    if (inverted) {
      code.constant(-1);
      code.op(Opcodes.IXOR);
    }
  }

  private static void method(Code code, String name, String descriptor) {
    code.context();
    code.contextCall(name, descriptor);
  }

  private static void time(Code code, String name) {
    code.call("io/remora/ptx/exec/DeviceClock", name, "()J");
  }

  private static void half(Code code, String name, int shift) {
    time(code, name);
    code.constant(shift);
    code.op(Opcodes.LUSHR);
    code.op(Opcodes.L2I);
  }
}
