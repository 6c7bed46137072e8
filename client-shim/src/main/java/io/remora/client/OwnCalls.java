// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.wire.WireReader;
import io.remora.wire.WireWriter;
import java.util.function.Consumer;

/** Calls of the client's own, in a context that it names. Any thread. */
final class OwnCalls {
  private final ClientCore core;

  OwnCalls(ClientCore core) {
    this.core = core;
  }

  /** Makes a call that nobody waits for. */
  int tell(long context, int number, Consumer<WireWriter> arguments) {
    ThreadState thread = core.thread();
    WireWriter out = core.begin(number, thread, core.servers().destination(context));
    try {
      arguments.accept(out);
      return core.endAsync();
    } finally {
      core.release();
    }
  }

  /** Makes a call that waits; after success its outputs can be read. */
  int ask(long context, int number, Consumer<WireWriter> arguments) {
    ThreadState thread = core.thread();
    WireWriter out = core.begin(number, thread, core.servers().destination(context));
    try {
      arguments.accept(out);
      core.endSync(thread);
    } finally {
      core.release();
    }
    return core.await(thread, number);
  }

  /** The outputs of the calling thread's {@link #ask}. */
  WireReader outputs() {
    return core.outputs();
  }

  /** Waits for what is on a stream. */
  int awaitStream(long context, long stream) {
    return ask(
        context, Calls.CU_STREAM_SYNCHRONIZE, out -> CallWriter.cuStreamSynchronize(out, stream));
  }
}
