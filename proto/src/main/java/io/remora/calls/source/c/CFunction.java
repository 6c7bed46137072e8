// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.AbiSymbol;
import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import java.util.ArrayList;
import java.util.List;

/** The C functions of an entry: those that the library exports, and the one that they all call. */
final class CFunction {
  private CFunction() {}

  /** The function behind all exported symbols of an entry. */
  static String implementation(CallEntry entry) {
    return "remora_" + entry.methodName();
  }

  /** Whether the entry has variants for the calling thread's own stream. */
  static boolean hasPerThread(CallEntry entry) {
    return entry.symbols().stream().anyMatch(AbiSymbol::perThreadStream);
  }

  /** The entry's C parameters. */
  static List<CallParameter> parameters(CallEntry entry) {
    return entry.parameters().stream().filter(CallParameter::isCParameter).toList();
  }

  /** Declarations of the exported functions' parameters. */
  static List<String> declarations(CallEntry entry) {
    List<CallParameter> parameters = parameters(entry);
    return parameters.isEmpty()
        ? List.of("void")
        : parameters.stream().map(each -> declaration(each.cType(), each.name())).toList();
  }

  /** Declarations of the implementation's parameters. */
  static List<String> implementationDeclarations(CallEntry entry) {
    if (!hasPerThread(entry)) {
      return declarations(entry);
    }
    List<String> all = new ArrayList<>(List.of("bool per_thread"));
    parameters(entry).forEach(each -> all.add(declaration(each.cType(), each.name())));
    return all;
  }

  /** E.g. {@code int *count}. */
  private static String declaration(String cType, String name) {
    int stars = cType.indexOf('*');
    return stars < 0
        ? cType + " " + name
        : cType.substring(0, stars) + " " + cType.substring(stars) + name;
  }
}
