// SPDX-License-Identifier: Apache-2.0
package io.remora.server.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Files and folders that only their owner may read. */
public final class PrivateFiles {
  private PrivateFiles() {}

  /** Makes a folder, and those above it that are missing, for the owner only. */
  public static void createFolders(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, attributes(folder, "rwx------"));
    }
  }

  /** Makes the folder that a file lies in, and those above it that are missing. */
  public static void createFolderOf(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      createFolders(folder);
    }
  }

  /** Makes an empty file for the owner only, and its folder, if it isn't there. */
  public static void create(Path file) throws IOException {
    createFolderOf(file);
    if (!Files.exists(file)) {
      Files.createFile(file, attributes(file.toAbsolutePath(), "rw-------"));
    }
  }

  /**
   * Puts a text into a file for the owner only, all at once: a reader sees the old contents or the
   * new, also if the machine stops in between.
   */
  public static void write(Path file, String text) throws IOException {
    Path target = file.toAbsolutePath();
    Path temporary =
        Files.createTempFile(
            target.getParent(),
            target.getFileName() + ".",
            ".new",
            attributes(target, "rw-------"));
    try {
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      move(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** What one process at a time does. */
  @FunctionalInterface
  public interface Change<T, E extends Exception> {
    /** Does it. */
    T make() throws IOException, E;
  }

  /**
   * Changes a file while nobody else does, in this process or another: who comes later waits.
   *
   * @param file what is locked, by a file of its name and {@code .lock} beside it
   */
  public static <T, E extends Exception> T alone(Path file, Change<T, E> change)
      throws IOException, E {
    createFolderOf(file);
    // Threads of one process can't have a file's lock each.
    synchronized (PrivateFiles.class) {
      try (FileChannel channel =
              FileChannel.open(
                  file.resolveSibling(file.getFileName() + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        T made = change.make();
        if (!lock.isValid()) {
          throw new IOException("the lock of " + file + " was lost");
        }
        return made;
      }
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static FileAttribute<?>[] attributes(Path path, String permissions) {
    // Windows has no such permissions; a user's folder is private there by inheritance.
    Set<String> views = path.getFileSystem().supportedFileAttributeViews();
    return views.contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }
}
