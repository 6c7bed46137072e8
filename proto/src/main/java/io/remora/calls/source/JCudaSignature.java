// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One method of JCuda's driver class, and the entry of the call table that it stands for, if there
 * is one.
 *
 * @param name e.g. {@code cuMemAlloc}
 * @param types the parameters' types
 * @param names the parameters' names: the table's where it has the entry, else made up
 * @param entry the entry with the same name and number of C parameters
 */
record JCudaSignature(
    String name, List<Class<?>> types, List<String> names, Optional<CallEntry> entry) {
  private static final String DRIVER_CLASS = "jcuda.driver.JCudaDriver";

  /** Names that mean something else in the generated methods. */
  private static final Set<String> TAKEN = Set.of("core", "thread", "out", "result", "outputs");

  /**
   * Reads the public static methods of JCuda's driver class that are named {@code cu...}, without
   * initialising it: that would load its native library.
   */
  static List<JCudaSignature> load(CallTable table) {
    Class<?> driver;
    try {
      driver = Class.forName(DRIVER_CLASS, false, JCudaSignature.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("JCuda must be on the class path of this build step", e);
    }
    return Arrays.stream(driver.getDeclaredMethods())
        .filter(each -> Modifier.isPublic(each.getModifiers()))
        .filter(each -> Modifier.isStatic(each.getModifiers()))
        .filter(each -> each.getName().startsWith("cu") && each.getReturnType() == int.class)
        .map(each -> of(each, table))
        .sorted(
            Comparator.comparing(JCudaSignature::name).thenComparing(JCudaSignature::declarations))
        .toList();
  }

  private static JCudaSignature of(Method method, CallTable table) {
    List<Class<?>> types = List.of(method.getParameterTypes());
    Optional<CallEntry> entry =
        table.entries().stream()
            .filter(each -> each.name().equals(method.getName()))
            .filter(each -> cParameters(each).size() == types.size())
            .findFirst();
    return new JCudaSignature(method.getName(), types, names(types, entry), entry);
  }

  private static List<String> names(List<Class<?>> types, Optional<CallEntry> entry) {
    List<String> names = new ArrayList<>();
    Set<String> used = new HashSet<>(TAKEN);
    for (int i = 0; i < types.size(); i++) {
      String wanted =
          entry.isPresent() ? cParameters(entry.get()).get(i).javaName() : madeUp(types.get(i));
      String name = wanted;
      for (int n = 2; !used.add(name); n++) {
        name = wanted + n;
      }
      names.add(name);
    }
    return names;
  }

  /** E.g. {@code stream} for a {@code CUstream}, {@code ints} for an {@code int[]}. */
  private static String madeUp(Class<?> type) {
    if (type.isPrimitive()) {
      return type.getName().charAt(0) + "";
    }
    if (type.isArray()) {
      return madeUpWord(type.getComponentType()) + "s";
    }
    return madeUpWord(type);
  }

  private static String madeUpWord(Class<?> type) {
    String word = type.getSimpleName();
    for (String prefix : List.of("CUDA_", "CU")) {
      if (word.startsWith(prefix)) {
        word = word.substring(prefix.length());
      }
    }
    return word.substring(0, 1).toLowerCase(java.util.Locale.ROOT)
        + word.substring(1).replace("_", "");
  }

  /** The entry's C parameters in order. */
  static List<CallParameter> cParameters(CallEntry entry) {
    return entry.parameters().stream().filter(CallParameter::isCParameter).toList();
  }

  /** The parameters as a declaration has them. */
  String declarations() {
    return IntStream.range(0, types.size())
        .mapToObj(i -> types.get(i).getCanonicalName() + " " + names.get(i))
        .collect(Collectors.joining(", "));
  }

  /** The parameters as a call has them. */
  String arguments() {
    return String.join(", ", names);
  }

  /** The method's head without modifiers. */
  String head() {
    return "int " + name + "(" + declarations() + ")";
  }
}
