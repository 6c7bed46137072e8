// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tls;

import io.grpc.util.CertificateUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/**
 * Reads certificates and keys from PEM files of any common kind. What Java itself can read it does:
 * the library that knows the older forms of keys comes in signed jars, and checking their
 * signatures takes a quarter of a server's start.
 */
final class PemFiles {
  /** One part: its label, and all of it. */
  private static final Pattern PART =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \\1-----", Pattern.DOTALL);

  private PemFiles() {}

  /** All certificates of a file, at least one. */
  static X509Certificate[] certificates(Path file) throws GeneralSecurityException, IOException {
    String found =
        parts(file)
            .filter(part -> part.group(1).matches("(X509 )?CERTIFICATE"))
            .map(MatchResult::group)
            .collect(Collectors.joining("\n"));
    if (found.isEmpty()) {
      throw new CertificateException(file + " holds no certificate in PEM form");
    }
    return CertificateFactory.getInstance("X.509").generateCertificates(stream(found)).stream()
        .map(X509Certificate.class::cast)
        .toArray(X509Certificate[]::new);
  }

  /** The first private key of a file: PKCS #8, or the older forms of RSA and EC keys. */
  static PrivateKey key(Path file) throws GeneralSecurityException, IOException {
    MatchResult part =
        parts(file)
            .filter(each -> each.group(1).endsWith("PRIVATE KEY"))
            .findFirst()
            .orElseThrow(
                () -> new GeneralSecurityException(file + " holds no private key in PEM form"));
    String text = part.group();
    if (part.group(1).startsWith("ENCRYPTED") || text.contains("ENCRYPTED\n")) {
      throw new GeneralSecurityException(
          file
              + " is protected by a passphrase, which a server can't type: remove it with"
              + " `openssl pkey -in KEY -out NEWKEY`");
    }
    if (part.group(1).equals("PRIVATE KEY")) {
      try {
        return CertificateUtils.getPrivateKey(stream(text));
      } catch (InvalidKeySpecException neitherRsaNorEc) {
        return rarerKey(file, text);
      }
    }
    return rarerKey(file, text);
  }

  private static PrivateKey rarerKey(Path file, String text)
      throws GeneralSecurityException, IOException {
    var converter = new JcaPEMKeyConverter();
    try (PEMParser parser = new PEMParser(new StringReader(text))) {
      Object key = parser.readObject();
      if (key instanceof PEMKeyPair pair) {
        // An EC key may come without its public part.
        return converter.getPrivateKey(pair.getPrivateKeyInfo());
      }
      if (key instanceof PrivateKeyInfo info) {
        return converter.getPrivateKey(info);
      }
    } catch (RuntimeException e) {
      throw new IOException(file + " is not a PEM file", e);
    }
    throw new GeneralSecurityException(file + " holds no private key of a kind that is known");
  }

  private static Stream<MatchResult> parts(Path file) throws IOException {
    return PART.matcher(Files.readString(file)).results();
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }
}
