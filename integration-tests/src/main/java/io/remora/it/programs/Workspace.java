// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The modules and memory of one run: arrays go to the device and come back, and {@link #close}
 * frees all. One thread.
 */
final class Workspace implements AutoCloseable {
  private final Gpu gpu;
  private final List<Long> allocations = new ArrayList<>();
  private final List<Gpu.Module> modules = new ArrayList<>();

  Workspace(Gpu gpu) {
    this.gpu = gpu;
  }

  /** Loads one of the checked-in PTX files, by its name without ending. */
  Gpu.Module load(String ptxName) {
    Gpu.Module module = gpu.loadModule(ptx(ptxName));
    modules.add(module);
    return module;
  }

  /** The text of a checked-in PTX file. */
  static String ptx(String name) {
    String resource = "/cuda/" + name + ".ptx";
    try (InputStream stream = Workspace.class.getResourceAsStream(resource)) {
      if (stream == null) {
        throw new IllegalArgumentException("no such device program: " + resource);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + resource, e);
    }
  }

  long allocate(long bytes) {
    long address = gpu.allocate(bytes);
    allocations.add(address);
    return address;
  }

  /** Memory for 4-byte elements that is all zeros. */
  long zeros(int elements) {
    return upload(buffer(4L * elements));
  }

  long upload(float... values) {
    ByteBuffer bytes = buffer(4L * values.length);
    bytes.asFloatBuffer().put(values);
    return upload(bytes);
  }

  long upload(int... values) {
    ByteBuffer bytes = buffer(4L * values.length);
    bytes.asIntBuffer().put(values);
    return upload(bytes);
  }

  long upload(long... values) {
    ByteBuffer bytes = buffer(8L * values.length);
    bytes.asLongBuffer().put(values);
    return upload(bytes);
  }

  long upload(double... values) {
    ByteBuffer bytes = buffer(8L * values.length);
    bytes.asDoubleBuffer().put(values);
    return upload(bytes);
  }

  long upload(byte[] values) {
    return upload(ByteBuffer.wrap(values));
  }

  long upload(ByteBuffer bytes) {
    long address = allocate(bytes.remaining());
    gpu.upload(address, bytes);
    return address;
  }

  float[] downloadFloats(long address, int count) {
    ByteBuffer bytes = buffer(4L * count);
    gpu.download(address, bytes);
    float[] values = new float[count];
    bytes.flip().asFloatBuffer().get(values);
    return values;
  }

  int[] downloadInts(long address, int count) {
    ByteBuffer bytes = buffer(4L * count);
    gpu.download(address, bytes);
    int[] values = new int[count];
    bytes.flip().asIntBuffer().get(values);
    return values;
  }

  long[] downloadLongs(long address, int count) {
    ByteBuffer bytes = buffer(8L * count);
    gpu.download(address, bytes);
    long[] values = new long[count];
    bytes.flip().asLongBuffer().get(values);
    return values;
  }

  double[] downloadDoubles(long address, int count) {
    ByteBuffer bytes = buffer(8L * count);
    gpu.download(address, bytes);
    double[] values = new double[count];
    bytes.flip().asDoubleBuffer().get(values);
    return values;
  }

  static ByteBuffer buffer(long bytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() {
    allocations.forEach(gpu::free);
    modules.forEach(Gpu.Module::close);
  }
}
