// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.calls.WireType;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.wire.WireWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Frames with any calls of the table, with values that are likely to meet something. */
final class RandomFrames {
  private static final List<CallEntry> ENTRIES = CallTable.load().onWire();

  private RandomFrames() {}

  /** Well-formed frames in sequence; handles and addresses are often ones that exist. */
  static List<byte[]> frames(SplittableRandom random, int count) {
    List<byte[]> frames = new ArrayList<>();
    long sequence = 1;
    for (int i = 0; i < count; i++) {
      ClientFrame.Builder frame = ClientFrame.newBuilder().setFirstSequence(sequence);
      for (int calls = random.nextInt(30); calls > 0; calls--) {
        CallEntry entry = ENTRIES.get(random.nextInt(ENTRIES.size()));
        frame.addCalls(
            Call.newBuilder()
                .setNumber(entry.number())
                .setArguments(ByteString.copyFrom(arguments(random, entry)))
                .setContext(random.nextInt(4) == 0 ? value(random) : 0));
        sequence++;
      }
      frames.add(frame.build().toByteArray());
    }
    return frames;
  }

  private static byte[] arguments(SplittableRandom random, CallEntry entry) {
    WireWriter out = new WireWriter(64);
    for (CallParameter input : entry.inputs()) {
      if (input.type() == WireType.BYTES
          || input.type() == WireType.STRING
          || input.type() == WireType.PAYLOAD) {
        byte[] bytes = new byte[random.nextInt(4) == 0 ? 32 : random.nextInt(20)];
        Arrays.fill(bytes, (byte) ('a' + random.nextInt(3)));
        out.bytes(input.number(), bytes);
      } else {
        out.varint(input.number(), value(random));
      }
    }
    return out.toByteArray();
  }

  private static long value(SplittableRandom random) {
    return switch (random.nextInt(6)) {
      case 0 -> random.nextInt(3);
      case 1 -> HandleTable.FIRST_HANDLE + random.nextInt(10);
      case 2 -> random.nextLong();
      case 3 -> 0x10_0000_0000_0000L + random.nextInt(2000);
      case 4 -> 1L << random.nextInt(64);
      default -> random.nextInt(2000);
    };
  }

  /** The frame as it is, or cut off, changed in places, or replaced by noise. */
  static byte[] damaged(SplittableRandom random, byte[] frame) {
    byte[] copy = frame.clone();
    switch (random.nextInt(6)) {
      case 0 -> {
        return Arrays.copyOf(copy, copy.length == 0 ? 0 : random.nextInt(copy.length));
      }
      case 1 -> {
        for (int i = 1 + random.nextInt(5); i > 0 && copy.length > 0; i--) {
          copy[random.nextInt(copy.length)] = (byte) random.nextInt();
        }
      }
      case 2 -> {
        copy = new byte[random.nextInt(200)];
        random.nextBytes(copy);
      }
      default -> {}
    }
    return copy;
  }
}
