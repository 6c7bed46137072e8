// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import io.remora.v1.HandleKind;
import io.remora.v1.Route;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A field that says which of several servers a call is for. All clients route by these.
 *
 * @param parameter the field
 * @param kind what it names
 */
public record RouteField(CallParameter parameter, Kind kind) {
  /** What a field names, in the order in which they count. */
  public enum Kind {
    /** A stream, or by 0 the legacy stream of the call's context. */
    STREAM,
    /** Anything else that has a handle. */
    OBJECT,
    /** A context; below the first handle that clients choose a device's primary context. */
    CONTEXT,
    /** A memory pool; below that handle the default pool of a device, numbered from 1. */
    POOL,
    /** A device's ordinal. */
    DEVICE,
    /** An address in device memory. */
    ADDRESS
  }

  /** The fields of a call that say where it goes, those that count more first. */
  public static List<RouteField> of(CallEntry entry) {
    List<RouteField> fields = new ArrayList<>();
    for (CallParameter each : entry.inputs()) {
      kind(each).ifPresent(kind -> fields.add(new RouteField(each, kind)));
    }
    fields.sort(Comparator.comparing(RouteField::kind));
    return fields;
  }

  private static Optional<Kind> kind(CallParameter parameter) {
    String type = parameter.cType();
    if (parameter.repeated()
        || (parameter.type() != WireType.LONG && parameter.type() != WireType.INT)) {
      return Optional.empty();
    }
    if (parameter.handle().isPresent()) {
      HandleKind kind = parameter.handle().get().kind();
      return Optional.of(
          switch (kind) {
            case STREAM -> parameter.handle().get().zero() ? Kind.STREAM : Kind.OBJECT;
            case CONTEXT -> Kind.CONTEXT;
            case MEMORY_POOL -> Kind.POOL;
            default -> Kind.OBJECT;
          });
    }
    if (parameter.devicePointer() || type.equals("CUdeviceptr") || type.equals("CUarray")) {
      return Optional.of(Kind.ADDRESS);
    }
    if (type.equals("CUdevice") || parameter.route() == Route.ROUTE_DEVICE) {
      return Optional.of(Kind.DEVICE);
    }
    boolean object =
        type.startsWith("CUmemGenericAllocationHandle") || parameter.route() == Route.ROUTE_OBJECT;
    return object ? Optional.of(Kind.OBJECT) : Optional.empty();
  }
}
