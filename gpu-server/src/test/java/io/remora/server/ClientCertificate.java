// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import java.io.FileWriter;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A client's certificate, its key, and the authority that signed it, as PEM files. */
record ClientCertificate(Path ca, Path certificate, Path key) {
  static ClientCertificate make(Path folder) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    KeyPair authority = generator.generateKeyPair();
    KeyPair client = generator.generateKeyPair();
    ContentSigner signer =
        new JcaContentSignerBuilder("SHA256withECDSA").build(authority.getPrivate());
    ClientCertificate files =
        new ClientCertificate(
            folder.resolve("client-ca.pem"),
            folder.resolve("client.pem"),
            folder.resolve("client.key"));
    write(
        files.ca,
        builder("CN=test authority", authority)
            .addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
            .build(signer));
    write(
        files.certificate,
        builder("CN=test client", client)
            .addExtension(
                Extension.extendedKeyUsage,
                false,
                new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth))
            .build(signer));
    write(files.key, new JcaPKCS8Generator(client.getPrivate(), null));
    return files;
  }

  private static JcaX509v3CertificateBuilder builder(String subject, KeyPair keys) {
    Instant now = Instant.now();
    return new JcaX509v3CertificateBuilder(
        new X500Name("CN=test authority"),
        BigInteger.valueOf(now.toEpochMilli()),
        Date.from(now.minus(Duration.ofHours(1))),
        Date.from(now.plus(Duration.ofHours(1))),
        new X500Name(subject),
        keys.getPublic());
  }

  private static void write(Path file, Object part) throws IOException {
    try (JcaPEMWriter writer =
        new JcaPEMWriter(new FileWriter(file.toFile(), StandardCharsets.US_ASCII))) {
      writer.writeObject(part);
    }
  }
}
