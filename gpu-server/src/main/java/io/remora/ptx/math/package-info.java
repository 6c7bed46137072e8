// SPDX-License-Identifier: Apache-2.0
/**
 * The arithmetic of PTX that a single JVM instruction doesn't give: pure static functions, called
 * by the bytecode that the kernel compiler generates.
 *
 * <p>Nothing here holds state, allocates on a normal path, throws, or knows of memory, threads or
 * instructions' operands. Conventions, for all classes of the package:
 *
 * <ul>
 *   <li>32-bit integers and bits are {@code int}, 64-bit ones {@code long}, signed or not. 8-bit
 *       and 16-bit integers travel in an {@code int}: functions look at the low bits of their
 *       arguments only, and answer sign-extended for signed and zero-extended for unsigned types.
 *   <li>{@code .f16}, {@code .bf16} and 8-bit floats travel as raw bits in an {@code int}, answers
 *       zero-extended; packed forms ({@code X2} in the name) hold element 0 in the low half.
 *   <li>Rounding is the last part of a name: {@code Rn} to nearest even, {@code Rz} to zero, {@code
 *       Rm} down, {@code Rp} up. Plain {@code add.rn}, {@code mul.rn}, {@code div.rn} and {@code
 *       sqrt.rn} are the JVM's own instructions and not repeated here.
 *   <li>Modifiers compose: {@code op.ftz.sat.f32 d, a, b} is {@code saturate(flush(op(flush(a),
 *       flush(b))))}, see {@link io.remora.ptx.math.FloatModifiers}.
 * </ul>
 *
 * <p>Start reading at {@link io.remora.ptx.math.IntegerMath} and {@link
 * io.remora.ptx.math.DirectedFloat}.
 */
@NullMarked
package io.remora.ptx.math;

import org.jspecify.annotations.NullMarked;
