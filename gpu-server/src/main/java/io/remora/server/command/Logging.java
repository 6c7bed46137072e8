// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.joran.spi.JoranException;
import io.remora.server.config.LogFormat;
import io.remora.server.files.PrivateFiles;
import io.remora.server.watch.AuditLog;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Sets the log of this process up; the only class that knows which logger is behind slf4j. */
final class Logging {
  private static final String JSON = "logback-remora-json.xml";

  private Logging() {}

  /**
   * Sends the audit log to a file, which grows; nowhere without one.
   *
   * @throws IOException if the file can't be written
   */
  static void audit(@Nullable Path file) throws IOException {
    if (!(LoggerFactory.getLogger(AuditLog.LOGGER) instanceof Logger logger)) {
      throw new IllegalStateException("the audit log needs logback");
    }
    if (file == null) {
      logger.setLevel(Level.OFF);
      return;
    }
    PrivateFiles.createFolderOf(file);
    PatternLayoutEncoder lines = new PatternLayoutEncoder();
    lines.setContext(logger.getLoggerContext());
    lines.setPattern("%msg%n");
    lines.start();
    FileAppender<ILoggingEvent> appender = new FileAppender<>();
    appender.setContext(logger.getLoggerContext());
    appender.setFile(file.toString());
    appender.setAppend(true);
    appender.setEncoder(lines);
    appender.start();
    if (!appender.isStarted()) {
      throw new IOException("can't write the audit log " + file + ": check 'audit_log'");
    }
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(appender);
  }

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
