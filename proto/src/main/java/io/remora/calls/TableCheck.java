// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import io.remora.v1.CallClass;
import io.remora.v1.Direction;
import io.remora.v1.HandleKind;
import io.remora.v1.HandleUse;
import io.remora.v1.Handling;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds every contradiction in a table, so that a wrong table fails the build. */
final class TableCheck {
  private final CallTable table;
  private final List<String> violations = new ArrayList<>();

  private TableCheck(CallTable table) {
    this.table = table;
  }

  /**
   * @throws InvalidTableException with every violation, one a line
   */
  static void check(CallTable table) {
    var check = new TableCheck(table);
    check.unique();
    for (CallEntry entry : table.entries()) {
      check.entry(entry);
      entry.parameters().forEach(parameter -> check.parameter(entry, parameter));
      if (entry.handling() == Handling.PLAIN && entry.isOnWire()) {
        check.plain(entry);
      }
      if (!entry.sameAs().isEmpty()) {
        check.sameAs(entry);
      }
    }
    if (!check.violations.isEmpty()) {
      throw new InvalidTableException(String.join("\n", check.violations));
    }
  }

  private void require(boolean holds, CallEntry entry, String rule) {
    if (!holds) {
      violations.add(entry.messageName() + ": " + rule);
    }
  }

  private void require(boolean holds, CallEntry entry, CallParameter parameter, String rule) {
    if (!holds) {
      violations.add(entry.messageName() + "." + parameter.name() + ": " + rule);
    }
  }

  private void unique() {
    Map<Integer, String> numbers = new HashMap<>();
    Map<String, String> symbols = new HashMap<>();
    for (CallEntry entry : table.entries()) {
      String other = numbers.put(entry.number(), entry.messageName());
      require(other == null, entry, "has the number " + entry.number() + " of " + other);
      for (AbiSymbol symbol : entry.symbols()) {
        String holder = symbols.put(symbol.symbol(), entry.messageName());
        require(holder == null, entry, "lists " + symbol.symbol() + ", as does " + holder);
      }
    }
    for (NotForwardedSymbol each : table.notForwarded()) {
      String holder = symbols.put(each.symbol(), "the list of what is not forwarded");
      if (holder != null) {
        violations.add(each.symbol() + ": is not forwarded, but listed by " + holder);
      }
      if (each.since() < 2000) {
        violations.add(each.symbol() + ": needs the version of CUDA");
      }
    }
  }

  private void entry(CallEntry entry) {
    require(entry.number() > 0, entry, "needs a number");
    require(entry.callClass() != CallClass.CALL_CLASS_UNSPECIFIED, entry, "needs a call_class");
    require(entry.handling() != Handling.HANDLING_UNSPECIFIED, entry, "needs a handling");
    require(!entry.group().isEmpty(), entry, "needs a group");
    require(entry.isOwn() || !entry.name().isEmpty(), entry, "needs the name of the entry point");
    require(entry.isOwn() == entry.symbols().isEmpty(), entry, "has an abi if and only if < 1000");
    require(
        entry.isOwn() || entry.methodName().replaceAll("V[0-9]+$", "").equals(entry.name()),
        entry,
        "must be named after " + entry.name());
    for (AbiSymbol symbol : entry.symbols()) {
      require(symbol.since() >= 2000, entry, symbol.symbol() + " needs the version of CUDA");
      require(symbol.symbol().startsWith(entry.name()), entry, symbol.symbol() + " is misnamed");
    }
    long streams =
        entry.inputs().stream()
            .filter(each -> each.handle().map(HandleRule::kind).orElse(null) == HandleKind.STREAM)
            .count();
    require(!entry.queued() || streams <= 1, entry, "is queued, but names several streams");
    require(!entry.queued() || entry.isOnWire(), entry, "is local, so it can't be queued");
    require(
        entry.callClass() != CallClass.ASYNC || entry.outputs().isEmpty(),
        entry,
        "is ASYNC, so nothing can travel back");
  }

  private void parameter(CallEntry entry, CallParameter parameter) {
    require(parameter.annotated(), entry, parameter, "needs the option (param)");
    parameter.handle().ifPresent(rule -> handle(entry, parameter, rule));
    integerField(entry, parameter, parameter.length());
    integerField(entry, parameter, parameter.pitch());
    integerField(entry, parameter, parameter.rows());
    require(
        parameter.rows().isEmpty() == parameter.pitch().isEmpty(),
        entry,
        parameter,
        "rows and pitch belong together");
    boolean integer = parameter.type() == WireType.LONG || parameter.type() == WireType.INT;
    boolean limited =
        parameter.min().isPresent() || parameter.max().isPresent() || parameter.mask().isPresent();
    require(!limited || integer, entry, parameter, "limits are for integers");
    require(!limited || parameter.isInput(), entry, parameter, "limits are for what comes in");
    require(
        !parameter.devicePointer() || parameter.type() == WireType.LONG,
        entry,
        parameter,
        "a device pointer is a uint64");
    require(
        !parameter.bulk() || parameter.type() == WireType.PAYLOAD,
        entry,
        parameter,
        "only bytes can be bulk");
    require(
        !parameter.bulk() || entry.handling() == Handling.BY_HAND,
        entry,
        parameter,
        "bulk data needs handling BY_HAND");
  }

  private void integerField(CallEntry entry, CallParameter parameter, String name) {
    if (!name.isEmpty()) {
      boolean holds =
          entry
              .parameter(name)
              .map(each -> each.type() == WireType.LONG || each.type() == WireType.INT)
              .orElse(false);
      require(holds, entry, parameter, "needs a field " + name + " of an integer type");
    }
  }

  private void handle(CallEntry entry, CallParameter parameter, HandleRule rule) {
    require(parameter.type() == WireType.LONG, entry, parameter, "a handle is a uint64");
    require(
        rule.kind() != HandleKind.HANDLE_KIND_UNSPECIFIED, entry, parameter, "needs a handle kind");
    require(
        rule.use() != HandleUse.CREATES || !entry.isOnWire() || parameter.isInput(),
        entry,
        parameter,
        "the client chooses the handles it creates, so they are IN");
  }

  private void plain(CallEntry entry) {
    require(
        !entry.queued() || entry.callClass() == CallClass.ASYNC,
        entry,
        "waits for its stream, so it needs handling BY_HAND");
    for (CallParameter parameter : entry.parameters()) {
      require(
          parameter.handle().map(rule -> rule.use() == HandleUse.USES).orElse(true),
          entry,
          parameter,
          "creating and destroying need handling BY_HAND");
      require(
          parameter.direction() != Direction.INOUT || parameter.clientOnly(),
          entry,
          parameter,
          "INOUT needs handling BY_HAND");
      require(
          parameter.clientOnly() || (parameter.type() != WireType.MESSAGE && !parameter.repeated()),
          entry,
          parameter,
          "structures need handling BY_HAND");
    }
  }

  private void sameAs(CallEntry entry) {
    var target = table.byMessageName(entry.sameAs());
    require(target.isPresent(), entry, "same_as names no entry: " + entry.sameAs());
    if (target.isEmpty()) {
      return;
    }
    CallEntry other = target.get();
    require(other.sameAs().isEmpty(), entry, "same_as names an entry that itself has same_as");
    require(
        other.handling() == entry.handling(), entry, "differs in handling from " + other.name());
    require(other.queued() == entry.queued(), entry, "differs in queued from " + other.name());
    for (CallParameter parameter : entry.parameters()) {
      boolean alike =
          parameter.clientOnly()
              || other
                  .parameter(parameter.name())
                  .map(each -> alike(each, parameter))
                  .orElse(false);
      require(alike, entry, parameter, "is not in " + other.messageName() + ", or differs there");
    }
    for (CallParameter parameter : other.parameters()) {
      boolean replaceable =
          parameter.clientOnly()
              || entry.parameter(parameter.name()).isPresent()
              || (parameter.isInput() && isNumber(parameter) && !parameter.repeated());
      require(replaceable, entry, "lacks " + parameter.name() + " of " + other.messageName());
    }
  }

  private static boolean alike(CallParameter one, CallParameter other) {
    return one.javaType().equals(other.javaType())
        && one.direction() == other.direction()
        && one.handle().equals(other.handle())
        && (!one.isOutput() || one.number() == other.number());
  }

  private static boolean isNumber(CallParameter parameter) {
    return parameter.type() == WireType.LONG || parameter.type() == WireType.INT;
  }
}
