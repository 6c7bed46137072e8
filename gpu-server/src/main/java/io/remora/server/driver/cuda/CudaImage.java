// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Memory;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.image.Fatbin;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * An image as the driver wants it: in native memory, with a zero behind it. The driver finds the
 * length in the image itself, so what that says is checked first: a client's image must not make
 * the driver read beyond it. What is inside is the driver's to check.
 *
 * @param type {@code CUjitInputType}
 */
record CudaImage(String name, int type, Memory memory, long bytes) {
  private static final int CUBIN = 0;
  private static final int PTX = 1;
  private static final int FATBIN = 2;
  private static final int ELF_MAGIC = 0x464c457f;
  private static final int ELF_HEADER_BYTES = 64;
  private static final int PADDING_BYTES = 16;

  /** The images that make one module: one, or several that are to be linked. */
  static List<CudaImage> of(ByteBuffer image) {
    ByteBuffer all = image.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (magic(all) == Fatbin.MAGIC) {
      List<Fatbin.LinkInput> inputs = new Fatbin(all).linkInputs();
      if (!inputs.isEmpty()) {
        List<CudaImage> images = new ArrayList<>();
        for (Fatbin.LinkInput input : inputs) {
          images.add(one(input.name(), input.image().slice().order(ByteOrder.LITTLE_ENDIAN)));
        }
        return images;
      }
    }
    return List.of(one("image", all));
  }

  /** Whether it is a text. */
  boolean isPtx() {
    return type == PTX;
  }

  private static int magic(ByteBuffer image) {
    return image.remaining() < Integer.BYTES ? 0 : image.getInt(0);
  }

  private static CudaImage one(String name, ByteBuffer image) {
    return switch (magic(image)) {
      case Fatbin.MAGIC -> {
        Fatbin fatbin = new Fatbin(image);
        if (!fatbin.linkInputs().isEmpty()) {
          throw invalid(name + " is the outcome of a link itself");
        }
        yield inMemory(name, FATBIN, image);
      }
      case ELF_MAGIC -> {
        checkElf(image);
        yield inMemory(name, CUBIN, image);
      }
      default -> {
        if (image.remaining() == 0 || image.get(0) == 0) {
          throw invalid("the image is neither PTX text nor a fatbin nor a cubin");
        }
        yield inMemory(name, PTX, image);
      }
    };
  }

  private static CudaImage inMemory(String name, int type, ByteBuffer image) {
    int bytes = image.remaining();
    Memory memory = new Memory(bytes + (long) PADDING_BYTES);
    memory.getByteBuffer(0, bytes).put(image.duplicate());
    memory.setMemory(bytes, PADDING_BYTES, (byte) 0);
    return new CudaImage(name, type, memory, type == PTX ? bytes + 1L : bytes);
  }

  /** All tables and sections lie inside. */
  private static void checkElf(ByteBuffer elf) {
    boolean good = elf.remaining() >= ELF_HEADER_BYTES && elf.get(4) == 2 && elf.get(5) == 1;
    if (good) {
      int sections = Short.toUnsignedInt(elf.getShort(60));
      int segments = Short.toUnsignedInt(elf.getShort(56));
      good =
          sections > 0
              && isInside(elf, elf.getLong(40), sections * 64L)
              && isInside(elf, elf.getLong(32), segments * 56L)
              && Short.toUnsignedInt(elf.getShort(58)) == 64;
      for (int i = 0; good && i < sections; i++) {
        good = isSectionInside(elf, (int) elf.getLong(40) + i * 64);
      }
    }
    if (!good) {
      throw invalid("the cubin is cut off or not one");
    }
  }

  private static boolean isSectionInside(ByteBuffer elf, int at) {
    final int withoutBytes = 8;
    return elf.getInt(at + 4) == withoutBytes
        || isInside(elf, elf.getLong(at + 24), elf.getLong(at + 32));
  }

  private static boolean isInside(ByteBuffer image, long offset, long bytes) {
    return bytes == 0 || offset >= 0 && bytes > 0 && offset <= image.remaining() - bytes;
  }

  private static DriverException invalid(String detail) {
    return new DriverException(CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE, detail);
  }
}
