// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.parse.Token;
import java.util.List;

/** Is told what a text consists of, in its order. Statements come without their semicolons. */
interface ModuleVisitor {
  /** Version, target or size of addresses. */
  void directive(List<Token> tokens) throws PtxException;

  /** A variable of global or constant memory. */
  void variable(Token name, Variable variable) throws PtxException;

  /** Shared memory at module scope. */
  void shared(List<Token> tokens) throws PtxException;

  /** A function; if it has a body, what follows is in it, up to {@link #endFunction}. */
  void function(FunctionHeader header) throws PtxException;

  void endFunction() throws PtxException;

  /** The beginning or end of a block in a function. */
  void brace(char brace) throws PtxException;

  /** Registers, memory and pragmas of a function. */
  void declaration(List<Token> tokens) throws PtxException;

  /** A name and its colon. */
  void label(List<Token> tokens) throws PtxException;

  /** A label and the targets or the prototype that it stands for. */
  void table(List<Token> tokens) throws PtxException;

  void instruction(Statement statement) throws PtxException;
}
