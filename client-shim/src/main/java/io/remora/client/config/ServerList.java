// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import java.util.ArrayList;
import java.util.List;

/**
 * Which servers a setting names: one ({@code gpu1:7443}), several ({@code gpu1:7443,gpu2:7443}), or
 * all that a name in the DNS has addresses of ({@code dns:///gpus.example:7443}).
 *
 * @param servers each HOST or HOST:PORT, at least one
 * @param isPool whether one of them is to be asked where a session gets its place
 */
public record ServerList(List<String> servers, boolean isPool) {
  private static final String DNS = "dns:///";

  public ServerList {
    servers = List.copyOf(servers);
  }

  /**
   * Reads a setting.
   *
   * @throws IllegalArgumentException if it names no server
   */
  public static ServerList parse(String text) {
    String stripped = text.strip();
    boolean named = stripped.startsWith(DNS);
    String list = named ? stripped.substring(DNS.length()) : stripped;
    List<String> servers = new ArrayList<>();
    for (String each : list.split("[, ]")) {
      if (!each.isBlank()) {
        servers.add(each.strip());
      }
    }
    if (servers.isEmpty()) {
      throw new IllegalArgumentException("no server is named in \"" + text + "\"");
    }
    return new ServerList(servers, named || list.contains(","));
  }
}
