// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.ptx.PtxException;
import io.remora.ptx.PtxFence;
import io.remora.ptx.PtxGlobal;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.Domain.GlobalPlacer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A module whose kernels keep to the slab, as do its variables: from its image to its contents. */
final class FencedModule {
  private final PtxFence fence;
  private final String text;
  private final Map<String, Long> places = new HashMap<>();
  private final List<GlobalDescription> variables = new ArrayList<>();

  /**
   * Reads an image and places its variables; calls no driver.
   *
   * @param placer gives them memory of the slab
   */
  FencedModule(ByteBuffer image, KernelFence kernels, GlobalPlacer placer) {
    fence = kernels.read(image);
    for (PtxGlobal variable : fence.variables()) {
      long address =
          placer.place(variable.name(), Math.max(1, variable.bytes()), variable.alignment());
      places.put(variable.name(), address);
      variables.add(new GlobalDescription(variable.name(), address, variable.bytes()));
    }
    try {
      text = fence.fenced(kernels.address(), kernels.bytes(), places);
    } catch (PtxException refused) {
      throw KernelFence.refusal(refused);
    }
  }

  List<GlobalDescription> variables() {
    return variables;
  }

  /** What the driver loads. */
  List<CudaImage> images() {
    return CudaImage.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /** Whether variables hold addresses of code, which are others in each context. */
  boolean hasCodeAddresses() {
    return !fence.functions().isEmpty();
  }

  /** Gives the variables their initial values, when the driver has the module. */
  void fill(long module, DeviceBytes memory) {
    Map<String, Long> functions = new HashMap<>();
    List<String> names = fence.functions();
    if (!names.isEmpty()) {
      long[] table = new long[1];
      Cuda.require(
          CudaCalls.cuModuleGetGlobal_v2(
              table, new long[1], module, Cuda.bytes(PtxFence.FUNCTION_TABLE)),
          "cuModuleGetGlobal");
      ByteBuffer addresses =
          ByteBuffer.allocate(names.size() * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      memory.read(table[0], addresses);
      for (int i = 0; i < names.size(); i++) {
        functions.put(names.get(i), addresses.getLong(i * Long.BYTES));
      }
    }
    try {
      fence.contents(places, functions).forEach(part -> memory.write(part.address(), part.bytes()));
    } catch (PtxException refused) {
      throw KernelFence.refusal(refused);
    }
  }

  /** Memory of the device, read and written at once. */
  interface DeviceBytes {
    void read(long address, ByteBuffer into);

    void write(long address, ByteBuffer from);
  }
}
