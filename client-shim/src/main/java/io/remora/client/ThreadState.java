// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What CUDA keeps for each thread, for one program. Used by its own thread only. */
final class ThreadState {
  private final List<Waiter> waiters;
  private final Draft draft = new Draft();
  private final ArrayDeque<ClientContext> contexts = new ArrayDeque<>();
  private final Map<ClientContext, Long> ownStreams = new HashMap<>();
  private @Nullable ClientContext current;
  private @Nullable Function lastFunction;
  private ByteBuffer scratch = ByteBuffer.allocate(0);
  private byte[] @Nullable [] parameters = new byte[0][];
  private String detail = "";
  private int captureMode;
  private int server;
  private boolean own;

  /** Whether the detail belongs to the call that is being made. */
  private boolean explained;

  /**
   * @param waiters one for each server
   */
  ThreadState(List<Waiter> waiters) {
    this.waiters = List.copyOf(waiters);
  }

  /** The call that the thread makes, where there are several servers. */
  Draft draft() {
    return draft;
  }

  /** The thread's latest waiting call is one to this server. */
  void use(int newServer) {
    server = newServer;
  }

  /** The server of the thread's latest waiting call. */
  int server() {
    return server;
  }

  /**
   * From now on the thread's calls are the client's own: what comes for the program, such as
   * failures of earlier calls, stays for the program's next call.
   */
  void makeOwn() {
    own = true;
  }

  /** Whether the thread's calls are the client's own. */
  boolean isOwn() {
    return own;
  }

  /** The current context on the wire; 0 without one, for calls that need none. */
  long contextHandle() {
    ClientContext top = current;
    return top == null ? 0 : top.handle();
  }

  /** The thread's own streams by context. */
  Map<ClientContext, Long> ownStreams() {
    return ownStreams;
  }

  /** A buffer with room for {@code bytes}, used again by the next call. */
  ByteBuffer scratch(int bytes) {
    if (scratch.capacity() < bytes) {
      scratch = ByteBuffer.allocate(bytes);
    }
    return scratch;
  }

  /** An array of exactly {@code bytes} for a launch's parameters, used again by the next launch. */
  byte[] parameters(int bytes) {
    if (bytes >= parameters.length) {
      parameters = Arrays.copyOf(parameters, bytes + 1);
    }
    byte[] array = parameters[bytes];
    if (array == null) {
      array = new byte[bytes];
      parameters[bytes] = array;
    }
    return array;
  }

  /** The function that the thread launched last, or null. */
  @Nullable Function lastFunction() {
    return lastFunction;
  }

  void setLastFunction(Function function) {
    lastFunction = function;
  }

  /** The waiter of the thread's latest waiting call. */
  Waiter waiter() {
    return waiters.get(server);
  }

  /** The context on top of the thread's stack, or null. */
  @Nullable ClientContext current() {
    return current;
  }

  /** Replaces the context on top of the stack; null takes it off. */
  void setCurrent(@Nullable ClientContext context) {
    contexts.pollFirst();
    if (context != null) {
      contexts.addFirst(context);
    }
    current = contexts.peekFirst();
  }

  void push(ClientContext context) {
    contexts.addFirst(context);
    current = context;
  }

  /** Takes the top off the stack; null if it is empty. */
  @Nullable ClientContext pop() {
    ClientContext top = contexts.pollFirst();
    current = contexts.peekFirst();
    return top;
  }

  /** Keeps a {@code CUstreamCaptureMode} and returns the one before. */
  int exchangeCaptureMode(int mode) {
    int before = captureMode;
    captureMode = mode;
    return before;
  }

  /** Keeps the words for a failure. */
  void explain(String what, String words) {
    explained = true;
    if (what.isEmpty() || words.isEmpty()) {
      detail = words.isEmpty() ? what + " failed" : words;
    } else {
      detail = what + ": " + words;
    }
  }

  /** A call has failed: words that belong to an earlier failure are forgotten. */
  void failed() {
    if (!explained) {
      detail = "";
    }
    explained = false;
  }

  /** The words for the thread's latest failure; empty if there was none. */
  String detail() {
    return detail;
  }
}
