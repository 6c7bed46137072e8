// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.exec.FragmentAccess;
import io.remora.ptx.exec.MatrixStep;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.matrix.Element;
import io.remora.ptx.matrix.Fragment;
import io.remora.ptx.matrix.MatrixProduct;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the modifiers of a matrix instruction say about its matrices (PTX ISA 9.7.14): reads shape
 * and element types and refuses what isn't there.
 */
final class MatrixShapes {
  private static final Pattern SHAPE = Pattern.compile("m(\\d{1,3})n(\\d{1,3})k(\\d{1,3})");

  /** Shapes of {@code mma}, with the width in bits of the factors' elements. */
  private static final Set<String> PRODUCTS =
      Set.of(
          "m16n8k8/16",
          "m16n8k16/16",
          "m16n8k4/32",
          "m16n8k8/32",
          "m8n8k4/64",
          "m16n8k4/64",
          "m16n8k8/64",
          "m16n8k16/64",
          "m8n8k16/8",
          "m16n8k16/8",
          "m16n8k32/8",
          "m8n8k32/4",
          "m16n8k32/4",
          "m16n8k64/4",
          "m8n8k128/1",
          "m16n8k128/1",
          "m16n8k256/1");

  /** Shapes of {@code wmma}, with the width in bits of the factors' elements. */
  private static final Set<String> OPAQUE =
      Set.of(
          "m16n16k16/16",
          "m8n32k16/16",
          "m32n8k16/16",
          "m16n16k16/8",
          "m8n32k16/8",
          "m32n8k16/8",
          "m16n16k8/32",
          "m8n8k4/64",
          "m8n8k32/4",
          "m8n8k128/1");

  private record Shape(String name, int m, int n, int k) {}

  private MatrixShapes() {}

  private static Shape shape(Instruction at) throws PtxException {
    for (String modifier : at.modifiers()) {
      Matcher matcher = SHAPE.matcher(modifier);
      if (matcher.matches()) {
        return new Shape(
            modifier,
            Integer.parseInt(matcher.group(1)),
            Integer.parseInt(matcher.group(2)),
            Integer.parseInt(matcher.group(3)));
      }
    }
    throw at.syntax(at.name() + " names no shape");
  }

  private static List<Element> elements(Instruction at) {
    var elements = new ArrayList<Element>();
    for (String modifier : at.modifiers()) {
      Element element = Element.named(modifier);
      if (element != null) {
        elements.add(element);
      }
    }
    return elements;
  }

  static boolean isShape(String modifier) {
    return SHAPE.matcher(modifier).matches();
  }

  /** The registers of an operand. */
  static List<Operand> registers(Instruction at, int n) throws PtxException {
    Operand operand = Code.operand(at, n);
    return operand instanceof Operand.Group group ? group.elements() : List.of(operand);
  }

  /** What a suspending matrix instruction does. */
  static MatrixStep step(Instruction at) throws PtxException {
    return switch (at.opcode()) {
      case "mma", "wmma" -> new MatrixStep.Multiply(product(at));
      case "ldmatrix" ->
          new MatrixStep.Load(matrices(at, 0), at.has("trans"), MatrixOps.isShared(at));
      case "stmatrix" ->
          new MatrixStep.Store(matrices(at, 1), at.has("trans"), MatrixOps.isShared(at));
      default -> new MatrixStep.Transpose();
    };
  }

  private static int matrices(Instruction at, int operand) throws PtxException {
    int count = at.has("x1") ? 1 : at.has("x2") ? 2 : at.has("x4") ? 4 : 0;
    if (count == 0 || !at.has("m8n8") || !at.has("b16")) {
      throw at.unsupported("only .m8n8 with .x1, .x2 or .x4 of .b16");
    }
    if (registers(at, operand).size() != count) {
      throw at.syntax(at.name() + " needs " + count + " registers");
    }
    return count;
  }

  private static MatrixProduct product(Instruction at) throws PtxException {
    Shape shape = shape(at);
    List<Element> types = elements(at);
    boolean opaque = at.opcode().equals("wmma");
    if (opaque && types.size() == 2) { // Factors of .f16 aren't named.
      types = List.of(types.get(0), Element.F16, Element.F16, types.get(1));
    }
    if (types.size() != 4) {
      throw at.syntax(at.name() + " needs the types of four matrices");
    }
    Element a = types.get(1);
    Element b = types.get(2);
    Set<String> known = opaque ? OPAQUE : PRODUCTS;
    boolean together = a == b || a.bits() == b.bits() && (a.bits() == 8 || a.bits() == 4);
    if (!known.contains(shape.name() + "/" + a.bits()) || !together || a.isFloat() != b.isFloat()) {
      throw at.unsupported("this shape with these types");
    }
    checkResults(at, a, types.get(0), types.get(3));
    String combined = a == Element.B1 ? (at.has("and") ? "and" : "xor") : "";
    if (a == Element.B1 && !at.has("popc")) {
      throw at.syntax("single bits need .xor.popc or .and.popc");
    }
    var product = opaque ? opaque(at, shape, types, combined) : layered(at, shape, types, combined);
    checkRegisters(at, product);
    return product;
  }

  private static void checkResults(Instruction at, Element factor, Element d, Element c)
      throws PtxException {
    boolean fits =
        factor == Element.F64
            ? d == Element.F64 && c == Element.F64
            : factor.isFloat()
                ? isSum(d, factor) && isSum(c, factor)
                : d == Element.S32 && c == Element.S32;
    boolean rounded = at.has("rz") || at.has("rm") || at.has("rp");
    if (!fits || rounded) {
      throw at.unsupported("this shape with these types");
    }
  }

  private static boolean isSum(Element sum, Element factor) {
    boolean halves = factor == Element.F16 || factor == Element.E4M3 || factor == Element.E5M2;
    return sum == Element.F32 || sum == Element.F16 && halves;
  }

  private static MatrixProduct layered(
      Instruction at, Shape shape, List<Element> types, String combined) throws PtxException {
    if (!at.has("row")
        || !at.has("col")
        || at.modifiers().indexOf("row") > at.modifiers().indexOf("col")) {
      throw at.unsupported("only .row.col");
    }
    return new MatrixProduct(
        Fragment.left(types.get(1), shape.m(), shape.k()),
        Fragment.right(types.get(2), shape.k(), shape.n()),
        Fragment.accumulator(types.get(3), shape.m(), shape.n()),
        Fragment.accumulator(types.get(0), shape.m(), shape.n()),
        at.has("satfinite"),
        combined);
  }

  private static MatrixProduct opaque(
      Instruction at, Shape shape, List<Element> types, String combined) throws PtxException {
    return new MatrixProduct(
        opaque(at, types.get(1), shape.m(), shape.k(), 1),
        opaque(at, types.get(2), shape.k(), shape.n(), 2),
        opaque(at, types.get(3), shape.m(), shape.n(), 3),
        opaque(at, types.get(0), shape.m(), shape.n(), 0),
        at.has("satfinite"),
        combined);
  }

  private static Fragment opaque(
      Instruction at, Element element, int rows, int columns, int operand) throws PtxException {
    int words = registers(at, operand).size() * element.words();
    int elements = Fragment.LANES * words * element.perWord() / element.words();
    if (words > MatrixProduct.WORDS || elements < rows * columns) {
      throw at.syntax("operand " + (operand + 1) + " of " + at.name() + " has too few registers");
    }
    return Fragment.opaque(element, rows, columns, words);
  }

  private static void checkRegisters(Instruction at, MatrixProduct product) throws PtxException {
    List<Fragment> fragments = List.of(product.d(), product.a(), product.b(), product.c());
    for (int i = 0; i < fragments.size(); i++) {
      int wanted = fragments.get(i).words() / fragments.get(i).element().words();
      if (registers(at, i).size() != wanted) {
        throw at.syntax(
            "operand " + (i + 1) + " of " + at.name() + " needs " + wanted + " registers");
      }
    }
    if (!product.fits()) {
      throw at.unsupported("matrices of so many registers");
    }
  }

  /** What {@code wmma.load} and {@code wmma.store} move. */
  static FragmentAccess access(Instruction at) throws PtxException {
    Shape shape = shape(at);
    List<Element> types = elements(at);
    if (types.size() != 1 || at.has("row") == at.has("col")) {
      throw at.syntax(at.name() + " needs one type and .row or .col");
    }
    Element element = types.get(0);
    boolean isSum = at.has("c") || at.has("d");
    String key = shape.name() + "/" + element.bits();
    if (!isSum && !OPAQUE.contains(key)) {
      throw at.unsupported("this shape with this type");
    }
    if (at.has("store") && element.bits() < 16) {
      throw at.unsupported("only results are stored");
    }
    int rows = at.has("b") ? shape.k() : shape.m();
    int columns = at.has("a") ? shape.k() : shape.n();
    int operand = at.has("store") ? 1 : 0;
    return new FragmentAccess(
        opaque(at, element, rows, columns, operand), at.has("row"), MatrixOps.isShared(at));
  }
}
