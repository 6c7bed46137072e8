// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.exec.KernelCode;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Loads the classes of one module. They go away with the module, because nothing else refers to
 * this loader. Classes of its own, not hidden ones: a fault's stack trace must show their frames.
 */
final class KernelLoader extends ClassLoader {
  KernelLoader() {
    super("ptx-module", KernelLoader.class.getClassLoader());
  }

  /** Promises an object of a class; the JVM gets to see the class at the first call. */
  Supplier<KernelCode> define(String name, byte[] bytes) {
    return new Once(name, bytes);
  }

  private final class Once implements Supplier<KernelCode> {
    private final String name;
    private byte[] bytes;
    private volatile @Nullable KernelCode code;

    Once(String name, byte[] bytes) {
      this.name = name;
      this.bytes = bytes;
    }

    @Override
    public KernelCode get() {
      KernelCode known = code;
      return known != null ? known : load();
    }

    private synchronized KernelCode load() {
      KernelCode known = code;
      if (known != null) {
        return known;
      }
      try {
        Class<?> type = defineClass(name, bytes, 0, bytes.length);
        KernelCode made = (KernelCode) type.getDeclaredConstructor().newInstance();
        code = made;
        bytes = new byte[0];
        return made;
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("class " + name + " can't be made", e);
      }
    }
  }
}
