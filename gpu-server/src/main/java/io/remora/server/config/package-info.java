// SPDX-License-Identifier: Apache-2.0
/**
 * What an operator can decide about a server: the keys of its YAML file, their defaults and bounds,
 * and the combinations that are refused. Nothing here opens a socket or a device.
 *
 * <p>Start reading at {@link io.remora.server.config.ServerConfig}.
 */
@NullMarked
package io.remora.server.config;

import org.jspecify.annotations.NullMarked;
