// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.doctor;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Whether the server's certificate is one that the client believes, and for how long. */
public final class TlsCheck implements Check {
  private static final int MILLIS_MAX = 5000;
  private static final Duration EXPIRES_SOON = Duration.ofDays(14);

  private final String host;
  private final int port;
  private final @Nullable Path caFile;
  private final Instant now;

  /**
   * @param caFile certificates to trust; null for the JVM's
   */
  public TlsCheck(String host, int port, @Nullable Path caFile, Instant now) {
    this.host = host;
    this.port = port;
    this.caFile = caFile;
    this.now = now;
  }

  @Override
  public List<Finding> look() {
    SSLContext context;
    try {
      context = context();
    } catch (GeneralSecurityException | IOException e) {
      return List.of(
          Finding.bad(
              "CA file",
              caFile + " can't be used: " + e.getMessage(),
              "It must hold certificates in PEM form."));
    }
    try (Socket plain = new Socket()) {
      plain.connect(new InetSocketAddress(host, port), MILLIS_MAX);
      plain.setSoTimeout(MILLIS_MAX);
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, true)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setApplicationProtocols(new String[] {"h2"});
        parameters.setProtocols(new String[] {"TLSv1.3"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return List.of(handshake(socket.getSession()), lifetime(socket.getSession()));
      }
    } catch (IOException e) {
      return List.of(failure(e));
    }
  }

  private SSLContext context() throws GeneralSecurityException, IOException {
    SSLContext context = SSLContext.getInstance("TLS");
    if (caFile == null) {
      context.init(null, null, null);
      return context;
    }
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    int count = 0;
    for (Certificate certificate : certificates(caFile)) {
      trusted.setCertificateEntry("ca" + count++, certificate);
    }
    if (count == 0) {
      throw new CertificateException("there is no certificate in it");
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  private static Collection<? extends Certificate> certificates(Path file)
      throws CertificateException, IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in);
    }
  }

  private Finding handshake(SSLSession session) {
    return Finding.good(
        "TLS",
        session.getProtocol()
            + ", "
            + session.getCipherSuite()
            + ", certificate trusted by "
            + (caFile == null ? "the JVM's authorities" : caFile));
  }

  private Finding lifetime(SSLSession session) throws SSLException {
    X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
    Instant end = certificate.getNotAfter().toInstant();
    long days = Duration.between(now, end).toDays();
    String text = "valid until " + end.toString().substring(0, 10) + " (" + days + " days)";
    return days < EXPIRES_SOON.toDays()
        ? Finding.warning("Certificate", text, "Ask the server's operator to renew it.")
        : Finding.good("Certificate", text);
  }

  private Finding failure(IOException failure) {
    String message = String.valueOf(failure.getMessage());
    String lower = message.toLowerCase(Locale.ROOT);
    if (lower.contains("subject alternative") || lower.contains("no name matching")) {
      return Finding.bad(
          "TLS",
          "the certificate doesn't name '" + host + "'",
          "Use a name that is in the certificate, or have it made for this name.");
    }
    if (lower.contains("expired") || lower.contains("validity check failed")) {
      return Finding.bad(
          "TLS", "the certificate has expired", "Ask the server's operator to renew it.");
    }
    if (lower.contains("certification path") || lower.contains("trust anchor")) {
      return Finding.bad(
          "TLS",
          "the certificate is signed by nobody that "
              + (caFile == null ? "Java" : caFile)
              + " knows",
          "Name the server's CA file with --ca FILE or REMORA_CA; a server that made its own"
              + " certificate has it in its state folder.");
    }
    if (lower.contains("certificate_required") || lower.contains("bad_certificate")) {
      return Finding.bad(
          "TLS",
          "the server wants a client certificate",
          "Give --client-certificate and --client-key.");
    }
    if (failure instanceof SocketTimeoutException
        || failure instanceof EOFException
        || failure instanceof SocketException
        || lower.contains("unrecognized ssl message")
        || lower.contains("terminated the handshake")) {
      return Finding.bad(
          "TLS",
          "the server doesn't speak TLS 1.3 (" + message + ")",
          "If it runs without TLS on this machine, use --tls off or REMORA_TLS=off.");
    }
    return Finding.bad("TLS", message, "Compare the server's log.");
  }
}
