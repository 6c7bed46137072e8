// SPDX-License-Identifier: Apache-2.0
/**
 * JSON for scripts, pages and logs: only written, never read. Start reading at {@link
 * io.remora.json.Json}.
 */
@NullMarked
package io.remora.json;

import org.jspecify.annotations.NullMarked;
