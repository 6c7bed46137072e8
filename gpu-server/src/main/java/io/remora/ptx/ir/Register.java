// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

/**
 * A virtual register of one function.
 *
 * @param id number in its function, from 0, dense
 * @param name as the text writes it
 * @param type declared type
 */
public record Register(int id, String name, PtxType type) {}
