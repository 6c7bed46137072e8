// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import org.objectweb.asm.Label;
import org.objectweb.asm.Opcodes;

/**
 * Shortens the check of global addresses. Neighbouring threads mostly access neighbouring
 * addresses, so each access site remembers the page that it checked last, in a local of its own; in
 * that page only the alignment has to be looked at. Before the first access a site remembers the
 * block's own scratch page, which is always valid.
 */
final class PageCache {
  /** Sites in one method that get a cache: each costs a local and some bytecode. */
  private static final int MAX_SITES = 16;

  private static final long PAGE_MASK = -65536L;

  private PageCache() {}

  /** Whether the next access of this method should use a cache. */
  static boolean isWorthIt(Code code) {
    return code.unit.isKernel() && code.locals.pageSites() < MAX_SITES;
  }

  /** Turns the device address on the stack into a checked host address. */
  static void toHost(Instruction at, int bytes, Code code) throws PtxException {
    int page =
        code.locals.uniform(
            "page" + code.locals.nextPageSite(),
            Kind.LONG,
            c -> {
              c.context();
              c.contextField("sharedAddress", "J");
            });
    int address = code.locals.temporary(2);
    Label known = new Label();
    code.method.visitVarInsn(Opcodes.LSTORE, address);
    code.method.visitVarInsn(Opcodes.LLOAD, address);
    code.method.visitVarInsn(Opcodes.LLOAD, page);
    code.op(Opcodes.LXOR);
    code.constant(PAGE_MASK | (bytes - 1));
    code.op(Opcodes.LAND);
    code.constant(0L);
    code.op(Opcodes.LCMP);
    code.jump(Opcodes.IFEQ, known);
    code.method.visitVarInsn(Opcodes.ALOAD, MemoryOps.memory(code));
    code.method.visitVarInsn(Opcodes.LLOAD, address);
    code.constant(bytes - 1);
    code.call(at, "Access.page");
    code.method.visitVarInsn(Opcodes.LSTORE, page);
    code.label(known);
    code.method.visitVarInsn(Opcodes.LLOAD, address);
    int toHost =
        code.locals.uniform(
            "toHost",
            Kind.LONG,
            c -> {
              c.context();
              c.contextField("toHost", "J");
            });
    code.method.visitVarInsn(Opcodes.LLOAD, toHost);
    code.op(Opcodes.LADD);
  }
}
