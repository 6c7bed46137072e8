// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tls;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;

/** Reads certificates and keys from PEM files of any common kind. */
final class PemFiles {
  private PemFiles() {}

  /** All certificates of a file, at least one. */
  static X509Certificate[] certificates(Path file) throws GeneralSecurityException, IOException {
    JcaX509CertificateConverter converter = new JcaX509CertificateConverter();
    List<X509Certificate> found = new ArrayList<>();
    for (Object part : parts(file)) {
      if (part instanceof X509CertificateHolder certificate) {
        found.add(converter.getCertificate(certificate));
      }
    }
    if (found.isEmpty()) {
      throw new CertificateException(file + " holds no certificate in PEM form");
    }
    return found.toArray(X509Certificate[]::new);
  }

  /** The first private key of a file: PKCS #8, or the older forms of RSA and EC keys. */
  static PrivateKey key(Path file) throws GeneralSecurityException, IOException {
    JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
    for (Object part : parts(file)) {
      if (part instanceof PrivateKeyInfo key) {
        return converter.getPrivateKey(key);
      }
      if (part instanceof PEMKeyPair pair) {
        return converter.getKeyPair(pair).getPrivate();
      }
      if (part instanceof PKCS8EncryptedPrivateKeyInfo || part instanceof PEMEncryptedKeyPair) {
        throw new GeneralSecurityException(
            file
                + " is protected by a passphrase, which a server can't type: remove it with"
                + " `openssl pkey -in KEY -out NEWKEY`");
      }
    }
    throw new GeneralSecurityException(file + " holds no private key in PEM form");
  }

  private static List<Object> parts(Path file) throws IOException {
    List<Object> parts = new ArrayList<>();
    try (Reader text = Files.newBufferedReader(file);
        PEMParser parser = new PEMParser(text)) {
      for (Object part = parser.readObject(); part != null; part = parser.readObject()) {
        parts.add(part);
      }
    } catch (RuntimeException e) {
      throw new IOException(file + " is not a PEM file", e);
    }
    return parts;
  }
}
