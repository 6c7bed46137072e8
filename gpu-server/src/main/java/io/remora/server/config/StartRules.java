// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The combinations of settings that a server refuses to start with. */
final class StartRules {
  private StartRules() {}

  /** What is wrong, each with its remedy; empty if the server may start. */
  static List<String> check(ServerConfig config) {
    List<String> refusals = new ArrayList<>();
    if (!config.listen().isLoopback()) {
      checkOpen(config, refusals);
    }
    if ((config.certificate() == null) != (config.key() == null)) {
      refusals.add(
          "a certificate and its key belong together: give both 'certificate' (--cert) and 'key'"
              + " (--key), or neither");
    }
    if (config.tls() == TlsMode.OFF && config.clientCa() != null) {
      refusals.add("'client_ca' needs TLS: remove it, or set 'tls: on'");
    }
    checkWeb(config, refusals);
    for (Path file : config.namedFiles()) {
      if (!Files.isReadable(file)) {
        refusals.add(missing(config, file));
      }
    }
    return refusals;
  }

  private static void checkOpen(ServerConfig config, List<String> refusals) {
    String open = config.listen() + " can be reached from other machines";
    if (config.tls() == TlsMode.OFF) {
      refusals.add(
          open
              + ", where plaintext would show every token: set 'tls: on' with 'certificate' and"
              + " 'key', or listen on 127.0.0.1");
    } else if (config.certificate() == null) {
      refusals.add(
          open
              + ", so it needs a certificate that clients can check: set 'certificate' (--cert) and"
              + " 'key' (--key), or listen on 127.0.0.1");
    }
    if (config.tenants() == null) {
      refusals.add(
          open
              + ", so its tenants must be named: make a file with `remora tenant add NAME --tenants"
              + " FILE` and set 'tenants' (--tenants) to it, or listen on 127.0.0.1");
    }
  }

  private static void checkWeb(ServerConfig config, List<String> refusals) {
    ListenAddress web = config.web().listen();
    if (web == null || web.isLoopback()) {
      return;
    }
    String open = "'web.listen' " + web + " can be reached from other machines";
    if (config.tls() == TlsMode.OFF || config.certificate() == null) {
      refusals.add(
          open
              + ", so it needs TLS with a certificate that browsers can check: set 'tls: on',"
              + " 'certificate' and 'key', or let the page listen on 127.0.0.1");
    }
    if (config.web().open()) {
      refusals.add(
          open
              + ", where an open page would show every tenant to everybody: remove 'web.open', or"
              + " let the page listen on 127.0.0.1");
    }
  }

  private static String missing(ServerConfig config, Path file) {
    String why = Files.exists(file) ? " can't be read by this user" : " doesn't exist";
    return file.equals(config.tenants())
        ? "the tenants file "
            + file
            + why
            + ": make it with `remora tenant add NAME --tenants "
            + file
            + "`"
        : "the file " + file + why + ": correct its path or its permissions";
  }
}
