// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import io.remora.ptx.PtxGlobal.Space;
import io.remora.ptx.fence.FenceWriter;
import io.remora.ptx.fence.ModuleScan;
import io.remora.ptx.fence.Variables;
import io.remora.ptx.fence.Window;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Linkage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * A module whose kernels are to stay in one window of memory, on a device that doesn't check that
 * itself: a GPU whose context others use, too. Its text is written anew with every address of
 * global memory masked, so that whatever a kernel computes is an address of the window. Addresses
 * of the window stay what they are, so a program without errors computes the same.
 *
 * <p>Variables of global memory are placed in the window by the caller; the text has none any more.
 * Constant, shared and local memory are the hardware's to keep. What can't be fenced is refused
 * with {@link PtxException.Kind#UNSUPPORTED}; docs/security.md lists it. For compilers of PTX ISA
 * 9.x.
 *
 * <p>This keeps kernels from reading and writing others' memory; it doesn't keep them from faults:
 * an address of the window may have no memory behind it.
 */
public final class PtxFence {
  /** The one variable of global memory that the fenced text has, if {@link #functions} has any. */
  public static final String FUNCTION_TABLE = FenceWriter.FUNCTION_TABLE;

  private final String text;
  private final ModuleScan scan;

  private PtxFence(String text, ModuleScan scan) {
    this.text = text;
    this.scan = scan;
  }

  /**
   * Reads a text.
   *
   * @throws PtxException if it isn't PTX, can't be fenced, or is too long
   */
  public static PtxFence of(String text, CompileOptions options) throws PtxException {
    if (text.length() > options.maxTextBytes()) {
      throw new PtxException(
          PtxException.Kind.TOO_LARGE,
          0,
          0,
          "the text has " + text.length() + " characters; the limit is " + options.maxTextBytes());
    }
    return new PtxFence(text, ModuleScan.of(text));
  }

  /** The variables to be placed in the window. */
  public List<PtxGlobal> variables() {
    return scan.globals().values().stream().map(PtxFence::described).toList();
  }

  private static PtxGlobal described(Variable variable) {
    return new PtxGlobal(
        variable.name(),
        Space.GLOBAL,
        variable.bytes(),
        variable.alignment(),
        variable.linkage() != Linkage.PRIVATE);
  }

  /** Bytes that are to be at an address before a kernel runs. */
  public record Contents(long address, ByteBuffer bytes) {}

  /**
   * The text for one window.
   *
   * @param address the window's first byte; at a multiple of its size it costs least
   * @param bytes its size, a power of two
   * @param places where each of {@link #variables} is, by name
   */
  public String fenced(long address, long bytes, Map<String, Long> places) throws PtxException {
    return FenceWriter.write(text, scan, new Window(address, bytes), places);
  }

  /**
   * Names of functions whose addresses are needed for {@link #contents}: the compiled module has
   * them, 8 bytes each in this order, in its variable {@link #FUNCTION_TABLE}, if there are any.
   */
  public List<String> functions() {
    return scan.functionsInVariables();
  }

  /**
   * What the variables' memory has to hold at first; the rest of it is zero.
   *
   * @param functions the addresses of {@link #functions}, by name
   */
  public List<Contents> contents(Map<String, Long> places, Map<String, Long> functions)
      throws PtxException {
    return new Variables(scan, places, functions)
        .contents().stream()
            .map(part -> new Contents(part.address(), ByteBuffer.wrap(part.bytes())))
            .toList();
  }
}
