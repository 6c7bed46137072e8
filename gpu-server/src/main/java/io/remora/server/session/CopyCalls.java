// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import io.remora.server.session.generated.Calls;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
import io.remora.v1.GraphNodeWork;
import io.remora.wire.Payload;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Copies to and within devices. What comes from the client is given to the driver where it lies in
 * the receive buffers, which are kept until then. Belongs to the session's serial executor.
 */
final class CopyCalls {
  private final ClientSession session;

  CopyCalls(ClientSession session) {
    this.session = session;
  }

  void toDevice(
      SessionCall call,
      long destination,
      Payload source,
      long byteCount,
      long handle,
      long offset) {
    if (byteCount == 0) {
      session.objects().stream(call, handle);
      call.succeed();
      return;
    }
    SessionDevice device = session.memory(destination, byteCount);
    checkChunk(source, byteCount, offset);
    SessionStream stream = streamFor(call, handle, device, destination);
    List<ByteBuffer> parts = source.buffers();
    long at = destination + offset;
    if (offset != 0) {
      call.continuesAnother();
    }
    call.hold(session.currentFrame(), source.bytes());
    call.submit(
        stream,
        WorkKeys.ofBytes(call.number(), source.bytes()),
        (domain, driverStream, observer) -> copyParts(domain, driverStream, at, parts, observer));
    if (call.number() == Calls.CU_MEMCPY_HTO_D) {
      stream.context().legacy().orderForHost();
    }
  }

  private static void checkChunk(Payload chunk, long byteCount, long offset) {
    if (offset < 0 || offset > byteCount || chunk.bytes() > byteCount - offset) {
      throw CallException.invalidValue("a chunk lies outside of its copy");
    }
    if (chunk.bytes() == 0) {
      throw CallException.invalidValue("a chunk is empty");
    }
  }

  static void copyRows(Domain domain, long stream, List<RowPart> parts, WorkObserver observer) {
    if (parts.size() == 1) {
      domain.copyToDevice(stream, parts.get(0).address(), parts.get(0).bytes(), observer);
      return;
    }
    JointObserver joint = new JointObserver(parts.size(), observer);
    for (RowPart part : parts) {
      joint.copyToDevice(domain, stream, part.address(), part.bytes());
    }
  }

  private static void copyParts(
      Domain domain, long stream, long destination, List<ByteBuffer> parts, WorkObserver observer) {
    if (parts.size() == 1) {
      domain.copyToDevice(stream, destination, parts.get(0), observer);
      return;
    }
    JointObserver joint = new JointObserver(parts.size(), observer);
    long at = destination;
    for (ByteBuffer part : parts) {
      long bytes = part.remaining();
      joint.copyToDevice(domain, stream, at, part);
      at += bytes;
    }
  }

  /**
   * The stream of a copy. The legacy stream of one device can't reach another's memory, so a copy
   * without a stream of its own goes where the memory is.
   */
  SessionStream streamFor(SessionCall call, long handle, SessionDevice device, long address) {
    SessionStream stream = session.objects().stream(call, handle);
    if (stream.device() == device) {
      return stream;
    }
    Allocation allocation = device.memory().find(address);
    if (stream != call.context().legacy()
        || allocation == null
        || allocation.owner() == SessionLibrary.OWNER) {
      throw CallException.invalidValue("the stream and the memory belong to different devices");
    }
    return session.objects().context(allocation.owner()).legacy();
  }

  void onDevice(SessionCall call, long destination, long source, long byteCount, long handle) {
    if (byteCount == 0) {
      session.objects().stream(call, handle);
      call.succeed();
      return;
    }
    Ends ends =
        new Ends(
            session.memory(destination, byteCount),
            session.memory(source, byteCount),
            new Rows(destination, byteCount, source, byteCount, byteCount, 1));
    submit(
        call,
        handle,
        ends,
        byteCount,
        (domain, at, observer) ->
            domain.copyOnDevice(at, destination, source, byteCount, observer));
  }

  /** Where a copy on one device or between two begins and ends. */
  private record Ends(SessionDevice to, SessionDevice from, Rows rows) {
    boolean isOn(SessionDevice device) {
      return device == to || device == from;
    }

    /** As a client would say it of a node. */
    GraphNodeWork said() {
      return GraphNodeWork.newBuilder()
          .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY_VALUE)
          .setDst(rows.to)
          .setDstPitch(rows.toPitch)
          .setSrc(rows.from)
          .setSrcPitch(rows.fromPitch)
          .setWidthBytes(rows.widthBytes)
          .setHeight(rows.height)
          .build();
    }
  }

  /**
   * Puts a copy on the stream that the client names, which may be of either device: a program may
   * fetch or bring. Between devices it waits for what the other one has to do so far, and without a
   * stream of its own the other device's legacy stream waits for it, too.
   */
  private void submit(
      SessionCall call, long handle, Ends ends, long bytes, CallContext.StreamWork work) {
    SessionStream named = session.objects().stream(call, handle);
    SessionStream target =
        ends.isOn(named.device()) ? named : streamFor(call, handle, ends.to(), ends.rows().to());
    long key = WorkKeys.ofBytes(call.number(), bytes);
    if (target.capture() != null) {
      boolean unused =
          session
              .captures()
              .takes(call, target, new NodeWork.Transfer(target.device(), key, ends.said()));
      return;
    }
    if (target == named && ends.to() == ends.from()) {
      call.submit(target, key, work);
      return;
    }
    SessionStream other;
    if (target != named) {
      other = named;
    } else if (target.device() == ends.to()) {
      other = ownersLegacy(ends.from(), ends.rows().from());
    } else {
      other = ownersLegacy(ends.to(), ends.rows().to());
    }
    if (ends.to() != ends.from()) {
      waitForDevice(target, target.device() == ends.to() ? ends.from() : ends.to());
    }
    Gate gate = new Gate(session);
    call.whenFinished(() -> session.signal(gate::open));
    call.submit(target, key, work);
    if (named == call.context().legacy()) {
      session.submit(other, new GateWork(session, gate));
    }
  }

  /** The legacy stream of the context that memory was allocated in. */
  private SessionStream ownersLegacy(SessionDevice device, long address) {
    Allocation allocation = device.memory().find(address);
    long context =
        allocation == null || allocation.owner() == SessionLibrary.OWNER
            ? device.ordinal()
            : allocation.owner();
    return session.objects().context(context).legacy();
  }

  /**
   * Rows of a copy on one device or between two.
   *
   * @param toPitch bytes from one row of the destination to the next
   * @param fromPitch bytes from one row of the source to the next
   */
  record Rows(long to, long toPitch, long from, long fromPitch, long widthBytes, long height) {}

  void rowsOnDevice(SessionCall call, Rows rows, long handle) {
    long width = rows.widthBytes();
    long toSpan = MemoryRanges.span(width, rows.toPitch(), rows.height());
    long fromSpan = MemoryRanges.span(width, rows.fromPitch(), rows.height());
    if (toSpan == 0) {
      session.objects().stream(call, handle);
      call.succeed();
      return;
    }
    Ends ends =
        new Ends(session.memory(rows.to(), toSpan), session.memory(rows.from(), fromSpan), rows);
    submit(
        call,
        handle,
        ends,
        width * rows.height(),
        (domain, at, observer) ->
            domain.copyRowsOnDevice(
                rows.to(),
                rows.toPitch(),
                rows.from(),
                rows.fromPitch(),
                width,
                rows.height(),
                at,
                observer));
  }

  /** Holds a stream until all that the session has given to another device so far is over. */
  private void waitForDevice(SessionStream stream, SessionDevice other) {
    for (SessionStream each : session.objects().streamsOn(other)) {
      if (!each.isIdle()) {
        Gate gate = new Gate(session);
        each.whenIdle(gate::open);
        session.enqueue(stream, new GateWork(session, gate));
      }
    }
  }

  void onPeer(
      SessionCall call,
      long destination,
      long destinationContext,
      long source,
      long sourceContext,
      long byteCount,
      long handle) {
    SessionObjects objects = session.objects();
    SessionDevice to = objects.context(destinationContext).device();
    SessionDevice from = objects.context(sourceContext).device();
    if (byteCount != 0
        && (session.memory(destination, byteCount) != to
            || session.memory(source, byteCount) != from)) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, "an address doesn't belong to its context");
    }
    onDevice(call, destination, source, byteCount, handle);
  }

  /** Rows arrive packed; a chunk may begin and end within one. */
  void rowsToDevice(
      SessionCall call,
      long destination,
      long pitch,
      long widthBytes,
      long height,
      long handle,
      Payload rows,
      long offset) {
    long span = MemoryRanges.span(widthBytes, pitch, height);
    if (span == 0) {
      session.objects().stream(call, handle);
      call.succeed();
      return;
    }
    SessionDevice device = session.memory(destination, span);
    checkChunk(rows, widthBytes * height, offset);
    SessionStream stream = streamFor(call, handle, device, destination);
    List<RowPart> parts = RowPart.split(rows.buffers(), destination, pitch, widthBytes, offset);
    if (offset != 0) {
      call.continuesAnother();
    }
    call.hold(session.currentFrame(), rows.bytes());
    call.submit(
        stream,
        WorkKeys.ofBytes(call.number(), rows.bytes()),
        (domain, at, observer) -> copyRows(domain, at, parts, observer));
    if (handle == 0) {
      stream.context().legacy().orderForHost();
    }
  }

  /** Holds a stream at a gate, as work of the session's own. */
  private static final class GateWork extends QueuedWork {
    private final Gate gate;

    GateWork(ClientSession session, Gate gate) {
      super(session);
      this.gate = gate;
    }

    @Override
    public boolean waitsForHost() {
      return true;
    }

    @Override
    void start(Domain domain, long driverStream) {
      gate.pause(domain, driverStream, this);
    }

    @Override
    void finished(int result, String detail) {}
  }
}
