// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class TokenTest {
  private final SecureRandom random = new SecureRandom();

  @Test
  void tokensHaveTheDocumentedFormAndAreReadBack() {
    Token token = Token.generate(random);
    assertThat(token.text()).matches("rmr_[0-9a-f]{16}_[0-9a-f]{64}[0-9a-f]{8}");
    Token read = Token.parse(token.text()).orElseThrow();
    assertThat(read.id()).isEqualTo(token.id()).isEqualTo(token.text().substring(4, 20));
    assertThat(read.sha256()).isEqualTo(token.sha256()).matches("[0-9a-f]{64}");
  }

  @Test
  void noTwoTokensAreAlike() {
    Set<String> secrets = new HashSet<>();
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      Token token = Token.generate(random);
      ids.add(token.id());
      secrets.add(token.text().substring(21, 85));
    }
    assertThat(ids).hasSize(1000);
    assertThat(secrets).hasSize(1000);
  }

  @Test
  void anyDamagedCharacterIsNoticed() {
    String text = Token.generate(random).text();
    for (int i = 0; i < text.length(); i++) {
      char other = text.charAt(i) == '0' ? '1' : '0';
      String damaged = text.substring(0, i) + other + text.substring(i + 1);
      assertThat(Token.parse(damaged)).as("character %s", i).isEmpty();
    }
    assertThat(Token.parse("")).isEmpty();
    assertThat(Token.parse(text + "0")).isEmpty();
    assertThat(Token.parse(text.substring(1))).isEmpty();
    assertThat(Token.parse(text.toUpperCase(java.util.Locale.ROOT))).isEmpty();
  }

  @Test
  void aTokenInAMessageGivesNothingAway() {
    Token token = Token.generate(random);
    assertThat(token.toString()).isEqualTo("rmr_" + token.id() + "_...");
  }

  @Test
  void onlyTheRightTokenMatchesItsEntry() {
    Token token = Token.generate(random);
    TokenEntry entry = TokenEntry.of(token, Instant.EPOCH);
    assertThat(entry.matches(token)).isTrue();
    assertThat(entry.matches(Token.generate(random))).isFalse();
    assertThat(entry.toString()).doesNotContain(token.text());
  }
}
