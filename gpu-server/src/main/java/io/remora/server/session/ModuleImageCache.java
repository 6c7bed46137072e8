// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;
import io.remora.wire.Payload;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Module images of all tenants by their SHA-256, so that each is uploaded once. Holds at most a
 * given number of bytes, uploads in progress included; the least recently used image goes first.
 * Whoever knows an image's hash may load it, which needs the image or its author's word; nobody can
 * read it back.
 *
 * <p>Thread-safe by one lock, held for map operations only and never while copying or hashing.
 */
public final class ModuleImageCache {
  private static final int SHA256_BYTES = 32;
  private static final int FIRST_PIECE_BYTES_MAX = 64 << 10;

  private final long bytesMax;
  private final int imageBytesMax;
  private final Map<String, byte[]> images = new LinkedHashMap<>(16, 0.75f, true);
  private long heldBytes;

  /**
   * @param bytesMax what images and uploads may take together
   * @param imageBytesMax size of the largest image that is accepted
   */
  public ModuleImageCache(long bytesMax, int imageBytesMax) {
    this.bytesMax = bytesMax;
    this.imageBytesMax = imageBytesMax;
  }

  /** The image with this SHA-256, read-only, and marks it as used. */
  Optional<ByteBuffer> find(byte[] sha256) {
    synchronized (images) {
      return Optional.ofNullable(images.get(key(sha256)))
          .map(image -> ByteBuffer.wrap(image).asReadOnlyBuffer());
    }
  }

  /** Bytes of images and uploads. */
  long heldBytes() {
    synchronized (images) {
      return heldBytes;
    }
  }

  /**
   * Begins an upload; it holds memory as its pieces arrive.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if the hash isn't one, or the size is
   *     out of bounds
   */
  Upload upload(byte[] sha256, long imageBytes) {
    if (sha256.length != SHA256_BYTES) {
      throw CallException.invalidValue("an image's SHA-256 has 32 bytes");
    }
    if (imageBytes <= 0 || imageBytes > imageBytesMax) {
      throw CallException.invalidValue(
          "the module image has "
              + Long.toUnsignedString(imageBytes)
              + " bytes, this server takes 1 to "
              + imageBytesMax);
    }
    return new Upload(key(sha256), (int) imageBytes);
  }

  private static String key(byte[] sha256) {
    return HexFormat.of().formatHex(sha256);
  }

  /** Takes bytes from the budget, dropping the images that were not used for longest. */
  private boolean reserve(long bytes) {
    synchronized (images) {
      Iterator<byte[]> oldest = images.values().iterator();
      while (heldBytes + bytes > bytesMax && oldest.hasNext()) {
        heldBytes -= oldest.next().length;
        oldest.remove();
      }
      if (heldBytes + bytes > bytesMax) {
        return false;
      }
      heldBytes += bytes;
      return true;
    }
  }

  private void release(long bytes) {
    synchronized (images) {
      heldBytes -= bytes;
    }
  }

  /** Keeps an image whose bytes are reserved already. */
  private void keep(String key, byte[] image) {
    synchronized (images) {
      byte[] before = images.put(key, image);
      if (before != null) {
        heldBytes -= before.length;
      }
    }
  }

  /**
   * An image on its way; owned by one session, which must {@link #close} it if it stays unfinished.
   */
  final class Upload implements AutoCloseable {
    private final String key;
    private final int imageBytes;
    private final MessageDigest digest = sha256Digest();
    private byte @Nullable [] array = new byte[0];
    private int received;

    private Upload(String key, int imageBytes) {
      this.key = key;
      this.imageBytes = imageBytes;
    }

    /**
     * Takes the next piece. With the last one the image is checked against its hash and kept.
     *
     * @param offset where the piece belongs; pieces come in order
     * @return true if the image is complete
     * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if the piece doesn't fit or the hash
     *     is wrong, {@code CUDA_ERROR_OUT_OF_MEMORY} if uploads take too much; the upload is closed
     *     then
     */
    boolean append(long offset, Payload piece) {
      byte[] into = array;
      if (into == null) {
        throw CallException.invalidValue("the upload of this image has ended");
      }
      try {
        if (offset != received || piece.bytes() == 0 || piece.bytes() > imageBytes - received) {
          throw CallException.invalidValue("pieces of a module image must come in order");
        }
        into = grow(into, received + piece.bytes());
        array = into;
        piece.copyTo(into, received);
        digest.update(into, received, piece.bytes());
        received += piece.bytes();
        return received == imageBytes && finish(into);
      } catch (CallException refused) {
        close();
        throw refused;
      }
    }

    private byte[] grow(byte[] into, int needed) {
      if (needed <= into.length) {
        return into;
      }
      // The announced size is only a claim: memory is taken as bytes arrive.
      long doubled = Math.max(2L * into.length, Math.min(FIRST_PIECE_BYTES_MAX, imageBytes));
      int capacity = (int) Math.min(imageBytes, Math.max(needed, doubled));
      if (!reserve(capacity - into.length)) {
        throw new CallException(
            CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
            "the server's cache of module images is full of uploads in progress; try again");
      }
      return Arrays.copyOf(into, capacity);
    }

    private boolean finish(byte[] image) {
      if (!HexFormat.of().formatHex(digest.digest()).equals(key)) {
        throw CallException.invalidValue("the module image doesn't match its SHA-256");
      }
      array = null;
      keep(key, image);
      return true;
    }

    /** Gives the memory of an unfinished upload back. */
    @Override
    public void close() {
      byte[] unfinished = array;
      array = null;
      if (unfinished != null) {
        release(unfinished.length);
      }
    }
  }

  private static MessageDigest sha256Digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
