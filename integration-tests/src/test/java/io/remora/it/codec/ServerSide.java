// SPDX-License-Identifier: Apache-2.0
package io.remora.it.codec;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import io.remora.server.session.CallContext;
import io.remora.server.session.generated.CallDispatcher;
import io.remora.server.session.generated.CallHandler;
import io.remora.wire.WireReader;
import io.remora.wire.WireWriter;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The generated dispatcher between a context and a driver that only write down what they are asked:
 * every handle is its own, every range is right, and work on a stream runs at once.
 */
final class ServerSide {
  private final Domain domain = proxy(Domain.class, this::driver);
  private final CallContext context = proxy(CallContext.class, this::context);
  private final CallDispatcher dispatcher =
      new CallDispatcher(proxy(CallHandler.class, this::handler));
  private final WireWriter answer = new WireWriter(64);

  private String method = "";
  private List<Object> arguments = List.of();
  private int failure;

  /** Carries out one call. */
  boolean dispatch(int number, byte[] encoded) {
    method = "";
    arguments = List.of();
    failure = 0;
    answer.reset();
    return dispatcher.dispatch(number, new WireReader(encoded, 0, encoded.length), context);
  }

  /** Name of the handler's or the driver's method that was called; empty if none was. */
  String method() {
    return method;
  }

  /** What the method got, without context, outputs and observer. */
  List<Object> arguments() {
    return arguments;
  }

  /** The {@code CUresult} with which the call failed, or 0. */
  int failure() {
    return failure;
  }

  /** The context, for the generated encoders of answers. */
  CallContext context() {
    return context;
  }

  /** What an encoder wrote. */
  byte[] answer() {
    return answer.toByteArray();
  }

  private @Nullable Object handler(Object proxy, Method called, Object[] values) {
    note(called, List.of(values).subList(1, values.length));
    return null;
  }

  private @Nullable Object driver(Object proxy, Method called, Object[] values) {
    List<Object> given = new ArrayList<>(List.of(values));
    given.removeIf(each -> each instanceof WorkObserver || isOutput(each));
    note(called, given);
    return called.getReturnType() == int.class ? 0 : null;
  }

  private static boolean isOutput(Object value) {
    return value instanceof int[] || value instanceof long[] || value instanceof float[];
  }

  private void note(Method called, List<Object> given) {
    method = called.getName();
    arguments = RandomValues.comparable(given.toArray());
  }

  private @Nullable Object context(Object proxy, Method called, Object[] values) {
    return switch (called.getName()) {
      case "domain", "domainOf" -> domain;
      case "driverHandle" -> values[1];
      case "checkRange", "checkRows" -> 0L;
      case "submit" -> {
        ((CallContext.StreamWork) values[2]).issue(domain, (Long) values[0], WorkObserver.NONE);
        yield null;
      }
      case "beginAnswer" -> answer;
      case "fail" -> {
        failure = (Integer) values[0];
        yield null;
      }
      case "succeed", "endAnswer" -> null;
      default -> throw new IllegalStateException("unexpected: " + called);
    };
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
