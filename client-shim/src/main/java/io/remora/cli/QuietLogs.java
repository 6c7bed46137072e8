// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps the libraries' logs away from commands that use a connection: what matters comes as an
 * exception and is printed once. The server's logging is not started for them either, which would
 * cost a tenth of a second.
 */
public final class QuietLogs {
  // The JDK forgets the settings of loggers that nobody holds.
  private static final List<Logger> LOGGERS =
      List.of(
          Logger.getLogger("io.grpc"),
          Logger.getLogger("io.netty"),
          Logger.getLogger("io.remora.client"));

  private QuietLogs() {}

  /** Call it before anything connects. */
  public static void begin() {
    InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
    LOGGERS.forEach(logger -> logger.setLevel(Level.OFF));
  }
}
