// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.util.io.pem.PemObject;
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
  void keysOfEveryCommonFormAreRead() throws Exception {
    for (String algorithm : List.of("EC", "RSA", "Ed25519")) {
      KeyPair pair = KeyPairGenerator.getInstance(algorithm).generateKeyPair();
      Path modern =
          write(algorithm + "-modern.pem", new JcaPKCS8Generator(pair.getPrivate(), null));
      assertThat(PemFiles.key(modern)).as(algorithm).isEqualTo(pair.getPrivate());
    }
    KeyPair rsa = KeyPairGenerator.getInstance("RSA").generateKeyPair();
    Path older = write("rsa.pem", rsa);
    assertThat(Files.readString(older)).contains("BEGIN RSA PRIVATE KEY");
    assertThat(PemFiles.key(older)).isEqualTo(rsa.getPrivate());
    KeyPair ec = curve().generateKeyPair();
    PrivateKeyInfo info = PrivateKeyInfo.getInstance(ec.getPrivate().getEncoded());
    BigInteger number = ((java.security.interfaces.ECPrivateKey) ec.getPrivate()).getS();
    // As OpenSSL writes it, with the name of the curve inside.
    var key = new ECPrivateKey(256, number, info.getPrivateKeyAlgorithm().getParameters());
    older = write("ec.pem", new PemObject("EC PRIVATE KEY", key.getEncoded()));
    assertThat(PemFiles.key(older))
        .isInstanceOfSatisfying(
            java.security.interfaces.ECPrivateKey.class,
            read -> assertThat(read.getS()).isEqualTo(number));
  }

  @Test
  void aFileMayHoldTheKeyAndTheWholeChainWithCommentsBetween() throws Exception {
    LocalCertificates made = make("a", NOW);
    Path all =
        Files.writeString(
            folder.resolve("all.pem"),
            "my key - and chain\n"
                + Files.readString(made.key())
                + "subject=server\n"
                + Files.readString(made.certificate())
                + Files.readString(made.ca()));
    assertThat(PemFiles.certificates(all)).hasSize(2);
    assertThat(PemFiles.certificates(all)[0])
        .isEqualTo(PemFiles.certificates(made.certificate())[0]);
    assertThat(PemFiles.key(all)).isEqualTo(PemFiles.key(made.key()));
  }

  private static KeyPairGenerator curve() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(256);
    return generator;
  }

  private Path write(String name, Object part) throws IOException {
    Path file = folder.resolve(name);
    try (var writer = new JcaPEMWriter(Files.newBufferedWriter(file))) {
      writer.writeObject(part);
    }
    return file;
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
    Path olderProtectedKey =
        Files.writeString(
            folder.resolve("older.pem"),
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
                + "AAAA\n-----END RSA PRIVATE KEY-----\n");
    for (Path key : List.of(protectedKey, olderProtectedKey)) {
      assertThatThrownBy(() -> new ServerTls(one.certificate(), key, null))
          .hasMessageContaining("is protected by a passphrase");
    }
  }
}
