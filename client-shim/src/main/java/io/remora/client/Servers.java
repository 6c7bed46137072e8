// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.Welcome;
import io.remora.wire.WireWriter;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The servers on which a program has sessions, as one machine: their devices one behind the other,
 * and every call at the server that has its objects. With one server nothing of this costs
 * anything. Any thread.
 */
final class Servers implements AutoCloseable {
  private final List<Connection> connections;
  private final HostFunctions functions;
  private final Numbering numbering;
  private final Router router;
  private final Welcome welcome;
  private final ThreadLocal<ThreadState> threads;

  /**
   * @param connections at least one
   * @param functions those of all connections
   */
  Servers(List<Connection> connections, HostFunctions functions) {
    this.connections = List.copyOf(connections);
    this.functions = functions;
    numbering = Numbering.of(connections.stream().map(Connection::welcome).toList());
    router = new Router(numbering);
    welcome = whole();
    threads =
        ThreadLocal.withInitial(
            () -> new ThreadState(this.connections.stream().map(Connection::newWaiter).toList()));
  }

  /** The devices of all; in all else as the first server says it, but for the driver's version. */
  private Welcome whole() {
    Welcome.Builder whole = first().welcome().toBuilder();
    for (Connection each : connections.subList(1, connections.size())) {
      whole.addAllDevices(each.welcome().getDevicesList());
      whole.setDriverVersion(Math.min(whole.getDriverVersion(), each.welcome().getDriverVersion()));
    }
    return whole.build();
  }

  /** Whether there are several. */
  boolean several() {
    return connections.size() > 1;
  }

  List<Connection> all() {
    return connections;
  }

  Connection first() {
    return connections.get(0);
  }

  Connection at(int server) {
    return connections.get(server);
  }

  /** What the numbers of things say of where they are. */
  Numbering numbering() {
    return numbering;
  }

  /** What they said of themselves, as one machine says it. */
  Welcome welcome() {
    return welcome;
  }

  /** Functions that wait on streams of any server. */
  HostFunctions functions() {
    return functions;
  }

  /** The calling thread's own state. */
  ThreadState thread() {
    return threads.get();
  }

  /** The place of a context, by its handle or a device's ordinal. */
  Destination destination(long context) {
    return connections.get(numbering.home(context)).at(context);
  }

  /**
   * The place for a call.
   *
   * @param context the caller's current context on the wire; 0 without one
   * @param arguments encoded, without a payload
   */
  Destination destination(int number, long context, WireWriter arguments) {
    return destination(router.context(number, context, arguments));
  }

  /** Why no call is of any use any more: all sessions are over. Null as long as there is one. */
  @Nullable Failure failure() {
    Failure last = null;
    for (Connection each : connections) {
      last = each.failure();
      if (last == null) {
        return null;
      }
    }
    return last;
  }

  /** Names who is told which server's session is over; may not block. */
  void whenLost(IntConsumer listener) {
    for (Connection each : connections) {
      each.whenFailed(unused -> listener.accept(each.index()));
    }
  }

  /** Does something with each server's sender. */
  void senders(Consumer<CallSender> action) {
    connections.forEach(each -> action.accept(each.sender()));
  }

  @Override
  public void close() {
    connections.forEach(Connection::close);
  }
}
