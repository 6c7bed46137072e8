// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
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

  static void copyParts(
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
    SessionStream stream = session.objects().stream(call, handle);
    if (byteCount == 0) {
      call.succeed();
      return;
    }
    SessionDevice to = session.memory(destination, byteCount);
    SessionDevice from = session.memory(source, byteCount);
    SessionStream target = stream;
    if (from != to) {
      target = streamFor(call, handle, to, destination);
      waitForDevice(target, from);
    } else if (stream.device() != to) {
      target = streamFor(call, handle, to, destination);
    }
    call.submit(
        target,
        WorkKeys.ofBytes(call.number(), byteCount),
        (domain, at, observer) ->
            domain.copyOnDevice(at, destination, source, byteCount, observer));
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
        (domain, at, observer) -> {
          JointObserver joint = new JointObserver(parts.size(), observer);
          for (RowPart part : parts) {
            joint.copyToDevice(domain, at, part.address(), part.bytes());
          }
        });
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
