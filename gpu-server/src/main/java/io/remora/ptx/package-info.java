// SPDX-License-Identifier: Apache-2.0
/**
 * Runs PTX on the CPU: PTX text is parsed, compiled to JVM bytecode and executed block by block
 * over a worker pool. This package is the whole public interface; the packages below it are its
 * rooms ({@code parse}, {@code ir}, {@code compile}, {@code exec}, {@code memory}, {@code math}).
 * Nothing in this tree may know of the network, of tenants or of sessions. Start reading at {@link
 * io.remora.ptx.PtxModule}.
 */
@NullMarked
package io.remora.ptx;

import org.jspecify.annotations.NullMarked;
