// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage.TransferWork.Kind;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A copy within a device, or a fill, as plain values: what a node of a graph does, so that another
 * server can do it.
 *
 * @param arguments as {@link Kind} says
 */
record DeviceTransfer(Kind kind, List<Long> arguments) implements CallContext.StreamWork {
  /**
   * @throws IllegalArgumentException if there are too few or too many arguments
   */
  DeviceTransfer {
    arguments = List.copyOf(arguments);
    if (arguments.size() != count(kind)) {
      throw new IllegalArgumentException("a transfer " + kind + " has other arguments");
    }
  }

  private static int count(Kind kind) {
    return switch (kind) {
      case NOTHING -> 0;
      case COPY, FILL_8, FILL_16, FILL_32 -> 3;
      case COPY_ROWS -> 6;
      case FILL_ROWS_8, FILL_ROWS_16, FILL_ROWS_32 -> 5;
      case UNRECOGNIZED -> throw new IllegalArgumentException("there is no such transfer");
    };
  }

  /**
   * Finds out what a work does, by letting it do that to a driver that only listens.
   *
   * @return empty if it is more than one transfer, or something else
   */
  static Optional<DeviceTransfer> of(CallContext.StreamWork work) {
    if (work instanceof DeviceTransfer known) {
      return Optional.of(known);
    }
    List<DeviceTransfer> heard = new ArrayList<>(1);
    Domain listener =
        (Domain)
            Proxy.newProxyInstance(
                Domain.class.getClassLoader(),
                new Class<?>[] {Domain.class},
                (proxy, method, values) -> hear(heard, method, values));
    try {
      work.issue(listener, 0, WorkObserver.NONE);
    } catch (UnsupportedOperationException other) {
      return Optional.empty();
    }
    return switch (heard.size()) {
      case 0 -> Optional.of(new DeviceTransfer(Kind.NOTHING, List.of()));
      case 1 -> Optional.of(heard.get(0));
      default -> Optional.empty();
    };
  }

  private static @Nullable Object hear(List<DeviceTransfer> heard, Method method, Object[] values) {
    Kind kind =
        switch (method.getName()) {
          case "copyOnDevice" -> Kind.COPY;
          case "copyRowsOnDevice" -> Kind.COPY_ROWS;
          case "cuMemsetD8Async" -> Kind.FILL_8;
          case "cuMemsetD16Async" -> Kind.FILL_16;
          case "cuMemsetD32Async" -> Kind.FILL_32;
          case "cuMemsetD2D8Async" -> Kind.FILL_ROWS_8;
          case "cuMemsetD2D16Async" -> Kind.FILL_ROWS_16;
          case "cuMemsetD2D32Async" -> Kind.FILL_ROWS_32;
          default -> throw new UnsupportedOperationException(method.getName());
        };
    // The stream is the first argument of one and the last but one of the others.
    int first = kind == Kind.COPY ? 1 : 0;
    List<Long> arguments = new ArrayList<>();
    for (int i = first; i < first + count(kind); i++) {
      arguments.add(((Number) values[i]).longValue());
    }
    heard.add(new DeviceTransfer(kind, arguments));
    return null;
  }

  @Override
  public void issue(Domain domain, long stream, WorkObserver observer) {
    switch (kind) {
      case NOTHING -> observer.onDone(CUresult.CUDA_SUCCESS_VALUE, 0);
      case COPY -> domain.copyOnDevice(stream, at(0), at(1), at(2), observer);
      case COPY_ROWS ->
          domain.copyRowsOnDevice(at(0), at(1), at(2), at(3), at(4), at(5), stream, observer);
      case FILL_8 -> domain.cuMemsetD8Async(at(0), (int) at(1), at(2), stream, observer);
      case FILL_16 -> domain.cuMemsetD16Async(at(0), (int) at(1), at(2), stream, observer);
      case FILL_32 -> domain.cuMemsetD32Async(at(0), (int) at(1), at(2), stream, observer);
      case FILL_ROWS_8 ->
          domain.cuMemsetD2D8Async(at(0), at(1), (int) at(2), at(3), at(4), stream, observer);
      case FILL_ROWS_16 ->
          domain.cuMemsetD2D16Async(at(0), at(1), (int) at(2), at(3), at(4), stream, observer);
      case FILL_ROWS_32 ->
          domain.cuMemsetD2D32Async(at(0), at(1), (int) at(2), at(3), at(4), stream, observer);
      case UNRECOGNIZED -> throw new IllegalStateException("no such transfer was made");
    }
  }

  private long at(int argument) {
    return arguments.get(argument);
  }
}
