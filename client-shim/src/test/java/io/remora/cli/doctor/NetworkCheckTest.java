// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.cli.doctor.Finding.Verdict;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NetworkCheckTest {
  @Test
  void aPortThatListensIsGood() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<Finding> findings = new NetworkCheck("localhost", socket.getLocalPort()).look();
      assertThat(findings).extracting(Finding::verdict).containsOnly(Verdict.GOOD);
    }
  }

  @Test
  void aPortThatNobodyListensOnIsBadAndSaysWhatToDo() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    List<Finding> findings = new NetworkCheck("127.0.0.1", port).look();
    assertThat(findings.get(1).verdict()).isEqualTo(Verdict.BAD);
    assertThat(findings.get(1).text()).contains("nothing listens").contains("" + port);
    assertThat(findings.get(1).remedy()).contains("remora server");
  }

  @Test
  void aNameThatDoesNotExistIsBad() {
    // RFC 2606 keeps this domain from ever existing.
    List<Finding> findings = new NetworkCheck("no-such-host.invalid", 7443).look();
    assertThat(findings).hasSize(1);
    assertThat(findings.get(0).isBad()).isTrue();
  }
}
