// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxException;
import io.remora.ptx.exec.CompiledKernel;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxUnit;
import io.remora.ptx.ir.Variable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Compiles a whole module. */
public final class ModuleCompiler {
  private static final String PACKAGE = "io/remora/ptx/kernel/";

  private ModuleCompiler() {}

  /**
   * What comes out.
   *
   * @param unit the module as it was read
   * @param kernels its kernels by name
   * @param variables its variables in device memory, in the order in which kernels expect addresses
   */
  public record Compiled(
      PtxUnit unit, Map<String, CompiledKernel> kernels, List<Variable> variables) {

    /** The number that stands for the address of a function. */
    public long functionAddress(String name) {
      return Program.functionAddress(unit, name);
    }
  }

  /** Compiles a module. */
  public static Compiled compile(PtxUnit unit, CompileOptions options) throws PtxException {
    var calls = new CallGraph(unit);
    var loader = new KernelLoader();
    var kernels = new LinkedHashMap<String, CompiledKernel>();
    for (PtxFunction function : unit.functions().values()) {
      if (function.isKernel() && function.hasBody()) {
        String className = PACKAGE + "K" + kernels.size();
        var compiler = new KernelCompiler(unit, function, calls, options, className);
        kernels.put(function.name(), compiler.compile(loader::define));
      }
    }
    return new Compiled(unit, kernels, Program.placedVariables(unit));
  }
}
