// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.util.ArrayList;
import java.util.List;

/**
 * One instruction.
 *
 * @param guard {@code @%p} or {@code @!%p}, as tokens; empty if there is none
 * @param opcode its first word
 * @param modifiers the words after dots
 * @param operands what stands between commas
 */
record Statement(
    List<Token> guard, Token opcode, List<Token> modifiers, List<List<Token>> operands) {

  static Statement of(List<Token> tokens) throws PtxException {
    int at = 0;
    if (tokens.get(0).is('@')) {
      at = tokens.size() > 1 && tokens.get(1).is('!') ? 3 : 2;
      if (tokens.size() <= at || tokens.get(at - 1).kind() != Token.Kind.WORD) {
        throw TokenStream.error(tokens.get(0), "expected a predicate and an instruction");
      }
    }
    List<Token> guard = tokens.subList(0, at);
    Token opcode = tokens.get(at++);
    if (opcode.kind() != Token.Kind.WORD) {
      throw TokenStream.error(opcode, "expected an instruction but found " + opcode.shown());
    }
    int modifiersEnd = at;
    while (modifiersEnd < tokens.size() && tokens.get(modifiersEnd).kind() == Token.Kind.DOT_WORD) {
      modifiersEnd++;
    }
    return new Statement(
        guard,
        opcode,
        tokens.subList(at, modifiersEnd),
        operands(tokens.subList(modifiersEnd, tokens.size())));
  }

  private static List<List<Token>> operands(List<Token> tokens) throws PtxException {
    List<List<Token>> operands = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      if (token.is('(') || token.is('[') || token.is('{')) {
        depth++;
      } else if (token.is(')') || token.is(']') || token.is('}')) {
        depth--;
      } else if (token.is(',') && depth == 0) {
        operands.add(tokens.subList(start, i));
        start = i + 1;
      }
      if (depth < 0) {
        throw TokenStream.error(token, "nothing is open that " + token.shown() + " could close");
      }
    }
    if (!tokens.isEmpty()) {
      operands.add(tokens.subList(start, tokens.size()));
    }
    for (List<Token> operand : operands) {
      if (operand.isEmpty()) {
        throw TokenStream.error(tokens.get(0), "an operand is missing");
      }
    }
    return operands;
  }

  /** Whether it has a modifier. */
  boolean has(String modifier) {
    return modifiers.stream().anyMatch(token -> token.text().equals(modifier));
  }

  /** Whether it has a modifier that begins so. */
  boolean hasAny(String beginning) {
    return modifiers.stream().anyMatch(token -> token.text().startsWith(beginning));
  }

  /** Whether an operand is an address. */
  static boolean isAddress(List<Token> operand) {
    return operand.stream().anyMatch(token -> token.is('['));
  }

  /** As errors name it. */
  String shown() {
    StringBuilder name = new StringBuilder(opcode.text());
    modifiers.forEach(modifier -> name.append('.').append(modifier.text()));
    return "'" + (name.length() <= 60 ? name : name.substring(0, 60) + "...") + "'";
  }
}
