// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.v1.RemoteResult;
import io.remora.wire.WireWriter;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import jcuda.driver.CUresult;

/**
 * A call that names an image by its hash. Only if the server doesn't hold the image is it sent, and
 * the server asked again.
 */
final class ImageRequest {
  /** The server may have dropped the image between upload and use, but not again and again. */
  private static final int ATTEMPTS = 3;

  private final ClientCore core;
  private final ThreadState thread;
  private final byte[] image;
  private final byte[] hash;

  ImageRequest(ClientCore core, ThreadState thread, byte[] image) {
    this.core = core;
    this.thread = thread;
    this.image = image;
    this.hash = sha256(image);
  }

  /** Writes the call's arguments. */
  @FunctionalInterface
  interface Arguments {
    void write(WireWriter out, byte[] sha256, int imageBytes);
  }

  /** Makes the call and waits for its answer. */
  int send(int number, Arguments arguments) {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      WireWriter out = core.begin(number, thread);
      try {
        arguments.write(out, hash, image.length);
        core.endSync(thread);
      } finally {
        core.release();
      }
      int result = core.await(thread, number);
      if (result != RemoteResult.IMAGE_NEEDED_VALUE) {
        return result;
      }
      result = upload();
      if (result != CUresult.CUDA_SUCCESS) {
        return result;
      }
    }
    thread.explain(Calls.name(number), "the server lost the image while it was loaded");
    return CUresult.CUDA_ERROR_UNKNOWN;
  }

  private int upload() {
    Destination to = core.destination(thread);
    CallSender sender = to.sender();
    int chunk = to.connection().welcome().getChunkBytesMax();
    int result = CUresult.CUDA_SUCCESS;
    try {
      for (int offset = 0; offset < image.length && result == CUresult.CUDA_SUCCESS; ) {
        int length = Math.min(chunk, image.length - offset);
        ByteBuffer part = ByteBuffer.wrap(image, offset, length);
        WireWriter out = sender.beginPayload(Calls.REMORA_UPLOAD_IMAGE, to.context(), length);
        try {
          CallWriter.remoraUploadImageTail(out, hash, image.length, offset, part);
          result = sender.endPayload(true);
        } finally {
          sender.release();
        }
        offset += length;
      }
    } finally {
      sender.ownPayloads();
    }
    return result;
  }

  private static byte[] sha256(byte[] image) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(image);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
