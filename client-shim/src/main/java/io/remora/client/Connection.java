// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.ClientCall;
import io.remora.client.DeferredErrors.Deferred;
import io.remora.client.generated.Calls;
import io.remora.v1.MachinePart;
import io.remora.v1.RemoteResult;
import io.remora.v1.Welcome;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import io.remora.wire.WireException;
import java.util.BitSet;
import java.util.function.Consumer;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * One session on one server: its stream, what is sent on it and what comes back. Any thread may
 * call. A stream that is cut is replaced where the server allows that. Once the session is lost,
 * everything that waits and every later call gets one and the same result.
 */
final class Connection implements AutoCloseable {
  private static final long CLOSE_MILLIS = 2000;

  private final String server;
  private final NanoClock clock;
  private final Transport transport;
  private final SessionLine line;
  private final @Nullable Resumption resumption;
  private final Receiver receiver;
  private final DeferredErrors errors;
  private final HostCallbacks callbacks;
  private final int index;
  private final BitSet supported;
  private final long spinNanos;
  private final CallCounters counters;
  private final DeviceOutput output;
  private final CallSender sender;
  private final IdleFlusher flusher;
  private final Welcome welcome;

  private Connection(
      ConnectionSettings settings,
      NanoClock clock,
      Transport transport,
      Streams streams,
      ClientCall<OutboundFrame, InboundFrame> call,
      Parts parts,
      Welcome welcome) {
    server = settings.server();
    index = parts.part.getIndex();
    this.clock = clock;
    this.transport = transport;
    this.welcome = welcome;
    boolean resumable = settings.resume() && !welcome.getResumeSecret().isEmpty();
    line = new SessionLine(call, resumable, this::broken);
    receiver = parts.receiver;
    errors = parts.errors;
    callbacks = parts.callbacks;
    counters = parts.counters;
    output = parts.output;
    supported = BitSet.valueOf(welcome.getSupportedCalls().toByteArray());
    sender =
        new CallSender(
            clock,
            line,
            transport.loop(),
            parts.answers,
            counters,
            supported,
            welcome.getWindowCalls(),
            welcome.getWindowBytes());
    resumption = resumable ? new Resumption(streams, clock, line, sender, receiver, welcome) : null;
    flusher = new IdleFlusher(sender);
    spinNanos = settings.spin().toNanos();
  }

  /** What all sessions of a program have in common. */
  record Shared(HostFunctions functions, DeviceOutput output) {
    static Shared of(ConnectionSettings settings) {
      return new Shared(new HostFunctions(), new DeviceOutput(settings.deviceOutput()));
    }
  }

  /** What exists before there is a session. */
  private static final class Parts {
    final MachinePart part;
    final PendingAnswers answers = new PendingAnswers();
    final DeferredErrors errors = new DeferredErrors();
    final CallCounters counters = new CallCounters(Calls.supportedCalls().length * Byte.SIZE);
    final HostCallbacks callbacks;
    final DeviceOutput output;
    final Receiver receiver;

    Parts(MachinePart part, Shared shared) {
      this.part = part;
      callbacks = new HostCallbacks(shared.functions, errors);
      output = shared.output;
      receiver = new Receiver(answers, errors, callbacks, output, counters);
    }
  }

  /**
   * Connects and opens a session, within the settings' timeouts.
   *
   * @param part the session's place among those of the program
   * @throws ConnectionException that says what to do
   */
  static Connection open(ConnectionSettings settings, MachinePart part, Shared shared)
      throws ConnectionException {
    NanoClock clock = NanoClock.system();
    Transport transport = Transport.open(settings, clock);
    Parts parts = new Parts(part, shared);
    boolean opened = false;
    try {
      Streams streams = new Streams(settings, transport);
      ClientCall<OutboundFrame, InboundFrame> call = streams.open(parts.receiver, null);
      call.sendMessage(streams.hello(part, null));
      Welcome welcome = Handshake.await(parts.receiver, settings, transport.channel());
      Connection connection =
          new Connection(settings, clock, transport, streams, call, parts, welcome);
      connection.start();
      opened = true;
      return connection;
    } finally {
      if (!opened) {
        parts.callbacks.close();
        transport.close();
      }
    }
  }

  private void start() {
    callbacks.whenDone(sender::callbackDone);
    receiver.attach(sender, resumption);
    sender.flushedBy(flusher);
    flusher.start();
  }

  /** The server's HOST:PORT. */
  String server() {
    return server;
  }

  /** What the server said of itself and its devices. */
  Welcome welcome() {
    return welcome;
  }

  /** Where calls are made. */
  CallSender sender() {
    return sender;
  }

  /** The server's place among those of the program. */
  int index() {
    return index;
  }

  /** Whether the server knows a call. */
  boolean knows(int number) {
    return supported.get(number);
  }

  /** The place of a context on this server. */
  Destination at(long context) {
    return new Destination(this, context);
  }

  /** What a thread waits by for this server's answers. */
  Waiter newWaiter() {
    return new Waiter(transport.loop(), spinNanos);
  }

  /** Names who is told once when the session is over, at once if it is; may not block. */
  void whenFailed(Consumer<Failure> listener) {
    receiver.whenFailed(listener);
  }

  /** Where failures go that no call has returned. */
  DeferredErrors errors() {
    return errors;
  }

  CallCounters counters() {
    return counters;
  }

  /** Why there is no session any more, or null. */
  @Nullable Failure failure() {
    return receiver.failure();
  }

  /**
   * Waits for the answer to a call that was just ended by {@link CallSender#endSync} with the
   * thread's waiter.
   *
   * @return the answer's result; if that is success, possibly the result of an earlier asynchronous
   *     call that failed
   */
  int await(ThreadState thread, int number) {
    Waiter waiter = thread.waiter();
    long start = clock.nanos();
    waiter.await();
    if (!thread.isOwn()) {
      output.write();
    }
    counters.waited(number, clock.nanos() - start);
    int result = waiter.result();
    if (result == RemoteResult.IMAGE_NEEDED_VALUE || thread.isOwn()) {
      return result;
    }
    boolean failed = result != CUresult.CUDA_SUCCESS;
    Deferred deferred = failed ? errors.takeCause(result) : errors.take();
    if (deferred != null) {
      thread.explain(
          Calls.name(deferred.callNumber()) + " (call " + deferred.sequence() + " of this session)",
          deferred.detail());
      return deferred.result();
    }
    if (failed) {
      thread.explain(Calls.name(number), waiter.detail());
    }
    return result;
  }

  /** Bulk memory came in an answer, but not all of it. */
  void broken(WireException cause) {
    receiver.broken(cause);
    line.cancel("protocol violation", cause);
  }

  /**
   * Sends what is there, ends the session and waits a moment for the server to agree, also if it
   * has to connect again for that. Every later call answers {@code CUDA_ERROR_DEINITIALIZED}.
   */
  @Override
  public void close() {
    sender.close(this::endOfCalls);
    try {
      if (!receiver.awaitClosed(CLOSE_MILLIS)) {
        line.cancel("the client is closing", null);
      }
    } catch (InterruptedException e) {
      line.cancel("the client is closing", null);
      Thread.currentThread().interrupt();
    }
    if (resumption != null) {
      resumption.stop();
    }
    output.write();
    flusher.close();
    callbacks.close();
    transport.close();
  }

  /** Under the sender's lock, so that no call can be sent behind the end. */
  private void endOfCalls() {
    boolean intact = receiver.failure() == null;
    Failure closed =
        new Failure(CUresult.CUDA_ERROR_DEINITIALIZED, "The connection was closed by the program.");
    if (intact && resumption != null) {
      resumption.end();
    }
    receiver.fail(closed);
    // A stream that has failed may have been cancelled, and then has no half to close.
    if (intact && !line.halfClose() && resumption == null) {
      receiver.lost(closed);
    }
  }
}
