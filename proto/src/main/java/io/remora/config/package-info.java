// SPDX-License-Identifier: Apache-2.0
/**
 * How Remora reads its YAML files, on both sides: values are taken key by key, and every mistake is
 * reported with file, line and column, all of them at once. What keys exist is decided by whoever
 * reads a file, never here.
 *
 * <p>Start reading at {@link ConfigFile}.
 */
@NullMarked
package io.remora.config;

import org.jspecify.annotations.NullMarked;
