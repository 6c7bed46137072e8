// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;
import io.remora.wire.Payload;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/** Module images on their way from this client. Belongs to the session's serial executor. */
final class ImageUploads {
  private final ClientSession session;
  private final Map<String, ModuleImageCache.Upload> running = new HashMap<>();

  ImageUploads(ClientSession session) {
    this.session = session;
  }

  void remoraUploadImage(
      SessionCall call, byte[] sha256, long totalBytes, long offset, Payload piece) {
    ModuleCalls.checkSize(session, totalBytes);
    ModuleImageCache images = session.services().images();
    String key = HexFormat.of().formatHex(sha256);
    ModuleImageCache.Upload upload = running.get(key);
    if (upload == null) {
      if (images.find(sha256).isPresent()) {
        // Another session was faster.
        call.succeed();
        return;
      }
      if (running.size() >= session.services().limits().imageUploadsMax()) {
        throw new CallException(
            CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
            "too many module images are being uploaded by this session at once");
      }
      upload = images.upload(sha256, totalBytes);
      running.put(key, upload);
    }
    boolean ended = true;
    try {
      ended = upload.append(offset, piece);
    } finally {
      if (ended) {
        running.remove(key);
      }
    }
    call.succeed();
  }

  void sessionEnds() {
    running.values().forEach(ModuleImageCache.Upload::close);
    running.clear();
  }

  /** Whether no upload has begun that isn't complete. */
  boolean isIdle() {
    return running.isEmpty();
  }
}
