// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

/**
 * Why a connection is of no use any more.
 *
 * @param result the {@code CUresult} of every call from now on
 * @param detail one sentence for people
 */
record Failure(int result, String detail) {}
