// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a server listens.
 *
 * @param host a name or an address, without the brackets of IPv6
 * @param port 0 for one that the system chooses
 */
public record ListenAddress(String host, int port) {
  /** The port of a server for which none is given. */
  public static final int PORT_DEFAULT = 7443;

  /** What may be written, for messages. */
  public static final String FORMS = "HOST:PORT, like 127.0.0.1:7443, [::1]:7443 or 0.0.0.0:7443";

  private static final Pattern FORM =
      Pattern.compile("(?:\\[([0-9a-fA-F:.%]+)]|([^:\\[\\]\\s]+))(?::(\\d{1,5}))?");

  /** Reads an address; empty if the text isn't one. */
  public static Optional<ListenAddress> parse(String text) {
    return parse(text, PORT_DEFAULT);
  }

  /** As {@link #parse(String)}, with another port for a text that names none. */
  static Optional<ListenAddress> parse(String text, int portDefault) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String host = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
    int port = matcher.group(3) == null ? portDefault : Integer.parseInt(matcher.group(3));
    return port <= 65_535 ? Optional.of(new ListenAddress(host, port)) : Optional.empty();
  }

  /**
   * Looks the host up.
   *
   * @throws UnknownHostException if there is no such host
   */
  public InetSocketAddress resolve() throws UnknownHostException {
    return new InetSocketAddress(InetAddress.getByName(host), port);
  }

  /** True if only programs on this machine can connect. A host that can't be looked up isn't. */
  public boolean isLoopback() {
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        if (!address.isLoopbackAddress()) {
          return false;
        }
      }
      return true;
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** This address with the port that the system has chosen. */
  public ListenAddress withPort(int chosen) {
    return new ListenAddress(host, chosen);
  }

  @Override
  public String toString() {
    return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
  }
}
