// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

/**
 * A call that has failed.
 *
 * @param atNanos when, by the server's monotonic clock
 * @param device the device's ordinal on this server, or -1 where none was concerned
 * @param what the kernel, or the call where it was no launch
 * @param result {@code CUresult}
 * @param cause a sentence for people; may be empty
 * @param sticky whether all later calls on the device fail too
 */
public record Failure(
    long atNanos, int device, String what, int result, String cause, boolean sticky) {}
