// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What becomes of an instruction (PTX ISA chapter 9). Whatever isn't listed is refused: among
 * others textures and surfaces, whose handles are numbers that a kernel can make up, tensor copies,
 * whose descriptors it can, and {@code multimem}.
 */
enum InstructionKind {
  /** No memory. */
  PLAIN,

  /** Shared memory of the kernel's own blocks, by the hardware. */
  SHARED,

  /** Memory at the one address among its operands. */
  MEMORY,

  CALL,

  /** A branch by a table. */
  TABLE,

  /** A copy into shared memory that goes on by itself. */
  ASYNC_COPY,

  /** Matrices: in registers, or in memory of which each thread reaches several rows. */
  MATRIX;

  private static final Set<String> PLAIN_OPCODES =
      Set.of(
          ("abs activemask add addc alloca and bar barrier bfe bfi bfind bmsk bra brev clz "
                  + "cnot copysign cos cvt cvta div dp2a dp4a elect ex2 exit fence fma fns "
                  + "getctarank griddepcontrol isspacep lg2 lop3 mad mad24 madc mapa match max "
                  + "membar min mma mov movmatrix mul mul24 nanosleep neg not or pmevent popc prmt "
                  + "rcp redux rem ret rsqrt sad selp set setmaxnreg setp shf shfl shl shr sin slct "
                  + "sqrt stackrestore stacksave sub subc szext tanh testp trap vabsdiff vabsdiff2 "
                  + "vabsdiff4 vadd vadd2 vadd4 vavrg2 vavrg4 vmad vmax vmax2 vmax4 vmin vmin2 "
                  + "vmin4 vote vset vset2 vset4 vshl vshr vsub vsub2 vsub4 wgmma xor")
              .split(" "));

  private static final Map<String, InstructionKind> OTHERS =
      Map.ofEntries(
          Map.entry("mbarrier", SHARED),
          Map.entry("ldmatrix", SHARED),
          Map.entry("stmatrix", SHARED),
          Map.entry("ld", MEMORY),
          Map.entry("ldu", MEMORY),
          Map.entry("st", MEMORY),
          Map.entry("atom", MEMORY),
          Map.entry("red", MEMORY),
          Map.entry("prefetch", MEMORY),
          Map.entry("prefetchu", MEMORY),
          Map.entry("discard", MEMORY),
          Map.entry("applypriority", MEMORY),
          Map.entry("call", CALL),
          Map.entry("brx", TABLE),
          Map.entry("cp", ASYNC_COPY),
          Map.entry("wmma", MATRIX));

  /** Empty if there is none of this name that can be fenced. */
  static Optional<InstructionKind> of(String opcode) {
    return PLAIN_OPCODES.contains(opcode)
        ? Optional.of(PLAIN)
        : Optional.ofNullable(OTHERS.get(opcode));
  }
}
