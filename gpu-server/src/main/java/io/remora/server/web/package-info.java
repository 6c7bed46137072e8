// SPDX-License-Identifier: Apache-2.0
/**
 * The page and the metrics of a server, over HTTP: what {@link io.remora.server.watch.Watch} has
 * seen, for browsers, for scripts as JSON, and for Prometheus. Nothing can be changed here. Start
 * reading at {@link io.remora.server.web.WebServer}.
 */
@NullMarked
package io.remora.server.web;

import org.jspecify.annotations.NullMarked;
