// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.ir.Variable.Linkage;
import io.remora.ptx.parse.Token;
import java.util.List;

/**
 * All of a function before its body.
 *
 * @param tokens from its linkage on; without the brace or semicolon at the end
 * @param name its name, one of the tokens
 * @param linkage how others see it
 * @param hasBody whether it is defined and not only declared
 */
record FunctionHeader(List<Token> tokens, Token name, Linkage linkage, boolean hasBody) {}
