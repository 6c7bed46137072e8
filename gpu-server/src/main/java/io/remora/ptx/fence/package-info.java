// SPDX-License-Identifier: Apache-2.0
/**
 * Writes PTX anew so that its kernels stay in one window of memory: each address is masked before
 * it is used, and what can't be masked is refused. Nothing of the text is taken over as it stands:
 * what comes out is put together from tokens, so that another compiler can't read anything in it
 * that was not seen here. Unknown instructions are refused and not passed on. Start reading at
 * {@link io.remora.ptx.PtxFence}.
 */
@NullMarked
package io.remora.ptx.fence;

import org.jspecify.annotations.NullMarked;
