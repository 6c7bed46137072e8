// SPDX-License-Identifier: Apache-2.0
/**
 * The code that both ends generate from the call table agrees with protobuf, and so with each
 * other. Start reading at {@link io.remora.it.codec.GeneratedCodecTest}.
 */
@NullMarked
package io.remora.it.codec;

import org.jspecify.annotations.NullMarked;
