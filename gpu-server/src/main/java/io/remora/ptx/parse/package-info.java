// SPDX-License-Identifier: Apache-2.0
/**
 * Reads PTX text. The text may come from anybody: every outcome is a {@link
 * io.remora.ptx.ir.PtxUnit} or a {@link io.remora.ptx.PtxException}, in time and memory linear in
 * the text. Start reading at {@link io.remora.ptx.parse.PtxParser}.
 */
@NullMarked
package io.remora.ptx.parse;

import org.jspecify.annotations.NullMarked;
