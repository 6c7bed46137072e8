// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.AddressSpace;
import io.remora.ptx.CompileOptions;
import io.remora.ptx.KernelFault;
import io.remora.ptx.LaunchControl;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxExecutor;
import io.remora.ptx.PtxModule;
import io.remora.ptx.PtxText;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.parse.PtxLinker;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Runs a text both ways; its kernel {@code test} gets the address of the only memory. */
final class OracleRig implements AutoCloseable {
  static final long SEED = Long.getLong("remora.oracle.seed", 20_261_130L);
  static final int ROUNDS = Integer.getInteger("remora.oracle.rounds", 30);

  private static final long BASE = 1L << 40;

  private final AddressSpace memory = new AddressSpace(BASE, 16 << 20, 1 << 20);
  private final PtxExecutor executor;

  /**
   * @param workers threads that run blocks
   */
  OracleRig(int workers) {
    executor = new PtxExecutor(workers);
    assertThat(memory.commit(BASE, 8 * AddressSpace.PAGE_BYTES)).isTrue();
  }

  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer copy(ByteBuffer from) {
    return buffer(from.capacity()).put(from.duplicate().clear()).clear();
  }

  /** Memory after the interpreter has run the blocks one after the other. */
  static ByteBuffer interpret(String text, ByteBuffer before, int blocks, int threads)
      throws PtxException {
    var unit = PtxLinker.link(List.of(new PtxText("random", text)), CompileOptions.DEFAULTS);
    PtxFunction kernel = requireNonNull(unit.functions().get("test"));
    ByteBuffer memory = copy(before);
    for (int block = 0; block < blocks; block++) {
      new Machine(kernel, memory, BASE, new Place(threads, block, blocks)).run();
    }
    return memory;
  }

  /** Memory after the engine has run it. */
  ByteBuffer execute(String text, ByteBuffer before, int blocks, int threads)
      throws PtxException, KernelFault {
    memory.write(BASE, copy(before));
    var instance =
        PtxModule.compile(text, CompileOptions.DEFAULTS).instantiate(memory, global -> BASE);
    ByteBuffer parameters = buffer(8).putLong(0, BASE);
    executor.launch(
        instance, "test", LaunchShape.linear(blocks, threads), parameters, new LaunchControl());
    ByteBuffer after = buffer(before.capacity());
    memory.read(BASE, after);
    return after;
  }

  @Override
  public void close() {
    executor.close();
    memory.close();
  }
}
