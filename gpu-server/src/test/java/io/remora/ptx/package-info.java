// SPDX-License-Identifier: Apache-2.0
/** Tests of the PTX engine through its public interface. Start reading at {@link Rig}. */
@NullMarked
package io.remora.ptx;

import org.jspecify.annotations.NullMarked;
