// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/**
 * That a graph keeps an object of the client alive.
 *
 * @param object the client's number of it
 * @param token by which the client is told that no graph has this reference any more; graphs that
 *     are made of others share it
 * @param count how often the graph must be told to let go
 */
record UserReference(long object, long token, int count) {}
