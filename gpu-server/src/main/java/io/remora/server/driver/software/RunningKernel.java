// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.LaunchControl;

/**
 * A kernel while it runs.
 *
 * @param name of its function
 * @param sinceNanos when it was begun, by the device's clock
 * @param control stops it
 */
record RunningKernel(String name, long sinceNanos, LaunchControl control) {}
