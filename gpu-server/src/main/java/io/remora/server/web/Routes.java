// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.remora.json.Json;
import io.remora.json.MessageJson;
import io.remora.server.watch.Viewer;
import io.remora.server.watch.Watch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What there is to be had over HTTP. The page's own files are for everybody: they hold nothing of
 * the server. Everything else is for those whom {@link WebAccess} lets in.
 */
record Routes(WebAccess access, Watch watch, PageFiles files, MetricsText metrics) {
  /**
   * Answers a GET.
   *
   * @param uri path and query
   * @param host the request's {@code Host}
   * @param authorization the request's {@code Authorization}
   * @param accept the request's {@code Accept}
   */
  WebAnswer get(
      String uri, @Nullable String host, @Nullable String authorization, @Nullable String accept) {
    if (!access.means(host)) {
      return WebAnswer.text(421, "this server has another name: use the address that it printed");
    }
    QueryStringDecoder query = new QueryStringDecoder(uri);
    WebAnswer file = files.get(query.path());
    if (file != null) {
      return file;
    }
    return switch (query.path()) {
      case "/api/state", "/api/history", "/metrics" -> {
        WebAccess.Decision decision = access.decide(authorization);
        Viewer viewer = decision.viewer();
        yield viewer == null
            ? WebAnswer.text(401, decision.refusal())
            : data(query, viewer, accept);
      }
      default ->
          WebAnswer.text(404, "there is /, /metrics, /api/state and /api/history?since=MILLIS");
    };
  }

  private WebAnswer data(QueryStringDecoder query, Viewer viewer, @Nullable String accept) {
    return switch (query.path()) {
      case "/metrics" -> metrics.write(watch.state(viewer), viewer.operator(), accept);
      case "/api/state" -> WebAnswer.json(Json.line(MessageJson.of(watch.state(viewer))));
      default -> {
        List<String> since = query.parameters().getOrDefault("since", List.of("0"));
        try {
          long millis = Long.parseLong(since.get(0));
          yield WebAnswer.json(Json.line(MessageJson.of(watch.history(millis, viewer))));
        } catch (NumberFormatException e) {
          yield WebAnswer.text(400, "since must be milliseconds since 1970");
        }
      }
    };
  }
}
