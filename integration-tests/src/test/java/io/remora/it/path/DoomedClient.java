// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import io.remora.client.ConnectionSettings;
import io.remora.it.remote.DeviceAddress;
import java.nio.file.Path;
import jcuda.Pointer;
import jcuda.driver.CUfunction;

/**
 * A client process that takes memory and handles, gets busy, says so, and never ends by itself:
 * somebody kills it. Arguments: what to do, server, CA file. The token is in the environment.
 */
final class DoomedClient {
  static final String TRANSFER = "transfer";
  static final String KERNEL = "kernel";
  static final String BUSY = "busy now";

  private DoomedClient() {}

  public static void main(String[] arguments) throws Exception {
    ConnectionSettings settings =
        ConnectionSettings.parse(arguments[1])
            .withCaFile(Path.of(arguments[2]))
            .withToken(System.getenv("REMORA_TOKEN"));
    try (TestSession session = new TestSession(settings)) {
      DeviceAddress memory = session.allocateZeros(ClientDeathTest.TAKEN_BYTES);
      for (int i = 0; i < 100; i++) {
        session.stream();
      }
      if (arguments[0].equals(TRANSFER)) {
        transferForever(session, memory);
      } else {
        runForever(session, memory);
      }
    }
  }

  private static void transferForever(TestSession session, DeviceAddress memory) {
    byte[] bytes = new byte[(int) ClientDeathTest.TAKEN_BYTES];
    session.expectSuccess(session.cuda().cuCtxSynchronize());
    System.out.println(BUSY);
    while (true) {
      session.expectSuccess(session.cuda().cuMemcpyHtoD(memory, Pointer.to(bytes), bytes.length));
    }
  }

  private static void runForever(TestSession session, DeviceAddress memory) {
    CUfunction spin = session.function("faults", "spinForever");
    session.expectSuccess(session.cuda().cuCtxSynchronize());
    session.expectSuccess(session.launchOne(spin, null, Pointer.to(memory)));
    session.cuda().flush();
    System.out.println(BUSY);
    session.expectSuccess(session.cuda().cuCtxSynchronize());
  }
}
