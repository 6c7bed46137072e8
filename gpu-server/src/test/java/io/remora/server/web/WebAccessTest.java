// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.config.ListenAddress;
import io.remora.server.tenant.TenantRegistry;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class WebAccessTest {
  private static WebAccess access(boolean open, String host) {
    return new WebAccess(
        open,
        new TenantRegistry(List.of(), 0, Clock.systemUTC()),
        Set.of(),
        new ListenAddress(host, 1));
  }

  @Test
  void onLoopbackOnlyItsOwnNamesAreMeant() {
    WebAccess access = access(true, "127.0.0.1");
    for (String host :
        List.of("127.0.0.1:7444", "localhost:1", "LOCALHOST", "[::1]:7444", "[::1]")) {
      assertThat(access.means(host)).as(host).isTrue();
    }
    for (String host : List.of("evil.example:7444", "127.0.0.1.evil.example", "", "[::2]:1")) {
      assertThat(access.means(host)).as(host).isFalse();
    }
    assertThat(access.means(null)).isFalse();
    assertThat(access(false, "0.0.0.0").means("gpu.example.org")).isTrue();
  }

  @Test
  void withoutATokenAPageThatIsNotOpenShowsNothing() {
    WebAccess closed = access(false, "127.0.0.1");
    assertThat(closed.decide(null).viewer()).isNull();
    assertThat(closed.decide(null).refusal()).contains("no token was sent");
    assertThat(closed.decide("Basic abc").viewer()).isNull();
    assertThat(closed.decide("Bearer nonsense").refusal()).contains("not a complete token");
    assertThat(access(true, "127.0.0.1").decide(null).viewer()).isNotNull();
  }
}
