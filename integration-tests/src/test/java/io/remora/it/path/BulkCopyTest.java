// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import io.remora.it.remote.DeviceAddress;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import jcuda.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transfers far larger than the memory of the processes between which they go. */
class BulkCopyTest {
  private static final int GIBI = 1 << 30;

  @Test
  void aGibibyteGoesUpAndDownThroughAServerWithAHeapOf256Mebibytes(@TempDir Path folder)
      throws Exception {
    MappedByteBuffer source = mapped(folder.resolve("source"));
    MappedByteBuffer target = mapped(folder.resolve("target"));
    for (int i = 0; i < GIBI; i += Long.BYTES) {
      source.putLong(i, pattern(i));
    }
    List<String> flags =
        List.of("-Xmx256m", "-XX:MaxDirectMemorySize=256m", "-XX:+ExitOnOutOfMemoryError");
    try (ServerProcess server = ServerProcess.start(folder, flags, List.of());
        TestSession session = new TestSession(server.settings())) {
      DeviceAddress memory = session.allocate(GIBI);
      session.expectSuccess(session.cuda().cuMemcpyHtoD(memory, Pointer.to(source), GIBI));
      session.expectSuccess(session.cuda().cuMemcpyDtoH(Pointer.to(target), memory, GIBI));
      assertThat(session.cuda().stats().bytesSent()).isGreaterThanOrEqualTo(GIBI);
    }
    for (int i = 0; i < GIBI; i += Long.BYTES) {
      if (target.getLong(i) != pattern(i)) {
        assertThat(target.getLong(i)).as("at byte %d", i).isEqualTo(pattern(i));
      }
    }
  }

  /** Host memory that counts neither as heap nor against the bound on direct buffers. */
  private static MappedByteBuffer mapped(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MappedByteBuffer buffer = channel.map(FileChannel.MapMode.READ_WRITE, 0, GIBI);
      buffer.order(ByteOrder.LITTLE_ENDIAN);
      return buffer;
    }
  }

  private static long pattern(long position) {
    return (position + 1) * 0x9E3779B97F4A7C15L;
  }
}
