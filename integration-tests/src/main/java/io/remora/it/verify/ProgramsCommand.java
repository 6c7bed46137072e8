// SPDX-License-Identifier: Apache-2.0
package io.remora.it.verify;

import io.remora.command.RemoraCommand;
import io.remora.it.programs.DeviceProgram;
import io.remora.it.programs.Gpu;
import io.remora.it.programs.ProgramResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import jcuda.CudaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code remora programs}: runs the project's device programs as a program of JCuda, over the
 * {@code libcuda.so.1} that the system's loader finds.
 */
@Command(
    name = "programs",
    hidden = true,
    description = "Runs the project's kernels over this process's own libcuda.so.1.")
public final class ProgramsCommand implements RemoraCommand {
  private static final double NANOS_PER_MILLI = 1e6;

  @Spec private CommandSpec spec;

  @Option(names = "--only", paramLabel = "NAME", description = "Run this program only.")
  private @Nullable String only;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      defaultValue = "3",
      description = "Run each so often; the best time counts (default: ${DEFAULT-VALUE}).")
  private int repeat = 3;

  @Option(names = "--copies", description = "Only copy memory to the device and back.")
  private boolean copies;

  @Option(names = "--fault", description = "Only run a kernel that writes where no memory is.")
  private boolean fault;

  @Override
  public Integer call() throws IOException {
    if (repeat < 1 || repeat > 10_000) {
      throw new IllegalArgumentException("--repeat must be from 1 to 10000");
    }
    PrintWriter out = spec.commandLine().getOut();
    NativeGpu gpu = new NativeGpu();
    out.println("device\t" + gpu.name());
    if (copies) {
      return copies(gpu, out);
    }
    return fault ? fault(gpu, out) : programs(gpu, out);
  }

  private int programs(NativeGpu gpu, PrintWriter out) {
    boolean good = true;
    List<DeviceProgram> all =
        Stream.concat(DeviceProgram.all().stream(), DeviceProgram.features().stream())
            .filter(each -> only == null || each.name().equals(only))
            .toList();
    if (all.isEmpty()) {
      throw new IllegalArgumentException("--only: there is no program " + only);
    }
    for (DeviceProgram program : all) {
      good &= program(gpu, program, out);
    }
    return good ? OK : FAILURE;
  }

  private boolean program(NativeGpu gpu, DeviceProgram program, PrintWriter out) {
    long best = Long.MAX_VALUE;
    boolean passed = true;
    String detail = "";
    try {
      for (int i = 0; i < repeat; i++) {
        long begin = System.nanoTime();
        ProgramResult result = program.run(gpu);
        best = Math.min(best, System.nanoTime() - begin);
        passed &= result.passed();
        detail = result.toString();
      }
    } catch (CudaException failed) {
      passed = false;
      detail = String.valueOf(failed.getMessage());
    }
    out.printf(
        Locale.ROOT,
        "%s\t%s\t%.3f\t%s%n",
        passed ? "passed" : "failed",
        program.name(),
        best == Long.MAX_VALUE ? 0 : best / NANOS_PER_MILLI,
        detail);
    out.flush();
    return passed;
  }

  private static int copies(Gpu gpu, PrintWriter out) {
    byte[] bytes = new byte[3_000_001];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 7 + (i >> 8));
    }
    long address = gpu.allocate(bytes.length);
    long begin = System.nanoTime();
    gpu.upload(address, ByteBuffer.wrap(bytes));
    byte[] back = new byte[bytes.length];
    gpu.download(address, ByteBuffer.wrap(back));
    long nanos = System.nanoTime() - begin;
    gpu.free(address);
    boolean same = Arrays.equals(bytes, back);
    out.printf(
        Locale.ROOT,
        "%s\tcopies\t%.3f\t%d bytes to the device and back%n",
        same ? "passed" : "failed",
        nanos / NANOS_PER_MILLI,
        bytes.length);
    return same ? OK : FAILURE;
  }

  private static int fault(Gpu gpu, PrintWriter out) throws IOException {
    String text;
    try (InputStream ptx = ProgramsCommand.class.getResourceAsStream("/cuda/faults.ptx")) {
      if (ptx == null) {
        throw new IllegalStateException("the jar lacks cuda/faults.ptx");
      }
      text = new String(ptx.readAllBytes(), StandardCharsets.UTF_8);
    }
    String told = "nothing";
    try {
      Gpu.Module module = gpu.loadModule(text);
      gpu.launch(module.function("writeTo"), Gpu.Extent.of(1), Gpu.Extent.of(1), 0, 64L, 1);
      gpu.synchronize();
    } catch (CudaException failed) {
      told = String.valueOf(failed.getMessage());
    }
    boolean good = told.contains("CUDA_ERROR_ILLEGAL_ADDRESS");
    out.println((good ? "passed" : "failed") + "\tfault\t0\t" + told);
    return good ? OK : FAILURE;
  }
}
