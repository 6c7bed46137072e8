// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;

/** The client's encoders of calls. */
public final class CallWriterSource {
  private CallWriterSource() {}

  /** Text of {@code CallWriter}. */
  public static String of(CallTable table, String packageName) {
    SourceText source =
        SourceText.file(
            packageName,
            "io.remora.wire.Repeated",
            "io.remora.wire.WireWriter",
            "java.nio.ByteBuffer",
            "java.util.List");
    source.line("/** Encodes the arguments of calls: the fields of Call.arguments. */");
    source.open("public final class CallWriter");
    source.line("private CallWriter() {}");
    for (CallEntry entry : table.onWire()) {
      source.line("").line("/** " + HandlerSource.about(entry) + " */");
      Encoders.write(source, entry.methodName(), "WireWriter out", "", "", entry.inputs());
    }
    return source.close().toString();
  }
}
