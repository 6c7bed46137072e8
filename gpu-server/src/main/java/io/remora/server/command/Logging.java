// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.joran.spi.JoranException;
import io.remora.server.config.LogFormat;
import java.net.URL;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Sets the log of this process up; the only class that knows which logger is behind slf4j. */
final class Logging {
  private static final String JSON = "logback-remora-json.xml";

  private Logging() {}

  /** Puts gRPC's log into ours, and changes the form of the lines if asked to. */
  static void use(LogFormat format) {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    if (format == LogFormat.JSON
        && LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      URL file = Logging.class.getClassLoader().getResource(JSON);
      if (file == null) {
        throw new IllegalStateException(JSON + " is missing from the server's jar");
      }
      try {
        context.reset();
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(file);
      } catch (JoranException e) {
        throw new IllegalStateException(JSON + " is broken", e);
      }
    }
  }
}
