// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import org.jspecify.annotations.Nullable;

/**
 * Which context each thread has made current, so that making it so again costs nothing. One for the
 * driver, because a thread has one current context whatever the device.
 */
final class CurrentContext {
  private final ThreadLocal<@Nullable CudaContext> current = new ThreadLocal<>();

  void make(CudaContext context) {
    if (current.get() != context) {
      context.makeCurrent();
      current.set(context);
    }
  }
}
