// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.remora.v1.ServerState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code /metrics}: the server's state as Prometheus reads it, in whichever of its text formats it
 * accepts. Nothing is counted here.
 */
final class MetricsText {
  private final ExpositionFormats formats = ExpositionFormats.init();
  private final PrometheusRegistry process = new PrometheusRegistry();

  MetricsText() {
    JvmMetrics.builder().register(process);
  }

  /**
   * Writes the metrics.
   *
   * @param withProcess whether those of the server's process, too
   * @param accept what the reader accepts; null: anything
   */
  WebAnswer write(ServerState state, boolean withProcess, @Nullable String accept) {
    List<MetricSnapshot> all = new ArrayList<>(StateMetrics.of(state));
    if (withProcess) {
      process.scrape().forEach(all::add);
    }
    ExpositionFormatWriter writer =
        accept != null && accept.contains("application/openmetrics-text")
            ? formats.getOpenMetricsTextFormatWriter()
            : formats.getPrometheusTextFormatWriter();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      writer.write(out, new MetricSnapshots(all));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new WebAnswer(200, writer.getContentType(), out.toByteArray());
  }
}
