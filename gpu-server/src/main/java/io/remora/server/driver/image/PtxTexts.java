// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.image;

import io.remora.ptx.PtxText;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the PTX texts in what a program gives to {@code cuModuleLoadData}: text, a fatbin, several
 * fatbins one behind the other (a program of relocatable code), or what {@code cuLinkComplete}
 * gave. Where there are several texts, they are to be linked.
 */
public final class PtxTexts {
  private static final int ELF_MAGIC = 0x464c457f;
  private static final int ALIGNMENT = 8;

  /** A cut through what hostile images can ask for. */
  private static final int TEXTS_MAX = 1024;

  private static final String REMEDY =
      "; compile with PTX: nvcc -gencode arch=compute_75,code=compute_75";

  /** The first directives of a text: its target stands at the beginning of a line. */
  private static final Pattern TARGET =
      Pattern.compile("^\\s*\\.target\\s+sm_(\\d{2,3})", Pattern.MULTILINE);

  private final Taker taker;
  private final int computeCapability;
  private final int textBytesMax;
  private final List<PtxText> texts = new ArrayList<>();
  private final List<String> withoutPtx = new ArrayList<>();
  private int textBytes;

  private PtxTexts(Taker taker, int computeCapability, int textBytesMax) {
    this.taker = taker;
    this.computeCapability = computeCapability;
    this.textBytesMax = textBytesMax;
  }

  /**
   * Who takes texts only, in the words of refusals.
   *
   * @param name as in "a software device"
   * @param ifMachineCode what else than compiling with PTX helps against machine code
   * @param ifNewer what else than compiling for older GPUs helps against PTX for newer ones
   */
  public record Taker(String name, String ifMachineCode, String ifNewer) {}

  /**
   * @param image PTX text or fatbins; its position is left alone
   * @param computeCapability of the device, major * 10 + minor
   * @param textBytesMax longest text taken, of all together
   * @return at least one text
   */
  public static List<PtxText> ptx(
      ByteBuffer image, Taker taker, int computeCapability, int textBytesMax) {
    var found = new PtxTexts(taker, computeCapability, textBytesMax);
    found.read("the image", image.slice(), true);
    if (found.texts.isEmpty()) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE, found.missing(computeCapability));
    }
    return found.texts;
  }

  private void read(String name, ByteBuffer image, boolean mayBeLinked) {
    switch (magic(image)) {
      case Fatbin.MAGIC -> fatbins(name, image, mayBeLinked);
      case ELF_MAGIC -> {
        if (!mayBeLinked) {
          throw new DriverException(
              CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
              name + " is machine code, and " + taker.name + " links PTX only" + REMEDY);
        }
        throw new DriverException(
            CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE,
            "the image is machine code for a GPU, and "
                + taker.name
                + " runs PTX only"
                + REMEDY
                + ", or nvcc -ptx"
                + taker.ifMachineCode);
      }
      default -> add(new PtxText(name, text(image)));
    }
  }

  private static int magic(ByteBuffer image) {
    return image.remaining() < 4 ? 0 : image.order(ByteOrder.LITTLE_ENDIAN).getInt(0);
  }

  private void fatbins(String name, ByteBuffer image, boolean mayBeLinked) {
    ByteBuffer rest = image;
    for (int number = 1; magic(rest) == Fatbin.MAGIC; number++) {
      var fatbin = new Fatbin(rest);
      fatbin(
          number == 1 ? name : name + ", part " + number,
          number > 1 && !texts.isEmpty(),
          fatbin,
          mayBeLinked);
      int next = (fatbin.bytes() + ALIGNMENT - 1) & -ALIGNMENT;
      rest = next < rest.limit() ? rest.slice(next, rest.limit() - next) : ByteBuffer.allocate(0);
    }
  }

  private void fatbin(String name, boolean isMember, Fatbin fatbin, boolean mayBeLinked) {
    for (Fatbin.LinkInput input : fatbin.linkInputs()) {
      if (!mayBeLinked) {
        throw new DriverException(
            CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE, name + " is the outcome of a link itself");
      }
      read(input.name(), input.image(), false);
    }
    fatbin
        .ptx(computeCapability, textBytesMax)
        .ifPresentOrElse(
            text -> add(new PtxText(name, text, isMember)),
            () -> withoutPtx.addAll(fatbin.contents()));
  }

  private void add(PtxText text) {
    if (text.text().length() > textBytesMax - textBytes || texts.size() == TEXTS_MAX) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE,
          "the image has more than " + TEXTS_MAX + " PTX texts or " + textBytesMax + " bytes");
    }
    requireTarget(text);
    textBytes += text.text().length();
    texts.add(text);
  }

  /** PTX for a later GPU is not for this device, as a GPU's own compiler says. */
  private void requireTarget(PtxText text) {
    Matcher target = TARGET.matcher(text.text());
    if (target.find() && Integer.parseInt(target.group(1)) > computeCapability) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE,
          text.name()
              + " is PTX for sm_"
              + target.group(1)
              + ", and this device has compute capability "
              + computeCapability / 10
              + "."
              + computeCapability % 10
              + "; compile for an older GPU"
              + taker.ifNewer);
    }
  }

  private String missing(int capability) {
    return "the image holds "
        + (withoutPtx.isEmpty() ? "nothing" : String.join(", ", withoutPtx))
        + ", and "
        + taker.name
        + " runs PTX for up to compute capability "
        + capability / 10
        + "."
        + capability % 10
        + REMEDY
        + taker.ifMachineCode;
  }

  private String text(ByteBuffer image) {
    int end = 0;
    while (end < image.limit() && image.get(end) != 0) {
      end++;
    }
    if (end == 0 || end > textBytesMax) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE,
          end == 0
              ? "the image is neither PTX text nor a fatbin nor a cubin"
              : "PTX of " + end + " bytes; the most is " + textBytesMax);
    }
    byte[] bytes = new byte[end];
    image.get(0, bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
