// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.nio.ByteBuffer;

/**
 * What a device program needs of a device: the CUDA driver API in small. Calls take effect in
 * order, as on one stream; {@link #download} and {@link #synchronize} wait for what was launched
 * before. Any failure is an unchecked exception that names the CUDA result. One thread at a time.
 */
public interface Gpu {
  /** Allocates device memory, at least 1 byte, aligned to 256; its content is undefined. */
  long allocate(long bytes);

  /** Frees what {@link #allocate} gave. */
  void free(long address);

  /** Copies the remaining bytes of a little-endian buffer to the device; moves its position. */
  void upload(long address, ByteBuffer source);

  /** Fills the remaining bytes of a little-endian buffer from the device; moves its position. */
  void download(long address, ByteBuffer target);

  /** Loads a module from PTX text. */
  Module loadModule(String ptx);

  /**
   * Launches a kernel.
   *
   * @param sharedBytes dynamic shared memory of each block
   * @param arguments one for each parameter: {@code Integer} and {@code Float} for 4 bytes, {@code
   *     Long} (addresses too) and {@code Double} for 8, {@code ByteBuffer} for a structure passed
   *     by value
   */
  void launch(Function function, Extent grid, Extent block, int sharedBytes, Object... arguments);

  /** Waits until everything launched has run, and tells the error if something failed. */
  void synchronize();

  /** A loaded module; {@link #close} unloads it. */
  interface Module extends AutoCloseable {
    /** A kernel by name. */
    Function function(String name);

    /** The address of a variable of the module, constant or not, by name. */
    long global(String name);

    @Override
    void close();
  }

  /** A kernel of a loaded module, for the {@link Gpu} that loaded it. */
  interface Function {}

  /**
   * The extent of a grid in blocks, or of a block in threads.
   *
   * @param x extent in x, at least 1
   * @param y extent in y, at least 1
   * @param z extent in z, at least 1
   */
  record Extent(int x, int y, int z) {
    /** An extent in one dimension. */
    public static Extent of(int x) {
      return new Extent(x, 1, 1);
    }

    /** An extent in two dimensions. */
    public static Extent of(int x, int y) {
      return new Extent(x, y, 1);
    }

    /** As many blocks of {@code blockSize} as cover {@code count} elements. */
    public static Extent covering(int count, int blockSize) {
      return of((count + blockSize - 1) / blockSize);
    }

    /** As many square blocks as cover a plane. */
    public static Extent covering(int width, int height, int blockSize) {
      return of((width + blockSize - 1) / blockSize, (height + blockSize - 1) / blockSize);
    }
  }
}
