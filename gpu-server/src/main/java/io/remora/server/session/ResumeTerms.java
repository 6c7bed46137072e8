// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import java.security.MessageDigest;

/**
 * That a session waits for its client when the connection is cut.
 *
 * @param secret known to this client only; whoever shows it may go on with the session
 * @param graceMillis how long the session waits
 * @param follows whether the client goes on at another server when it is told so
 */
record ResumeTerms(ByteString secret, int graceMillis, boolean follows) {
  static final int SECRET_BYTES = 32;

  /** Compares in a time that tells nothing of the secret. */
  boolean isSecret(ByteString shown) {
    return MessageDigest.isEqual(secret.toByteArray(), shown.toByteArray());
  }
}
