// SPDX-License-Identifier: Apache-2.0
package io.remora.deploy;

import com.google.cloud.tools.jib.api.CacheDirectoryCreationException;
import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.ImageReference;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.RegistryException;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import com.google.cloud.tools.jib.api.buildplan.Port;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

/** Writes one image into a tar file. The same files make the same image, whenever it is made. */
final class ImageFile {
  private static final FilePermissions FOLDER = FilePermissions.fromOctalString("755");
  private static final FilePermissions PROGRAM = FilePermissions.fromOctalString("755");
  private static final FilePermissions PLAIN = FilePermissions.fromOctalString("644");

  private static final Instant WRITTEN = Instant.EPOCH.plusSeconds(1);

  private final ImagePlan plan;
  private final Path root;

  /**
   * @param root a folder that is the image's root
   */
  ImageFile(ImagePlan plan, Path root) {
    this.plan = plan;
    this.root = root;
  }

  /**
   * Writes the image.
   *
   * @param version its tag
   * @param cache a folder for layers that are being made
   * @param file replaced if it is there
   */
  void write(String version, Path cache, Path file)
      throws IOException, InterruptedException, ExecutionException {
    try {
      TarImage target =
          TarImage.at(file).named(ImageReference.of(null, "remora/" + plan.name(), version));
      builder(version)
          .containerize(
              Containerizer.to(target)
                  .setApplicationLayersCache(cache)
                  .setBaseImageLayersCache(cache)
                  .setOfflineMode(true)
                  .setToolName("remora"));
    } catch (RegistryException | CacheDirectoryCreationException e) {
      throw new IOException(file + " can't be made: " + e.getMessage(), e);
    }
  }

  private JibContainerBuilder builder(String version) throws IOException {
    JibContainerBuilder image =
        Jib.fromScratch()
            .setFileEntriesLayers(layers())
            .setEntrypoint(plan.entrypoint())
            .setProgramArguments(plan.arguments())
            .setEnvironment(plan.environment())
            .setUser(ImagePlan.USER)
            .setCreationTime(Instant.EPOCH)
            .addLabel("org.opencontainers.image.title", "remora/" + plan.name())
            .addLabel("org.opencontainers.image.description", plan.description())
            .addLabel("org.opencontainers.image.version", version)
            .addLabel("org.opencontainers.image.licenses", "Apache-2.0");
    plan.ports().forEach(port -> image.addExposedPort(Port.tcp(port)));
    return image;
  }

  private List<FileEntriesLayer> layers() throws IOException {
    List<FileEntriesLayer> layers = new ArrayList<>();
    Set<Path> taken = new HashSet<>();
    for (String folder : plan.layers()) {
      layers.add(layer(folder, root.resolve(folder.substring(1)), taken));
    }
    layers.add(0, layer("/", root, taken));
    return layers;
  }

  /** All below a folder that no layer has yet, in the order of names. */
  private FileEntriesLayer layer(String name, Path folder, Set<Path> taken) throws IOException {
    FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName(name);
    List<Path> found;
    try (Stream<Path> walk = Files.walk(folder)) {
      found = walk.sorted(Comparator.comparing(Path::toString)).toList();
    }
    for (Path path : found) {
      if (!path.equals(root) && taken.add(path)) {
        AbsoluteUnixPath place = AbsoluteUnixPath.get("/" + root.relativize(path));
        layer.addEntry(path, place, permissions(path), WRITTEN, owner(place));
      }
    }
    return layer.build();
  }

  private String owner(AbsoluteUnixPath place) {
    return plan.ownFolders().contains(place.toString()) ? ImagePlan.USER : "0:0";
  }

  private static FilePermissions permissions(Path path) {
    if (Files.isDirectory(path)) {
      return FOLDER;
    }
    return Files.isExecutable(path) ? PROGRAM : PLAIN;
  }
}
