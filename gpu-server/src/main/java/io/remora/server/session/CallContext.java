// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.HandleKind;
import io.remora.wire.WireWriter;

/**
 * One call of a session while it is carried out: what it may look up and how it ends. Each call
 * ends exactly once, by {@link #succeed}, {@link #endAnswer} or {@link #fail}, now or later.
 */
public interface CallContext {
  /** The call's sequence number in its session. */
  long sequence();

  /** The call's number in the call table. */
  int number();

  /**
   * The driver's side of the context that the call names.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_CONTEXT}
   */
  Domain domain();

  /**
   * The driver's side of the device on which a handle's object lives: a call that names an object
   * is carried out there, whatever the current context.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_HANDLE}
   */
  Domain domainOf(HandleKind kind, long handle);

  /**
   * The driver's handle for one of the session's.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_HANDLE}
   */
  long driverHandle(HandleKind kind, long handle);

  /**
   * Checks that a range lies in one allocation of the session and begins at a multiple of its unit.
   * An empty range is right anywhere.
   *
   * @param count number of units, unsigned
   * @return the range's length in bytes
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE}
   */
  long checkRange(long address, long count, int unitBytes);

  /**
   * As {@link #checkRange}, for rows whose beginnings are {@code pitch} bytes apart; a row may not
   * be longer than that. The range goes from the first byte of the first row to the last byte of
   * the last.
   *
   * @return the bytes in all rows, without what lies between them
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE}
   */
  long checkRows(long address, long pitch, long count, int unitBytes, long rows);

  /**
   * Puts the call's work on a stream, in order. The call ends when the work ends.
   *
   * @param stream the client's handle
   * @param bytes device memory that the work touches, for estimating its duration; 0 if unknown
   * @throws CallException {@code CUDA_ERROR_INVALID_HANDLE}
   */
  void submit(long stream, long bytes, StreamWork work);

  /** The call is done and gives nothing back. */
  void succeed();

  /** Begins a successful answer: the caller writes the outputs, then calls {@link #endAnswer}. */
  WireWriter beginAnswer();

  /** Sends what was written since {@link #beginAnswer}. */
  void endAnswer();

  /**
   * The call has failed.
   *
   * @param result a {@code CUresult} but never {@code CUDA_SUCCESS}, or a {@code RemoteResult}
   * @param detail for people; may be empty
   */
  void fail(int result, String detail);

  /** What a call does when its turn on its stream has come. */
  @FunctionalInterface
  interface StreamWork {
    /**
     * Gives the work to the driver; must not block.
     *
     * @param domain where the stream lives
     * @param stream the driver's handle
     * @param observer to be told of the end
     */
    void issue(Domain domain, long stream, WorkObserver observer);
  }
}
