// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import java.util.Optional;

/**
 * Functions that the driver gives to kernels (CUDA programming guide; PTX interoperability, "System
 * Calls"). They take addresses, or hand out memory of the whole context, so fenced kernels get
 * others in their place, which answer as the guide says when there is no more of it.
 */
enum SystemCall {
  /** Prints nothing and answers so: the text's address would be read by the driver. */
  VPRINTF("vprintf", "st.param.b32 [%s], -1;"),

  /** The heap is one for all sessions of the context: there is no more memory in it. */
  MALLOC("malloc", "st.param.b64 [%s], 0;"),

  FREE("free", ""),

  /** Ends the kernel, without the text. */
  ASSERT("__assertfail", "trap;");

  private final String function;
  private final String body;

  SystemCall(String function, String body) {
    this.function = function;
    this.body = body;
  }

  static Optional<SystemCall> named(String function) {
    for (SystemCall each : values()) {
      if (each.function.equals(function)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }

  String function() {
    return function;
  }

  /** What it is called in a text. */
  String replacement() {
    return ModuleScan.RESERVED + "_" + function;
  }

  /** What it does in a text. */
  String body(String result) {
    return String.format(body, result);
  }

  /** Whether it answers anything. */
  boolean hasResult() {
    return body.contains("%s");
  }
}
