// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tls;

import io.remora.server.files.PrivateFiles;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A certificate for a server on loopback and the authority that clients trust for it. The
 * authority's key signs once and is never written down, so nobody can make another certificate that
 * those clients would accept.
 *
 * @param ca PEM file of the authority's certificate
 * @param certificate PEM file of the server's certificate
 * @param key PEM file of the server's key, for the owner only
 */
public record LocalCertificates(Path ca, Path certificate, Path key) {
  private static final Duration LIFE = Duration.ofDays(3650);
  private static final Duration RENEW_BEFORE = Duration.ofDays(30);
  private static final X500Name CA_NAME = new X500Name("CN=Remora local authority");
  private static final X500Name SERVER_NAME = new X500Name("CN=Remora local server");

  /**
   * Finds the certificates in a folder, or makes them: if one is missing or will expire soon.
   *
   * @param hostName this machine's name, for which the certificate is made too
   */
  public static LocalCertificates ensure(
      Path folder, String hostName, Instant now, SecureRandom random)
      throws GeneralSecurityException, IOException {
    LocalCertificates files =
        new LocalCertificates(
            folder.resolve("ca.pem"), folder.resolve("server.pem"), folder.resolve("server.key"));
    // Servers that are started side by side in one folder have one certificate.
    return PrivateFiles.<LocalCertificates, GeneralSecurityException>alone(
        files.certificate,
        () -> {
          if (!files.areUsable(now)) {
            files.make(hostName, now, random);
          }
          return files;
        });
  }

  private boolean areUsable(Instant now) {
    if (!Files.exists(ca) || !Files.exists(certificate) || !Files.exists(key)) {
      return false;
    }
    try {
      Date then = Date.from(now.plus(RENEW_BEFORE));
      X509Certificate server = PemFiles.certificates(certificate)[0];
      X509Certificate authority = PemFiles.certificates(ca)[0];
      server.checkValidity(then);
      authority.checkValidity(then);
      server.verify(authority.getPublicKey());
      return true;
    } catch (GeneralSecurityException | IOException e) {
      return false;
    }
  }

  private void make(String hostName, Instant now, SecureRandom random)
      throws GeneralSecurityException, IOException {
    try {
      KeyPair authorityKeys = keyPair(random);
      KeyPair serverKeys = keyPair(random);
      X509CertificateHolder authority = authority(authorityKeys, now, random);
      X509CertificateHolder server = server(serverKeys, authorityKeys, hostName, now, random);
      PrivateFiles.write(key, pem(new JcaPKCS8Generator(serverKeys.getPrivate(), null)));
      PrivateFiles.write(certificate, pem(server));
      PrivateFiles.write(ca, pem(authority));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException("this Java platform can't sign certificates", e);
    }
  }

  private static KeyPair keyPair(SecureRandom random) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), random);
    return generator.generateKeyPair();
  }

  private static X509CertificateHolder authority(KeyPair keys, Instant now, SecureRandom random)
      throws GeneralSecurityException, IOException, OperatorCreationException {
    return builder(CA_NAME, keys, now, random)
        .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
        .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign))
        .addExtension(
            Extension.subjectKeyIdentifier,
            false,
            new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()))
        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()));
  }

  private static X509CertificateHolder server(
      KeyPair keys, KeyPair authority, String hostName, Instant now, SecureRandom random)
      throws GeneralSecurityException, IOException, OperatorCreationException {
    return builder(SERVER_NAME, keys, now, random)
        .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
        .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
        .addExtension(
            Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
        .addExtension(
            Extension.authorityKeyIdentifier,
            false,
            new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(authority.getPublic()))
        .addExtension(Extension.subjectAlternativeName, false, names(hostName))
        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(authority.getPrivate()));
  }

  private static JcaX509v3CertificateBuilder builder(
      X500Name subject, KeyPair keys, Instant now, SecureRandom random) {
    return new JcaX509v3CertificateBuilder(
        CA_NAME,
        new BigInteger(127, random),
        // Clocks of virtual machines on one host differ a little.
        Date.from(now.minus(Duration.ofHours(1))),
        Date.from(now.plus(LIFE)),
        subject,
        keys.getPublic());
  }

  private static GeneralNames names(String hostName) {
    List<GeneralName> names = new ArrayList<>();
    names.add(new GeneralName(GeneralName.dNSName, "localhost"));
    names.add(new GeneralName(GeneralName.iPAddress, "127.0.0.1"));
    names.add(new GeneralName(GeneralName.iPAddress, "::1"));
    if (hostName.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,62})") && !hostName.equals("localhost")) {
      names.add(new GeneralName(GeneralName.dNSName, hostName));
    }
    return new GeneralNames(names.toArray(GeneralName[]::new));
  }

  private static String pem(Object part) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(part);
    }
    return text.toString();
  }
}
