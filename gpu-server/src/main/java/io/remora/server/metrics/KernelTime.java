// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

/**
 * Device time that a kernel took in some span.
 *
 * @param device the device's ordinal on this server
 * @param name the kernel's name in its module
 */
public record KernelTime(int device, String name, long nanos) {}
