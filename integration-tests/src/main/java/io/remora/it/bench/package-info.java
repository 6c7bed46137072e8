// SPDX-License-Identifier: Apache-2.0
/**
 * {@code ./remora bench}: what Remora costs, each figure beside a raw-socket floor measured in the
 * same run and given as a ratio with its spread. No assertions on time here or in tests. Start
 * reading at {@link io.remora.it.bench.BenchCommand}.
 */
@NullMarked
package io.remora.it.bench;

import org.jspecify.annotations.NullMarked;
