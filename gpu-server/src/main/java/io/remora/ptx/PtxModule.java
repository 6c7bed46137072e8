// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import io.remora.ptx.compile.ModuleCompiler;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.parse.PtxLinker;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * A compiled PTX module: immutable, safe for any thread, and independent of any memory. {@link
 * #instantiate} binds it to an {@link AddressSpace} as often as wanted; the compiled code is
 * shared. Nothing is cached here: callers that see the same text again should keep the module.
 *
 * <pre>{@code
 * PtxModule module = PtxModule.compile(text, CompileOptions.DEFAULTS);
 * PtxInstance instance = module.instantiate(memory, global -> place(global.bytes()));
 * executor.launch(instance, "vectorAdd", LaunchShape.linear(64, 256), parameters, new LaunchControl());
 * }</pre>
 */
public final class PtxModule {
  private final ModuleCompiler.Compiled compiled;
  private final Map<String, PtxKernel> kernels;
  private final List<PtxGlobal> globals;

  private PtxModule(ModuleCompiler.Compiled compiled) {
    this.compiled = compiled;
    var byName = new LinkedHashMap<String, PtxKernel>();
    compiled.kernels().forEach((name, kernel) -> byName.put(name, kernel.kernel()));
    this.kernels = Collections.unmodifiableMap(byName);
    this.globals = compiled.variables().stream().map(PtxModule::describe).toList();
  }

  private static PtxGlobal describe(Variable variable) {
    return new PtxGlobal(
        variable.name(),
        variable.space() == Variable.Space.CONST ? PtxGlobal.Space.CONST : PtxGlobal.Space.GLOBAL,
        Math.max(1, variable.bytes()),
        variable.alignment(),
        variable.linkage() == Variable.Linkage.VISIBLE
            || variable.linkage() == Variable.Linkage.WEAK);
  }

  /**
   * Compiles a whole module. The text may come from anybody: whatever is in it, the outcome is a
   * module or a {@link PtxException}.
   *
   * @param text the PTX source; a trailing NUL, as CUDA's images have, is ignored
   * @throws PtxException if the text is malformed or uses something unsupported
   */
  public static PtxModule compile(String text, CompileOptions options) throws PtxException {
    return link(List.of(new PtxText("the text", text)), options);
  }

  /**
   * Links texts and compiles them as one module: see {@link PtxLinker}.
   *
   * @param texts at least one
   * @throws PtxException if a text is malformed or uses something unsupported, or the texts don't
   *     fit together; the message names text and symbol
   */
  public static PtxModule link(List<PtxText> texts, CompileOptions options) throws PtxException {
    try {
      return new PtxModule(ModuleCompiler.compile(PtxLinker.link(texts, options), options));
    } catch (RuntimeException | StackOverflowError e) {
      // A bug of the compiler's; whoever sent the text must not be able to make more of it.
      var refusal =
          new PtxException(
              PtxException.Kind.UNSUPPORTED, 0, 0, "the compiler can't handle this text: " + e);
      refusal.initCause(e);
      throw refusal;
    }
  }

  /** The {@code .target} of the text, such as {@code sm_75}. */
  public String target() {
    return compiled.unit().target();
  }

  /** All kernels by name. */
  public Map<String, PtxKernel> kernels() {
    return kernels;
  }

  /** All module-scope variables that need a place in device memory, in the order of the text. */
  public List<PtxGlobal> globals() {
    return globals;
  }

  /**
   * Binds the module to a memory and writes the variables' initial values there.
   *
   * @param memory where kernels of the instance run
   * @param placement gives each variable its address, aligned as it asks, in committed memory; the
   *     caller keeps that memory until the instance is no longer used
   * @throws MemoryFault if a variable's place isn't committed
   * @throws IllegalArgumentException if a place isn't aligned as its variable asks
   */
  public PtxInstance instantiate(AddressSpace memory, ToLongFunction<PtxGlobal> placement) {
    return PtxInstance.create(this, memory, placement);
  }

  /** What the compiler made, for the engine. */
  ModuleCompiler.Compiled compiled() {
    return compiled;
  }
}
