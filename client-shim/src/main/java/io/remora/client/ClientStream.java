// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

/**
 * What the client holds of a stream.
 *
 * @param flags {@code CUstream_flags}
 * @param priority as asked for, within the device's range
 * @param context to which it belongs
 */
record ClientStream(int flags, int priority, ClientContext context) {}
