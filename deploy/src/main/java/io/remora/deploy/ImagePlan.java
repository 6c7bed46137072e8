// SPDX-License-Identifier: Apache-2.0
package io.remora.deploy;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How a container of an image is started.
 *
 * @param name the image's last name: {@code server} for {@code remora/server}
 * @param description for people who list images
 * @param layers folders of the image's root that get a layer each, in this order, the seldom
 *     changed first; the rest of the root comes before them
 * @param ownFolders folders that belong to the user of the container, who may write there
 * @param entrypoint program and fixed arguments
 * @param arguments arguments that whoever starts a container may replace
 * @param ports TCP ports that it listens on
 * @param environment variables
 */
record ImagePlan(
    String name,
    String description,
    List<String> layers,
    Set<String> ownFolders,
    List<String> entrypoint,
    List<String> arguments,
    List<Integer> ports,
    Map<String, String> environment) {
  /** Neither root nor anybody whom a host has: {@code user:group}. */
  static final String USER = "65532:65532";

  /** The server with its own Java runtime. NVIDIA's container runtime adds the driver. */
  static final ImagePlan SERVER =
      new ImagePlan(
          "server",
          "Remora server: CUDA devices for hosts without one",
          List.of("/opt/remora/runtime", "/opt/remora/lib", "/opt/remora"),
          Set.of("/tmp", "/var/lib/remora"),
          List.of("/opt/remora/remora"),
          List.of("server", "--config", "/etc/remora/server.yaml"),
          List.of(7443, 7444),
          Map.of(
              "NVIDIA_VISIBLE_DEVICES", "all",
              "NVIDIA_DRIVER_CAPABILITIES", "compute,utility",
              "REMORA_STATE_DIR", "/var/lib/remora"));

  /** The client libraries, and how to copy them into a volume. */
  static final ImagePlan CLIENT =
      new ImagePlan(
          "client",
          "Remora client: libcuda.so.1 for programs on hosts without a GPU",
          List.of("/usr/lib/remora"),
          Set.of(),
          List.of("/bin/sh", "/usr/lib/remora/copy-client"),
          List.of("/remora"),
          List.of(),
          Map.of());

  ImagePlan {
    layers = List.copyOf(layers);
    ownFolders = Set.copyOf(ownFolders);
    entrypoint = List.copyOf(entrypoint);
    arguments = List.copyOf(arguments);
    ports = List.copyOf(ports);
    environment = Map.copyOf(environment);
  }
}
