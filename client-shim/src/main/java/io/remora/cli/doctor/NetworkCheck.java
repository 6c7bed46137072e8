// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.doctor;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Whether the server's name can be resolved and its port be reached. */
public final class NetworkCheck implements Check {
  private static final int CONNECT_MILLIS_MAX = 5000;
  private static final int ADDRESSES_SHOWN_MAX = 4;

  private final String host;
  private final int port;

  /** Looks at one server. */
  public NetworkCheck(String host, int port) {
    this.host = host;
    this.port = port;
  }

  @Override
  public List<Finding> look() {
    InetAddress[] addresses;
    try {
      addresses = InetAddress.getAllByName(host);
    } catch (UnknownHostException e) {
      return List.of(
          Finding.bad(
              "Name",
              host + " can't be resolved",
              "Check the spelling of the server's name and this machine's DNS (getent hosts "
                  + host
                  + ")."));
    }
    return List.of(Finding.good("Name", host + " is " + list(addresses)), connect(addresses[0]));
  }

  private static String list(InetAddress[] addresses) {
    String shown =
        Arrays.stream(addresses)
            .limit(ADDRESSES_SHOWN_MAX)
            .map(InetAddress::getHostAddress)
            .collect(Collectors.joining(", "));
    return addresses.length > ADDRESSES_SHOWN_MAX ? shown + ", ..." : shown;
  }

  private Finding connect(InetAddress address) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, port), CONNECT_MILLIS_MAX);
      return Finding.good("Port", port + " accepts connections");
    } catch (SocketTimeoutException e) {
      return Finding.bad(
          "Port",
          port + " doesn't answer within " + CONNECT_MILLIS_MAX / 1000 + " s",
          "A firewall may drop packets to " + address.getHostAddress() + ":" + port + ".");
    } catch (ConnectException e) {
      return Finding.bad(
          "Port",
          "nothing listens on " + address.getHostAddress() + ":" + port,
          "Start a server there (remora server --listen HOST:PORT), or correct the port.");
    } catch (IOException e) {
      return Finding.bad("Port", port + " can't be reached: " + e.getMessage(), "Check the route.");
    }
  }
}
