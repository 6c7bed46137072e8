// SPDX-License-Identifier: Apache-2.0
/**
 * Files that hold secrets, and noticing that a file has changed; nothing of what is in them.
 *
 * <p>Start reading at {@link io.remora.server.files.PrivateFiles}.
 */
@NullMarked
package io.remora.server.files;

import org.jspecify.annotations.NullMarked;
