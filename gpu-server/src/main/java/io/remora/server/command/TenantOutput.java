// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.server.tenant.Token;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the subcommands of {@code remora tenant} share: their file and where they print.
 *
 * @param file the tenants file
 */
record TenantOutput(Path file, PrintWriter out) {
  static TenantOutput of(@Nullable TenantCommand parent) {
    if (parent == null) {
      throw new IllegalStateException("picocli sets the parent before it calls a command");
    }
    return new TenantOutput(parent.file(), parent.out());
  }

  void line(String text) {
    out.println(text);
  }

  /** Shows a new token; nobody can show it again. */
  void token(String done, Token token, boolean quiet) {
    if (quiet) {
      out.println(token.text());
      return;
    }
    out.println(done);
    out.println("Its token, shown this once (the file holds only its SHA-256):");
    out.println();
    out.println(token.text());
    out.println();
    out.println("Give it to the tenant, whose programs take it from REMORA_TOKEN or");
    out.println("from a file that REMORA_TOKEN_FILE names.");
  }
}
