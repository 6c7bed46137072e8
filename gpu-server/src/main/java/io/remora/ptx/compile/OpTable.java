// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.PtxType;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which emitter writes which opcode, and which modifiers it understands. A modifier that isn't
 * listed refuses the instruction: what isn't understood must not be ignored.
 */
final class OpTable {
  private record Entry(Set<String> modifiers, Emitter emitter) {}

  private static final Map<String, Entry> ENTRIES = new HashMap<>();
  private static final String ROUNDING = "rn rz rm rp ftz sat";
  private static final String MEMORY =
      "global local shared shared::cta shared::cluster param param::entry param::func const "
          + "weak volatile relaxed acquire release mmio cta cluster gpu sys "
          + "ca cg cs lu cv wb wt nc v2 v4 v8 unified "
          + "L1::evict_normal L1::evict_unchanged L1::evict_first L1::evict_last L1::no_allocate "
          + "L2::evict_last L2::evict_normal L2::evict_first L2::64B L2::128B L2::256B L2::cache_hint";
  private static final String COUNTED = " async mbarrier::complete_tx::bytes";
  private static final String CACHING = "ca cg cs cv wb wt";
  private static final String ATOMIC =
      "global shared shared::cta relaxed acquire release acq_rel cta cluster gpu sys noftz "
          + "add exch cas and or xor min max inc dec v2 v4 v8 shared::cluster L2::cache_hint";

  static {
    Emitter add = byType(IntegerOps::add, FloatOps::add, HalfOps::binary);
    Emitter sub = byType(IntegerOps::sub, FloatOps::sub, HalfOps::binary);
    Emitter mul = byType(IntegerOps::mul, FloatOps::mul, HalfOps::binary);
    put("add", ROUNDING + " cc", add);
    put("sub", ROUNDING + " cc", sub);
    put("mul", ROUNDING + " lo hi wide", mul);
    put("mad", ROUNDING + " lo hi wide cc", byType(IntegerOps::mad, FloatOps::fma, HalfOps::fma));
    put("fma", ROUNDING + " relu", byType(IntegerOps::mad, FloatOps::fma, HalfOps::fma));
    put("addc", "cc", CarryOps::addc);
    put("subc", "cc", CarryOps::subc);
    put("madc", "cc lo hi", CarryOps::madc);
    put("mul24", "lo hi", IntegerOps::mul24);
    put("mad24", "lo hi sat", IntegerOps::mad24);
    put("sad", "", IntegerOps::sad);
    put("div", ROUNDING + " approx full", byType(IntegerOps::div, FloatOps::div, OpTable::refuse));
    put("rem", "", IntegerOps::rem);
    put("abs", "ftz", byType(IntegerOps::abs, FloatOps::abs, HalfOps::unary));
    put("neg", "ftz", byType(IntegerOps::neg, FloatOps::neg, HalfOps::unary));
    Emitter min = byType(IntegerOps::min, FloatOps::min, HalfOps::binary);
    Emitter max = byType(IntegerOps::max, FloatOps::max, HalfOps::binary);
    put("min", "ftz NaN xorsign abs relu", min);
    put("max", "ftz NaN xorsign abs relu", max);
    put("dp4a", "", IntegerOps::dp4a);
    put("dp2a", "lo hi", IntegerOps::dp2a);
    put("rcp", ROUNDING + " approx", FloatOps::rcp);
    put("sqrt", ROUNDING + " approx", FloatOps::sqrt);
    put("rsqrt", "approx ftz", FloatOps::rsqrt);
    Emitter approximate = byType(OpTable::refuse, FloatOps::approximate, HalfOps::unary);
    for (String opcode : new String[] {"ex2", "lg2", "sin", "cos", "tanh"}) {
      put(opcode, "approx ftz", approximate);
    }
    video();
    put("copysign", "", FloatOps::copysign);
    put("testp", "finite infinite number notanumber normal subnormal", FloatOps::testp);
    logic();
    memoryAndControl();
  }

  private OpTable() {}

  private static void logic() {
    put("and", "", LogicOps::and);
    put("or", "", LogicOps::or);
    put("xor", "", LogicOps::xor);
    put("not", "", LogicOps::not);
    put("cnot", "", LogicOps::cnot);
    put("shl", "", LogicOps::shl);
    put("shr", "", LogicOps::shr);
    put("shf", "l r clamp wrap", LogicOps::shf);
    put("lop3", "", LogicOps::lop3);
    put("prmt", "f4e b4e rc8 ecl ecr rc16", LogicOps::prmt);
    put("bfe", "", LogicOps::bfe);
    put("bfi", "", LogicOps::bfi);
    put("bfind", "shiftamt", LogicOps::bfind);
    put("popc", "", LogicOps::popc);
    put("clz", "", LogicOps::clz);
    put("brev", "", LogicOps::brev);
    put("fns", "", LogicOps::fns);
    put("bmsk", "clamp wrap", LogicOps::bmsk);
    put("szext", "clamp wrap", LogicOps::szext);
    String comparisons = "eq ne lt le gt ge lo ls hi hs equ neu ltu leu gtu geu num nan ";
    put("setp", comparisons + "and or xor ftz", CompareOps::setp);
    put("set", comparisons + "and or xor ftz", CompareOps::set);
    put("selp", "", CompareOps::selp);
    put("slct", "ftz", CompareOps::slct);
    put("mov", "", MoveOps::mov);
    String integers = "rni rzi rmi rpi rna ";
    put("cvt", integers + ROUNDING + " relu satfinite pack", ConvertOps::cvt);
  }

  private static void memoryAndControl() {
    put(
        "cvta",
        "to global shared shared::cta shared::cluster local const param param::entry",
        SpaceConversions::cvta);
    put(
        "isspacep",
        "global shared shared::cta shared::cluster local const param param::entry",
        SpaceConversions::isspacep);
    put("ld", MEMORY, MemoryOps::load);
    put("ldu", "global v2 v4", MemoryOps::load);
    put("st", MEMORY + COUNTED, ClusterOps.orCounted(MemoryOps::store, ClusterOps::store));
    put("atom", ATOMIC, AtomicOps::atom);
    put("red", ATOMIC + COUNTED, ClusterOps.orCounted(AtomicOps::red, ClusterOps::reduce));
    put("membar", "cta gl sys", ControlOps::fence);
    put(
        "fence",
        "cta cluster gpu sys sc acq_rel acquire release proxy alias async async.global global "
            + "shared::cta shared::cluster async::generic mbarrier_init sync_restrict::shared::cta "
            + "sync_restrict::shared::cluster",
        ControlOps::fence);
    put("prefetch", "global local L1 L2 L2::evict_last L2::evict_normal", ControlOps::ignore);
    put("prefetchu", "L1", ControlOps::ignore);
    put("discard", "global L2", ControlOps::ignore);
    put("applypriority", "global L2::evict_normal", ControlOps::ignore);
    put("griddepcontrol", "launch_dependents wait", ControlOps::ignore);
    put("pmevent", "mask", ControlOps::ignore);
    put("setmaxnreg", "inc dec sync aligned", ControlOps::ignore);
    put(
        "createpolicy",
        "fractional range cvt L2::evict_last L2::evict_normal L2::evict_first "
            + "L2::evict_unchanged L2 global",
        ControlOps::policy);
    put("mapa", "shared::cluster", ClusterOps::map);
    put("getctarank", "shared::cluster", ClusterOps::rank);
    put("alloca", "", StackOps::alloca);
    put("stacksave", "", StackOps::save);
    put("stackrestore", "", StackOps::restore);
    asynchronous();
    put("trap", "", ControlOps::trap);
    put("brkpt", "", ControlOps::trap);
    put("call", "uni", CallOps::call);
    ENTRIES.put(Opcodes.RESULT, new Entry(Set.of("*"), ControlOps::result));
    ENTRIES.put(Opcodes.RESULT_FRAGMENT, new Entry(Set.of("*"), MatrixOps::results));
    ENTRIES.put(Opcodes.RESULT_PREDICATE, new Entry(Set.of("*"), ControlOps::resultPredicate));
    suspensions();
    images();
  }

  private static void images() {
    String more = "num_mipmap_levels normalized_coords force_unnormalized_coords filter_mode ";
    String modes = "addr_mode_0 addr_mode_1 addr_mode_2 level";
    put("tex", TextureOps.GEOMETRIES + "v4 level grad base", TextureOps::tex);
    put("tld4", "2d a2d v4 r g b a", TextureOps::gather);
    put("txq", TextureOps.QUERIES + more + modes, TextureOps::query);
    put("suld", TextureOps.GEOMETRIES + "b v2 v4 trap clamp zero " + CACHING, SurfaceOps::load);
    put("sust", TextureOps.GEOMETRIES + "b p v2 v4 trap clamp zero " + CACHING, SurfaceOps::store);
    put("suq", TextureOps.QUERIES + "memory_layout", SurfaceOps::query);
  }

  private static void asynchronous() {
    put(
        "cp",
        "async ca cg shared shared::cta shared::cluster global commit_group wait_group wait_all "
            + "mbarrier arrive noinc bulk bulk_group read mbarrier::complete_tx::bytes prefetch L2 "
            + "L2::64B L2::128B L2::256B L2::cache_hint multicast::cluster",
        AsyncOps::copy);
    put(
        "mbarrier",
        "init inval arrive arrive_drop expect_tx complete_tx test_wait try_wait pending_count "
            + "parity noComplete shared shared::cta shared::cluster cta cluster relaxed release "
            + "acquire",
        AsyncOps::barrier);
  }

  private static void video() {
    for (String operation : new String[] {"vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax"}) {
      put(operation + "2", "sat add", AsyncOps::video);
      put(operation + "4", "sat add", AsyncOps::video);
    }
    put("vadd", "add", IntegerOps::scalarVideo);
    put("vsub", "add", IntegerOps::scalarVideo);
    put("vshl", "add clamp wrap", IntegerOps::scalarVideo);
    put("vshr", "add clamp wrap", IntegerOps::scalarVideo);
    put("vset2", "eq ne lt le gt ge add", AsyncOps::video);
    put("vset4", "eq ne lt le gt ge add", AsyncOps::video);
  }

  private static void matrices() {
    String shared = "sync aligned shared shared::cta ";
    put("mma", "sync aligned row col satfinite xor and popc rn rz rm rp", MatrixOps::operands);
    put(
        "wmma",
        shared + "mma load store a b c d row col global satfinite xor and popc rn rz rm rp",
        MatrixOps::wmma);
    put("ldmatrix", shared + "m8n8 x1 x2 x4 trans", MatrixOps::operands);
    put("stmatrix", shared + "m8n8 x1 x2 x4 trans", MatrixOps::operands);
    put("movmatrix", "sync aligned m8n8 trans", MatrixOps::operands);
  }

  /** Instructions that end a block; listed for their modifiers, written by {@link SuspendOps}. */
  private static void suspensions() {
    matrices();
    put("bar", "sync arrive red popc and or warp cta aligned", SuspendOps::operands);
    put(
        "barrier",
        "sync arrive red popc and or cta aligned cluster wait acquire release relaxed",
        SuspendOps::operands);
    put("shfl", "sync up down bfly idx", SuspendOps::operands);
    put("vote", "sync all any uni ballot", SuspendOps::operands);
    put("match", "sync any all", SuspendOps::operands);
    put("redux", "sync add and or xor min max", SuspendOps::operands);
    put("activemask", "", SuspendOps::operands);
    put("elect", "sync", SuspendOps::operands);
    put("nanosleep", "", SuspendOps::operands);
  }

  private static void put(String opcode, String modifiers, Emitter emitter) {
    Set<String> set = modifiers.isEmpty() ? Set.of() : Set.of(modifiers.split(" "));
    ENTRIES.put(opcode, new Entry(set, emitter));
  }

  private static Emitter byType(Emitter integers, Emitter floats, Emitter halves) {
    return (at, code) -> {
      PtxType type = at.type(0);
      Emitter chosen =
          type == PtxType.F32X2
              ? FloatOps::pair
              : HalfOps.isHalf(type)
                  ? halves
                  : type == PtxType.F32 || type == PtxType.F64 ? floats : integers;
      chosen.emit(at, code);
    };
  }

  private static void refuse(Instruction at, Code code) throws PtxException {
    throw at.unsupported("this type");
  }

  /** The modifiers that an opcode understands, or null if it has no emitter. */
  static @Nullable Set<String> modifiers(String opcode) {
    Entry entry = ENTRIES.get(opcode);
    return entry == null ? null : entry.modifiers();
  }

  /** Writes one instruction without its guard. */
  static void emit(Instruction at, Code code) throws PtxException {
    Entry entry = ENTRIES.get(at.opcode());
    if (entry == null) {
      throw at.unsupported("this instruction is not implemented");
    }
    for (String modifier : at.modifiers()) {
      boolean known =
          PtxType.named(modifier) != null
              || MatrixShapes.isShape(modifier)
              || entry.modifiers().contains(modifier)
              || entry.modifiers().contains("*");
      if (!known) {
        throw at.unsupported("." + modifier + " is not implemented for " + at.opcode());
      }
    }
    entry.emitter().emit(at, code);
  }
}
