// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;
import io.remora.server.queue.QueueConfig;
import io.remora.server.tenant.MemoryLedger;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.wire.OutboundFrame;
import java.util.List;

/**
 * Frames of a hostile client: noise, or calls of the table with noise for arguments. Whatever
 * comes, the session must not throw, must end at most by a violation of the protocol, and must
 * leave nothing behind. Run by {@code mvn -Pfuzz verify -pl gpu-server -am}.
 */
class SessionFuzz {
  private static final List<CallEntry> ENTRIES = CallTable.load().onWire();
  private static final int FRAMES_MAX = 16;
  private static final int CALLS_MAX = 8;
  private static final int FRAME_BYTES_MAX = 4096;
  private static final int ARGUMENT_BYTES_MAX = 64;

  @FuzzTest(maxDuration = "60s")
  void anyFramesEndAtMostTheirOwnSession(FuzzedDataProvider data) {
    SessionHarness harness = harness(data.consumeBoolean());
    SessionOutput stream = harness.output;
    long sequence = 1;
    for (int i = 0; i < FRAMES_MAX && data.remainingBytes() > 0 && harness.ended == null; i++) {
      int what = data.consumeInt(0, 15);
      if (what == 0) {
        harness.send(
            ClientFrame.newBuilder().setReceivedBytes(data.consumeLong()).build().toByteArray());
      } else if (what == 1) {
        harness.session.presence().onCut(stream, "cut");
        stream = stream == harness.output ? new Nowhere() : harness.output;
        harness.session.presence().onResume(stream, data.consumeLong(-1, 1 << 16));
      } else if (what < 4) {
        harness.send(data.consumeBytes(FRAME_BYTES_MAX));
      } else {
        ClientFrame frame = calls(data, sequence);
        sequence += frame.getCallsCount();
        harness.send(frame);
      }
      harness.runLoads();
      if (data.consumeBoolean()) {
        harness.run();
      }
    }
    ProtocolException ended = harness.ended;
    harness.session.onEnd("end of input");
    harness.runLoads();
    check(ended == null || ended.reason() != ProtocolException.Reason.INTERNAL, "a defect");
    check(harness.ledger.reservedBytes() == 0, "memory is left");
    check(harness.framesHeld.get() == 0, "a frame is held");
    check(harness.slotsGivenBack.get() == 1, "the session's slot is not given back once");
  }

  /** Another stream, of which nobody hears. */
  private static final class Nowhere implements SessionOutput {
    @Override
    public void send(OutboundFrame frame) {}

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void onReady(Runnable whenWritable) {}

    @Override
    public void requestFrame() {}

    @Override
    public void moved(String server) {}

    @Override
    public void end(ProtocolException cause) {}
  }

  private static SessionHarness harness(boolean resumable) {
    SessionHarness harness =
        new SessionHarness(
            new ManualDriver(1),
            QueueConfig.DEFAULTS,
            SessionLimits.DEFAULTS,
            new MemoryLedger(SessionHarness.QUOTA_BYTES),
            new ModuleImageCache(1 << 20, 1 << 19),
            resumable ? new ResumeTerms(ByteString.copyFrom(new byte[32]), 1, false) : null);
    new LocalMembers().add("a", harness);
    return harness;
  }

  private static ClientFrame calls(FuzzedDataProvider data, long firstSequence) {
    ClientFrame.Builder frame = ClientFrame.newBuilder().setFirstSequence(firstSequence);
    for (int left = data.consumeInt(1, CALLS_MAX); left > 0; left--) {
      CallEntry entry = ENTRIES.get(data.consumeInt(0, ENTRIES.size() - 1));
      frame.addCalls(
          Call.newBuilder()
              .setNumber(entry.number())
              .setContext(data.consumeBoolean() ? 0 : data.consumeLong(0, 1L << 17))
              .setArguments(ByteString.copyFrom(data.consumeBytes(ARGUMENT_BYTES_MAX))));
    }
    return frame.build();
  }

  private static void check(boolean holds, String problem) {
    if (!holds) {
      throw new AssertionError(problem);
    }
  }
}
