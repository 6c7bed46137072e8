// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

/**
 * Where a call is made.
 *
 * @param context on the wire, a context of the connection's server
 */
record Destination(Connection connection, long context) {
  CallSender sender() {
    return connection.sender();
  }
}
