// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.math.ApproximateDouble;
import io.remora.ptx.math.ApproximateFloat;
import io.remora.ptx.math.Bfloat;
import io.remora.ptx.math.BfloatArithmetic;
import io.remora.ptx.math.BitFields;
import io.remora.ptx.math.Bytes;
import io.remora.ptx.math.Carry;
import io.remora.ptx.math.DirectedDouble;
import io.remora.ptx.math.DirectedFloat;
import io.remora.ptx.math.EightBitFloat;
import io.remora.ptx.math.FloatMinMax;
import io.remora.ptx.math.FloatModifiers;
import io.remora.ptx.math.FloatToInteger;
import io.remora.ptx.math.Half;
import io.remora.ptx.math.HalfArithmetic;
import io.remora.ptx.math.IntegerConversion;
import io.remora.ptx.math.IntegerMath;
import io.remora.ptx.math.Narrowing;
import io.remora.ptx.math.PackedCompare;
import io.remora.ptx.math.PackedFloats;
import io.remora.ptx.math.PackedIntegers;
import io.remora.ptx.math.Shifts;
import io.remora.ptx.math.TinyFloat;
import io.remora.ptx.math.Video;
import io.remora.ptx.math.WideMultiply;
import io.remora.ptx.memory.Access;
import io.remora.ptx.memory.Atomics;
import io.remora.ptx.memory.Ranges;
import io.remora.ptx.memory.TransactionBarrier;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.Type;

/**
 * The static methods that compiled code may call, found by class and name once when this class is
 * loaded, so that their signatures are written in one place only.
 */
final class MathLibrary {
  /** One method, as bytecode names it. */
  record Entry(String owner, String name, String descriptor) {}

  private static final List<Class<?>> CLASSES =
      List.of(
          Access.class,
          ApproximateDouble.class,
          ApproximateFloat.class,
          Atomics.class,
          Bfloat.class,
          BfloatArithmetic.class,
          BitFields.class,
          Bytes.class,
          Carry.class,
          DirectedDouble.class,
          DirectedFloat.class,
          EightBitFloat.class,
          FloatMinMax.class,
          FloatModifiers.class,
          FloatToInteger.class,
          Half.class,
          HalfArithmetic.class,
          IntegerConversion.class,
          IntegerMath.class,
          Math.class,
          Narrowing.class,
          PackedCompare.class,
          PackedFloats.class,
          PackedIntegers.class,
          Ranges.class,
          Shifts.class,
          TinyFloat.class,
          TransactionBarrier.class,
          Video.class,
          WideMultiply.class);

  private static final Map<String, Entry> ENTRIES = find();

  private MathLibrary() {}

  private static Map<String, Entry> find() {
    var entries = new HashMap<String, Entry>();
    for (Class<?> owner : CLASSES) {
      for (Method method : owner.getDeclaredMethods()) {
        if (Modifier.isStatic(method.getModifiers()) && Modifier.isPublic(method.getModifiers())) {
          String descriptor = Type.getMethodDescriptor(method);
          var entry = new Entry(Type.getInternalName(owner), method.getName(), descriptor);
          String name = owner.getSimpleName() + "." + method.getName();
          entries.put(name, entry);
          // Overloads are told apart by their argument types: "Math.fma(FFF)".
          entries.put(name + descriptor.substring(0, descriptor.indexOf(')') + 1), entry);
        }
      }
    }
    return entries;
  }

  /**
   * Finds a method.
   *
   * @param name simple class name and method, such as {@code Shifts.shlB32}; with the argument
   *     types in parentheses where there are several of the name
   */
  static @Nullable Entry find(String name) {
    return ENTRIES.get(name);
  }
}
