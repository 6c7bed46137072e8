// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.function.IntConsumer;
import jcuda.driver.CUhostFn;
import org.jspecify.annotations.Nullable;

/** A function of {@code cuLaunchHostFunc} or of a host node: it isn't told the stream's result. */
record HostFunction(CUhostFn function, @Nullable Object data) implements IntConsumer {
  @Override
  public void accept(int status) {
    function.call(data);
  }
}
