// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerTlsTest {
  private static final Instant NOW = Instant.now();

  @TempDir private Path folder;

  private LocalCertificates make(String name, Instant now) throws Exception {
    return LocalCertificates.ensure(folder.resolve(name), "box.example", now, new SecureRandom());
  }

  @Test
  void theCertificateNamesThisMachineAndItsKeyIsPrivate() throws Exception {
    LocalCertificates made = make("a", NOW);
    X509Certificate server = PemFiles.certificates(made.certificate())[0];
    X509Certificate authority = PemFiles.certificates(made.ca())[0];
    server.verify(authority.getPublicKey());
    assertThat(server.getSubjectAlternativeNames().stream().map(name -> name.get(1)))
        .asList()
        .containsExactly("localhost", "127.0.0.1", "0:0:0:0:0:0:0:1", "box.example");
    assertThat(server.getBasicConstraints()).isEqualTo(-1);
    assertThat(authority.getBasicConstraints()).isZero();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made.key())))
        .isEqualTo("rw-------");
    // The authority's key is nowhere.
    assertThat(Files.list(folder.resolve("a")).map(each -> each.getFileName().toString()))
        .containsExactlyInAnyOrder("ca.pem", "server.pem", "server.key", "server.pem.lock");
  }

  @Test
  void aSecondStartKeepsTheCertificateUntilItIsAboutToExpire() throws Exception {
    LocalCertificates made = make("a", NOW);
    String first = Files.readString(made.certificate());
    make("a", NOW.plus(Duration.ofDays(365)));
    assertThat(made.certificate()).hasContent(first);
    make("a", NOW.plus(Duration.ofDays(3640)));
    assertThat(Files.readString(made.certificate())).isNotEqualTo(first);
    String second = Files.readString(made.certificate());
    Files.delete(made.key());
    make("a", NOW);
    assertThat(Files.readString(made.certificate())).isNotEqualTo(second);
  }

  @Test
  void whatIsNoCertificateOrNoKeyIsRefused() throws Exception {
    LocalCertificates one = make("a", NOW);
    LocalCertificates other = make("b", NOW);
    Path nothing = Files.writeString(folder.resolve("nothing.pem"), "no PEM\n");
    Path broken =
        Files.writeString(
            folder.resolve("broken.pem"),
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    Path[][] wrong = {
      {one.certificate(), other.key()},
      {nothing, one.key()},
      {one.certificate(), nothing},
      {one.certificate(), one.certificate()},
      {broken, one.key()},
    };
    for (Path[] pair : wrong) {
      assertThatThrownBy(() -> new ServerTls(pair[0], pair[1], null))
          .as("%s", List.of(pair))
          .isInstanceOfAny(GeneralSecurityException.class, java.io.IOException.class);
    }
    assertThatThrownBy(() -> new ServerTls(one.certificate(), other.key(), null))
        .hasMessageContaining("is not the key of");
    Path protectedKey =
        Files.writeString(
            folder.resolve("protected.pem"),
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAAwAA==\n-----END ENCRYPTED PRIVATE KEY-----\n");
    assertThatThrownBy(() -> new ServerTls(one.certificate(), protectedKey, null))
        .isInstanceOfAny(GeneralSecurityException.class, java.io.IOException.class);
  }
}
