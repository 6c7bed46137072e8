// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.session.ProtocolException;
import io.remora.server.session.ProtocolException.Reason;
import io.remora.v1.ClientFrame;
import io.remora.v1.Hello;
import io.remora.v1.Resume;
import io.remora.wire.InboundFrame;
import io.remora.wire.WireReader;
import org.jspecify.annotations.Nullable;

/** Reads the frame that opens a session: Hello, and nothing else. */
final class FirstFrame {
  private static final int HELLO_TAG = ClientFrame.HELLO_FIELD_NUMBER << 3 | 2;

  private FirstFrame() {}

  /**
   * Checks that a client wants a session of its own.
   *
   * @throws ProtocolException if it wants to go on with one
   */
  static void requireNew(Hello hello) {
    if (hello.hasResume()) {
      throw new ProtocolException(
          Reason.MALFORMED,
          "Hello has a Resume, but the stream's metadata doesn't name the session");
    }
  }

  /**
   * Takes Resume out of a client's first frame.
   *
   * @param session the session that the stream's metadata names
   * @throws ProtocolException if it isn't there, or is for another session
   */
  static Resume resume(InboundFrame frame, String session) {
    Hello hello = hello(frame);
    if (!hello.hasResume() || !hello.getResume().getSessionId().equals(session)) {
      throw new ProtocolException(
          Reason.MALFORMED,
          "the stream's metadata names a session, so Hello must have a Resume for the same one");
    }
    return hello.getResume();
  }

  /**
   * Takes Hello out of a client's first frame.
   *
   * @throws ProtocolException if it isn't there, or isn't alone
   */
  static Hello hello(InboundFrame frame) {
    WireReader reader = frame.reader();
    byte @Nullable [] hello = null;
    for (int tag = reader.readTag(); tag != 0; tag = reader.readTag()) {
      if (tag != HELLO_TAG || hello != null) {
        throw new ProtocolException(
            Reason.MALFORMED,
            "the first frame must hold one Hello and nothing else: is the client a Remora client of"
                + " this version?");
      }
      hello = reader.readBytes();
    }
    if (hello == null) {
      throw new ProtocolException(
          Reason.MALFORMED, "the first frame holds no Hello: is the client a Remora client?");
    }
    try {
      return Hello.parseFrom(hello);
    } catch (InvalidProtocolBufferException e) {
      throw new ProtocolException(Reason.MALFORMED, "Hello is malformed: " + e.getMessage());
    }
  }
}
