// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/**
 * A certificate that signs itself, as PEM files: good for either end of a connection, and what the
 * other end trusts.
 */
public record SelfSigned(Path certificate, Path key) {
  private static final String PASSWORD = "not-a-secret";

  /**
   * Makes one.
   *
   * @param name of the files and the certificate
   * @param address of who shows it
   */
  public static SelfSigned make(Path folder, String name, String address) throws Exception {
    Path store = folder.resolve(name + ".p12");
    Path certificate = folder.resolve(name + ".pem");
    keytool(
        folder,
        List.of(
            "-genkeypair -alias it -keyalg EC -groupname secp256r1 -validity 2 -storetype PKCS12",
            "-dname CN=" + name,
            "-ext san=ip:" + address + " -ext bc=ca:true -ext eku=serverAuth,clientAuth",
            "-keystore " + store));
    keytool(
        folder,
        List.of("-exportcert -rfc -alias it", "-keystore " + store, "-file " + certificate));
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    byte[] key = keys.getKey("it", PASSWORD.toCharArray()).getEncoded();
    Path keyFile =
        Files.writeString(
            folder.resolve(name + ".key"),
            "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key)
                + "\n-----END PRIVATE KEY-----\n");
    return new SelfSigned(certificate, keyFile);
  }

  private static void keytool(Path folder, List<String> arguments) throws Exception {
    Path log = folder.resolve("keytool.log");
    String line =
        Path.of(System.getProperty("java.home"), "bin", "keytool")
            + " "
            + String.join(" ", arguments)
            + " -storepass "
            + PASSWORD;
    Process process =
        new ProcessBuilder(line.split(" "))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(process.waitFor()).as(() -> "keytool failed, see " + log).isZero();
  }
}
