// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

/**
 * A value and where it was found.
 *
 * @param value the value
 * @param origin for people: a flag, the name of an environment variable, a file with its line
 */
public record Found<T>(T value, String origin) {}
