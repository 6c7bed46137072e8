// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.AddressSpace;
import io.remora.ptx.CompileOptions;
import io.remora.ptx.KernelFault;
import io.remora.ptx.LaunchControl;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxExecutor;
import io.remora.ptx.PtxInstance;
import io.remora.ptx.PtxModule;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiles a kernel and runs it before a program asks for one. The first compilation of a process
 * loads the compiler itself, half a second's work that would be the first user's wait; this takes
 * it off him as soon as the server has opened its doors, which would open later if it came before.
 * The kernel has memory and threads of its own and touches no session.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);
  private static final String TEXT = "warm_up.ptx";
  private static final String KERNEL = "warmUp";
  private static final long BASE = 1L << 40;
  private static final int RESERVED_BYTES = 1 << 20;
  private static final int VARIABLE_BYTES_MAX = 256;

  /** Of each of the kernel's matrices: two tiles by two. */
  private static final int SIDE = 32;

  private WarmUp() {}

  /** Begins on a thread of its own, which ends by itself. */
  static Thread begin() {
    var thread = new Thread(WarmUp::run, "software-warm-up");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void run() {
    try {
      compileAndRun();
    } catch (IOException | PtxException | KernelFault | RuntimeException | Error e) {
      // The first user waits a little longer, that's all.
      log.warn("the software device could not be warmed up", e);
    }
  }

  /** What {@link #begin} does on its thread. */
  static void compileAndRun() throws IOException, PtxException, KernelFault {
    PtxModule module = PtxModule.compile(text(), CompileOptions.DEFAULTS);
    long page = AddressSpace.PAGE_BYTES;
    try (var memory = new AddressSpace(BASE, RESERVED_BYTES, RESERVED_BYTES);
        var executor = new PtxExecutor(1)) {
      memory.commit(BASE, 4 * page);
      var place = new AtomicLong(BASE);
      PtxInstance instance =
          module.instantiate(memory, global -> place.getAndAdd(VARIABLE_BYTES_MAX));
      ByteBuffer parameters = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
      parameters.putLong(BASE + page).putLong(BASE + 2 * page).putLong(BASE + 3 * page);
      parameters.putInt(SIDE).putInt(SIDE).flip();
      LaunchShape shape = new LaunchShape(2, 2, 1, SIDE / 2, SIDE / 2, 1, 0);
      executor.launch(instance, KERNEL, shape, parameters, new LaunchControl());
    }
  }

  private static String text() throws IOException {
    try (InputStream in = WarmUp.class.getResourceAsStream(TEXT)) {
      if (in == null) {
        throw new IOException(TEXT + " is not beside " + WarmUp.class.getName());
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
