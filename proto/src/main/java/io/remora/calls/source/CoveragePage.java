// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;
import io.remora.calls.NotForwardedSymbol;
import io.remora.v1.CallClass;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The page that says of every entry point of the driver what becomes of it. */
public final class CoveragePage {
  /** What renews the page, at the root of the repository. */
  public static final String RENEW =
      "mvn -q -pl proto compile exec:java -Dexec.mainClass=io.remora.calls.Generate"
          + " -Dexec.args=\"coverage docs\"";

  private static final String HEAD =
      """
      # Coverage of the CUDA driver API

      <!-- Generated from the call table by io.remora.calls.Generate; renew it by
           %s -->

      The driver of CUDA 13.0 has %d entry points, not counting the ABI variants of one name:

      | | entry points | |
      |---|---|---|
      | sent without waiting (`async`) | %d | an error surfaces at a later call, as CUDA's asynchronous errors do |
      | sent and answered (`sync`) | %d | costs a round trip |
      | answered in the client (`local`) | %d | costs nothing |
      | not yet | %d | answer `CUDA_ERROR_NOT_SUPPORTED` |
      """;

  private final CallTable table;
  private final StringBuilder text = new StringBuilder();

  private CoveragePage(CallTable table) {
    this.table = table;
  }

  /** The page's text, in Markdown. */
  public static String of(CallTable table) {
    return new CoveragePage(table).write();
  }

  private String write() {
    Map<String, Set<String>> missing = missing();
    long async = names(CallClass.ASYNC).size();
    long sync = names(CallClass.SYNC).size();
    long local = names(CallClass.LOCAL).size();
    long notYet = missing.values().stream().mapToLong(Collection::size).sum();
    long all = async + sync + local + notYet;
    text.append(HEAD.formatted(RENEW, all, async, sync, local, notYet));
    Map<String, List<CallEntry>> groups =
        table.entries().stream()
            .collect(
                Collectors.groupingBy(CallEntry::group, LinkedHashMap::new, Collectors.toList()));
    groups.forEach(this::group);
    text.append("\n## Not yet\n");
    missing.forEach(
        (group, names) -> {
          text.append("\n**").append(group).append("** (").append(names.size()).append("): ");
          text.append(names.stream().map(CoveragePage::code).collect(Collectors.joining(", ")));
          text.append('\n');
        });
    oldForms();
    return text.toString();
  }

  private void group(String group, List<CallEntry> entries) {
    text.append("\n## ").append(group).append("\n\n");
    boolean own = entries.stream().allMatch(CallEntry::isOwn);
    text.append(
        own ? "| call | class | |\n|---|---|---|\n" : "| symbols | class | |\n|---|---|---|\n");
    for (CallEntry entry : entries) {
      String what =
          entry.isOwn()
              ? entry.methodName()
              : entry.symbols().stream()
                  .map(symbol -> code(symbol.symbol()))
                  .collect(Collectors.joining(" "));
      text.append("| ").append(what).append(" | ");
      text.append(entry.callClass().name().toLowerCase(java.util.Locale.ROOT)).append(" | ");
      text.append(entry.note()).append(" |\n");
    }
  }

  private void oldForms() {
    Set<String> names = names();
    String forms =
        table.notForwarded().stream()
            .map(NotForwardedSymbol::symbol)
            .filter(symbol -> names.contains(base(symbol)))
            .map(CoveragePage::code)
            .collect(Collectors.joining(", "));
    text.append("\n## Other forms of forwarded entry points\n\n");
    text.append("These have other parameters, most of them 32-bit addresses from before CUDA 3.2,");
    text.append(" and answer `CUDA_ERROR_NOT_SUPPORTED`: ").append(forms).append(".\n");
  }

  /** By group, the names of which no form is in the table. */
  private Map<String, Set<String>> missing() {
    Set<String> present = names();
    // The forms of a name are in order, so that the newest one decides on the group.
    Map<String, String> groupOf = new TreeMap<>();
    table.notForwarded().forEach(each -> groupOf.put(base(each.symbol()), each.group()));
    Map<String, Set<String>> groups = new TreeMap<>();
    groupOf.forEach(
        (name, group) -> {
          if (!present.contains(name)) {
            groups.computeIfAbsent(group, each -> new TreeSet<>()).add(name);
          }
        });
    return groups;
  }

  private Set<String> names() {
    return table.entries().stream()
        .filter(entry -> !entry.isOwn())
        .map(CallEntry::name)
        .collect(Collectors.toSet());
  }

  /** Names by the class of their first entry: the forms of a name hardly ever differ. */
  private Set<String> names(CallClass callClass) {
    Map<String, CallClass> classes = new LinkedHashMap<>();
    table.entries().stream()
        .filter(entry -> !entry.isOwn())
        .forEach(entry -> classes.putIfAbsent(entry.name(), entry.callClass()));
    classes.values().removeIf(each -> each != callClass);
    return classes.keySet();
  }

  private static String base(String symbol) {
    return symbol.replaceAll("(_v[0-9]+)?(_ptds|_ptsz)?$", "");
  }

  private static String code(String name) {
    return "`" + name + "`";
  }
}
