// SPDX-License-Identifier: Apache-2.0
/**
 * A modelled device: its kernels compute nothing and take the time that is stated. Tests and
 * benchmarks of everything above the driver use it, in virtual time, where a run is exact and
 * repeats, or in real time, where threads and hand-overs count. No server offers it to tenants. It
 * says itself what it leaves out. Start reading at {@link
 * io.remora.server.driver.model.ModelDevice}.
 */
@NullMarked
package io.remora.server.driver.model;

import org.jspecify.annotations.NullMarked;
