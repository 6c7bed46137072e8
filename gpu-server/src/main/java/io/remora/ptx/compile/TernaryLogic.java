// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import java.util.HashMap;
import java.util.Map;
import org.objectweb.asm.Opcodes;

/**
 * Short programs for the tables of {@code lop3}: all functions of the form (x op y) op z, in any
 * order of the inputs. A program is a list of steps, each an input (0, 1, 2) or a JVM instruction.
 */
final class TernaryLogic {
  /** The table of each input by itself (PTX ISA 9.7.8.6). */
  private static final int[] INPUTS = {0xf0, 0xcc, 0xaa};

  private static final int[] OPERATIONS = {Opcodes.IAND, Opcodes.IOR, Opcodes.IXOR};
  private static final int[][] ORDERS = {{0, 1, 2}, {0, 2, 1}, {1, 2, 0}};
  private static final Map<Integer, int[][]> PROGRAMS = programs();

  private TernaryLogic() {}

  private static Map<Integer, int[][]> programs() {
    var programs = new HashMap<Integer, int[][]>();
    for (int[] order : ORDERS) {
      for (int first : OPERATIONS) {
        int inner = apply(first, INPUTS[order[0]], INPUTS[order[1]]);
        for (int second : OPERATIONS) {
          programs.putIfAbsent(
              apply(second, inner, INPUTS[order[2]]),
              new int[][] {{order[0]}, {order[1]}, {first}, {order[2]}, {second}});
        }
      }
    }
    return programs;
  }

  private static int apply(int operation, int a, int b) {
    return operation == Opcodes.IAND ? a & b : operation == Opcodes.IOR ? a | b : a ^ b;
  }

  /** The program for a table; empty if there is no short one. */
  static int[][] steps(int table) {
    return PROGRAMS.getOrDefault(table, new int[0][]);
  }
}
