// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tls;

import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.remora.server.files.FileStamp;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS 1.3 with certificates that can be replaced while the server runs: new connections get the new
 * ones, old connections live on. {@link #poll} is called about every second by one thread;
 * handshakes run on event loops.
 */
public final class ServerTls {
  private static final Logger log = LoggerFactory.getLogger(ServerTls.class);

  private final Path certificateFile;
  private final Path keyFile;
  private final @Nullable Path clientCaFile;
  private final AdvancedTlsX509KeyManager identity = new AdvancedTlsX509KeyManager();
  private final @Nullable AdvancedTlsX509TrustManager clients;
  private List<Optional<FileStamp>> seen;

  /**
   * Reads the certificates.
   *
   * @param clientCaFile authorities of clients' certificates, which are required then; null: none
   * @throws GeneralSecurityException if the files don't hold what they should
   */
  public ServerTls(Path certificateFile, Path keyFile, @Nullable Path clientCaFile)
      throws GeneralSecurityException, IOException {
    this.certificateFile = certificateFile;
    this.keyFile = keyFile;
    this.clientCaFile = clientCaFile;
    // Only the chain counts: clients are told apart by token, not by host name.
    clients =
        clientCaFile == null
            ? null
            : AdvancedTlsX509TrustManager.newBuilder()
                .setVerification(
                    AdvancedTlsX509TrustManager.Verification.CERTIFICATE_ONLY_VERIFICATION)
                .build();
    seen = stamps();
    load();
  }

  /** Who provides TLS: OpenSSL by netty-tcnative where its library fits this machine. */
  public static String provider() {
    return OpenSsl.isAvailable() ? OpenSsl.versionString() : "the Java platform";
  }

  /** What the transport needs. */
  public SslContext context() throws IOException {
    return GrpcSslContexts.configure(builder(), sslProvider()).protocols("TLSv1.3").build();
  }

  /** The same for browsers. */
  public SslContext webContext() throws IOException {
    return builder().sslProvider(sslProvider()).protocols("TLSv1.3").build();
  }

  private SslContextBuilder builder() {
    SslContextBuilder builder = SslContextBuilder.forServer(identity);
    if (clients != null) {
      builder.trustManager(clients).clientAuth(ClientAuth.REQUIRE);
    }
    return builder;
  }

  private static SslProvider sslProvider() {
    return OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
  }

  /** Reads files that have changed; what can't be used is reported and changes nothing. */
  public void poll() {
    List<Optional<FileStamp>> now = stamps();
    if (now.equals(seen)) {
      return;
    }
    seen = now;
    try {
      load();
      log.info("Read a new certificate from {}; new connections get it", certificateFile);
    } catch (GeneralSecurityException | IOException e) {
      log.error(
          "The changed certificate files were refused, the old ones stay: {}", e.getMessage());
    }
  }

  private void load() throws GeneralSecurityException, IOException {
    X509Certificate[] chain = PemFiles.certificates(certificateFile);
    PrivateKey key = PemFiles.key(keyFile);
    requirePair(chain[0].getPublicKey(), key);
    chain[0].checkValidity();
    if (clients != null && clientCaFile != null) {
      clients.updateTrustCredentials(PemFiles.certificates(clientCaFile));
    }
    identity.updateIdentityCredentials(chain, key);
  }

  private List<Optional<FileStamp>> stamps() {
    return Stream.of(certificateFile, keyFile, clientCaFile == null ? keyFile : clientCaFile)
        .map(FileStamp::of)
        .toList();
  }

  /** Between the writing of the two files they don't fit; a handshake must not find that out. */
  private void requirePair(PublicKey publicKey, PrivateKey key) throws GeneralSecurityException {
    String algorithm =
        switch (publicKey.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> publicKey.getAlgorithm();
        };
    byte[] sample = {1, 2, 3};
    Signature signer = Signature.getInstance(algorithm);
    signer.initSign(key);
    signer.update(sample);
    byte[] signature = signer.sign();
    signer.initVerify(publicKey);
    signer.update(sample);
    if (!signer.verify(signature)) {
      throw new GeneralSecurityException(keyFile + " is not the key of " + certificateFile);
    }
  }
}
