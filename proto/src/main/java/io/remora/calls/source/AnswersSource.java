// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;

/** The server's encoders of successful answers. */
public final class AnswersSource {
  private AnswersSource() {}

  /** Text of {@code Answers}. */
  public static String of(CallTable table, String packageName) {
    SourceText source =
        SourceText.file(
            packageName,
            "io.remora.server.session.CallContext",
            "io.remora.wire.Repeated",
            "io.remora.wire.WireWriter",
            "java.nio.ByteBuffer",
            "java.util.List");
    source.line("/** Encodes what successful calls give back. */");
    source.open("public final class Answers");
    source.line("private Answers() {}");
    for (CallEntry entry : table.onWire()) {
      if (!entry.outputs().isEmpty()) {
        source.line("").line("/** " + HandlerSource.about(entry) + " */");
        Encoders.write(
            source,
            entry.methodName(),
            "CallContext call",
            "WireWriter out = call.beginAnswer();",
            "call.endAnswer();",
            entry.outputs());
      }
    }
    return source.close().toString();
  }
}
