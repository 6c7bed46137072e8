// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ElsewhereTest {
  private final Elsewhere elsewhere = new Elsewhere(List.of("a:1", "b:1", "c:1"));

  @Test
  void aServerThatIsGoneForAMomentIsTriedAloneAtFirst() {
    elsewhere.begin(5);
    elsewhere.ownFailed("a:1", false, 5 + Elsewhere.AGAIN_NANOS - 1);
    assertThat(elsewhere.isAsking()).isFalse();
    elsewhere.ownFailed("a:1", false, 5 + Elsewhere.AGAIN_NANOS);
    assertThat(elsewhere.isAsking()).isTrue();
    assertThat(elsewhere.next()).isEqualTo("b:1");
    elsewhere.failed(true);
    assertThat(elsewhere.next()).isEqualTo("c:1");
    elsewhere.failed(true);
    assertThat(elsewhere.next()).isNull();
    assertThat(elsewhere.end()).isEqualTo("a:1");
    assertThat(elsewhere.isAsking()).isFalse();
    assertThat(elsewhere.allRefused()).as("its own may have it").isFalse();
    elsewhere.ownFailed("a:1", false, 5 + 2 * Elsewhere.AGAIN_NANOS - 1);
    assertThat(elsewhere.isAsking()).isFalse();
  }

  @Test
  void whereTheOwnServerHasNoSessionTheOthersAreAskedAtOnce() {
    elsewhere.begin(5);
    elsewhere.ownFailed("a:1", true, 6);
    assertThat(elsewhere.isAsking()).isTrue();
    elsewhere.failed(true);
    assertThat(elsewhere.allRefused()).isTrue();
    elsewhere.failed(false);
    assertThat(elsewhere.allRefused()).as("one of them couldn't be asked").isFalse();
    elsewhere.begin(7);
    assertThat(elsewhere.isAsking()).as("the session has gone on").isFalse();
    assertThat(elsewhere.next()).isNull();
  }

  @Test
  void aUserWhoNamesOneServerHasNoOthers() {
    Elsewhere none = new Elsewhere(List.of("a:1"));
    none.begin(5);
    none.ownFailed("a:1", true, 6);
    assertThat(none.isAsking()).isFalse();
  }
}
