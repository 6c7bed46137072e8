// SPDX-License-Identifier: Apache-2.0
/**
 * Where a client's connection settings come from: flags, environment, files, and what a server on
 * the same machine has left for its user. Only finds and checks values and remembers where each was
 * found; connecting is the business of {@code io.remora.client}, of which nothing here knows.
 *
 * <p>Start reading at {@link io.remora.client.config.ClientSettings}.
 */
@NullMarked
package io.remora.client.config;

import org.jspecify.annotations.NullMarked;
