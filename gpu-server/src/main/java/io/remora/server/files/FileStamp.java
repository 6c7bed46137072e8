// SPDX-License-Identifier: Apache-2.0
package io.remora.server.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * What changes when a file is written or replaced. Polling it works on every file system, also
 * where a file is a link that is switched, as Kubernetes does with secrets.
 */
public record FileStamp(long modifiedMillis, long bytes, String key) {
  /** The stamp of a file; empty if it can't be looked at now. */
  public static Optional<FileStamp> of(Path file) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return Optional.of(
          new FileStamp(
              attributes.lastModifiedTime().toMillis(),
              attributes.size(),
              String.valueOf(attributes.fileKey())));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
