// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.queue.Work;
import io.remora.server.session.ProtocolException.Reason;
import io.remora.server.tenant.TenantAccount.Kind;
import io.remora.v1.CUresult;
import java.util.HashMap;
import java.util.Map;

/**
 * Functions of the client that a stream runs in its order: the stream stops, the client is told,
 * and the stream goes on when the client says that it has run the function. Belongs to the
 * session's serial executor.
 */
final class HostCallbacks {
  private final ClientSession session;
  private final Map<Long, Runnable> running = new HashMap<>();
  private int requested;

  /** Numbers of what no call has asked for: no call of the client has such a sequence. */
  private long nodeNumbers = Long.MIN_VALUE;

  HostCallbacks(ClientSession session) {
    this.session = session;
  }

  /**
   * Puts a host function on a stream.
   *
   * @param alsoAfterErrors whether the function runs, with the status, when earlier work failed
   */
  void request(SessionCall call, long handle, long token, boolean alsoAfterErrors) {
    SessionStream stream = session.objects().stream(call, handle);
    if (!alsoAfterErrors && session.captures().takes(call, stream, new NodeWork.Host(token))) {
      return;
    }
    int most = session.services().limits().hostCallbacksMax();
    if (requested >= most) {
      throw new CallException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "the session has " + most + " host functions that have not run, the most it may have");
    }
    if (!session.quota().take(Kind.HOST_CALLBACKS)) {
      throw session.quota().refusal(Kind.HOST_CALLBACKS);
    }
    call.waitForHost();
    call.whenFinished(() -> session.signal(this::finished));
    call.submit(
        stream,
        Work.FREE,
        (domain, at, observer) ->
            domain.pause(
                at,
                (result, resume) ->
                    session.signal(() -> reached(call, token, alsoAfterErrors, result, resume)),
                observer));
    requested++;
  }

  private void finished() {
    requested--;
    session.quota().give(Kind.HOST_CALLBACKS);
  }

  /** A launched graph has reached a function of the client; serial executor. */
  void reachedNode(long token, int result, Runnable resume) {
    if (session.isEnded()) {
      return;
    }
    if (result != CUresult.CUDA_SUCCESS_VALUE) {
      session.serial().execute(resume);
      return;
    }
    long number = nodeNumbers++;
    running.put(number, resume);
    session.flow().callbackSent();
    session.outbox().callback(number, token, result, true);
  }

  /**
   * Has the client run a function for which no stream waits; serial executor. Whoever has it run
   * bounds how many are.
   *
   * @param done run when the client says that it has
   */
  void tell(long token, Runnable done) {
    if (session.isEnded()) {
      return;
    }
    long number = nodeNumbers++;
    running.put(number, done);
    session.flow().callbackSent();
    session.outbox().callback(number, token, CUresult.CUDA_SUCCESS_VALUE, false);
  }

  private void reached(
      SessionCall call, long token, boolean alsoAfterErrors, int result, Runnable resume) {
    if (session.isEnded()) {
      return;
    }
    if (result != CUresult.CUDA_SUCCESS_VALUE && !alsoAfterErrors) {
      session.serial().execute(resume);
      return;
    }
    running.put(call.sequence(), resume);
    session.flow().callbackSent();
    session.outbox().callback(call.sequence(), token, result, false);
  }

  /**
   * The client has run a function.
   *
   * @throws ProtocolException if it wasn't asked to
   */
  void done(long sequence) {
    Runnable resume = running.remove(sequence);
    if (resume == null) {
      throw new ProtocolException(
          Reason.MALFORMED, "no host callback with the sequence " + sequence + " is running");
    }
    session.flow().callbackDone();
    resume.run();
  }

  /** Whether the client runs a function, for which a stream waits. */
  boolean isWithClient() {
    return !running.isEmpty();
  }

  /** Whether no function is on a stream or with the client. */
  boolean isIdle() {
    return requested == 0 && running.isEmpty();
  }

  /** The number of the next call that a graph makes. */
  long nextNodeNumber() {
    return nodeNumbers;
  }

  /** Goes on with the numbers of the server that the session comes from. */
  void continueAt(long nextNodeNumber) {
    nodeNumbers = nextNodeNumber;
  }
}
