// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ClientSettingsTest {
  @TempDir private Path folder;
  private final Map<String, String> environment = new HashMap<>();
  private final Map<SettingKey, String> flags = new HashMap<>();

  @BeforeEach
  void makeFolders() throws IOException {
    Files.createDirectories(folder.resolve("work"));
    Files.createDirectories(folder.resolve("home/.config/remora"));
    Files.createDirectories(folder.resolve("home/.local/state/remora"));
  }

  private ClientSettings settings() {
    return ClientSettings.of(
        flags, new Surroundings(environment, folder.resolve("work"), folder.resolve("home")));
  }

  private Path write(String file, String text) throws IOException {
    return Files.writeString(folder.resolve(file), text);
  }

  private static <T> T value(@Nullable Found<T> found) {
    assertThat(found).isNotNull();
    return Objects.requireNonNull(found).value();
  }

  private void localServer() throws IOException {
    write("home/.local/state/remora/ca.pem", "certificate");
    write(
        "home/.local/state/remora/local.yaml",
        "server: localhost:7443\ntoken: rmr_local\nca: ca.pem\n");
  }

  @Test
  void eachPlaceGivesWayToTheOneBeforeIt() throws IOException {
    write("home/.config/remora/remora.yaml", "server: user:1\n");
    assertThat(settings().server().value()).isEqualTo("user:1");
    write("work/remora.yaml", "server: directory:2\n");
    assertThat(settings().server().value()).isEqualTo("directory:2");
    environment.put("REMORA_SERVER", "environment:3");
    assertThat(settings().server()).isEqualTo(new Found<>("environment:3", "REMORA_SERVER"));
    flags.put(SettingKey.SERVER, "flag:4");
    assertThat(settings().server()).isEqualTo(new Found<>("flag:4", "--server"));
  }

  @Test
  void eachSettingIsSearchedByItself() throws IOException {
    write("home/.config/remora/remora.yaml", "server: user:1\ntoken: rmr_user\ntls: off\n");
    environment.put("REMORA_SERVER", "environment:3");
    ClientSettings settings = settings();
    assertThat(settings.server().value()).isEqualTo("environment:3");
    assertThat(value(settings.token())).isEqualTo("rmr_user");
    assertThat(settings.token())
        .isEqualTo(
            new Found<>(
                "rmr_user", "token in " + folder.resolve("home/.config/remora/remora.yaml")));
    assertThat(settings.tls().value()).isEqualTo(TlsMode.OFF);
    assertThat(settings.read()).containsExactly(folder.resolve("home/.config/remora/remora.yaml"));
  }

  @Test
  void withoutAnyServerTheMessageNamesTheWays() {
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .withMessageContaining("--server")
        .withMessageContaining("REMORA_SERVER")
        .withMessageContaining(folder.resolve("home/.config/remora/remora.yaml").toString());
  }

  @Test
  void pathsBeginWhereTheyAreWritten() throws IOException {
    write("home/.config/remora/ca.pem", "certificate");
    write("home/secret", "rmr_home\n");
    write("work/mine.pem", "certificate");
    write("home/.config/remora/remora.yaml", "server: user\nca: ca.pem\ntoken_file: ~/secret\n");
    ClientSettings settings = settings();
    assertThat(value(settings.ca())).isEqualTo(folder.resolve("home/.config/remora/ca.pem"));
    assertThat(value(settings.token())).isEqualTo("rmr_home");
    environment.put("REMORA_CA", "mine.pem");
    settings = settings();
    assertThat(value(settings.ca())).isEqualTo(folder.resolve("work/mine.pem"));
  }

  @Test
  void aTokenOfAHigherPlaceHidesATokenFileBelowIt() throws IOException {
    write("home/.config/remora/remora.yaml", "server: user\ntoken_file: missing\n");
    environment.put("REMORA_TOKEN", "rmr_environment");
    assertThat(settings().token()).isEqualTo(new Found<>("rmr_environment", "REMORA_TOKEN"));
  }

  @Test
  void twoTokensInOnePlaceAreRefused() {
    environment.put("REMORA_SERVER", "host");
    environment.put("REMORA_TOKEN", "rmr_x");
    environment.put("REMORA_TOKEN_FILE", "y");
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .withMessageContaining("REMORA_TOKEN and REMORA_TOKEN_FILE");
  }

  @Test
  void filesThatAreMissingOrNotATokenAreRefusedWithTheirOrigin() throws IOException {
    environment.put("REMORA_SERVER", "host");
    environment.put("REMORA_TOKEN_FILE", "none");
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .withMessage("REMORA_TOKEN_FILE: there is no file " + folder.resolve("work/none"));
    write("work/none", "two\nlines\n");
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .withMessageContaining("must hold one token and nothing else");
  }

  @Test
  void anUnknownKeyIsRefusedWithItsLineAndTheAllowedKeys() throws IOException {
    write("work/remora.yaml", "server: host\ntokenfil: x\n");
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .withMessageContaining("remora.yaml:2")
        .withMessageContaining("token_file");
  }

  @Test
  void tlsIsOnUnlessItIsSaidToBeOff() {
    environment.put("REMORA_SERVER", "host");
    assertThat(settings().tls()).isEqualTo(new Found<>(TlsMode.ON, "default"));
    environment.put("REMORA_TLS", "OFF");
    assertThat(settings().tls()).isEqualTo(new Found<>(TlsMode.OFF, "REMORA_TLS"));
    environment.put("REMORA_TLS", "maybe");
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .withMessage("REMORA_TLS: TLS is 'on' or 'off', not 'maybe'");
  }

  @Test
  void aServerOnThisMachineIsFoundWithoutConfiguration() throws IOException {
    localServer();
    ClientSettings settings = settings();
    assertThat(settings.server().value()).isEqualTo("localhost:7443");
    assertThat(value(settings.token())).isEqualTo("rmr_local");
    assertThat(value(settings.ca())).isEqualTo(folder.resolve("home/.local/state/remora/ca.pem"));
  }

  @Test
  void localCredentialsAreNeverSentToAnotherServer() throws IOException {
    localServer();
    environment.put("REMORA_SERVER", "elsewhere:7443");
    assertThat(settings().token()).isNull();
    assertThat(settings().ca()).isNull();
    environment.put("REMORA_SERVER", "localhost:7443");
    assertThat(settings().token()).isNotNull();
  }

  @Test
  void emptyVariablesAreUnset() throws IOException {
    environment.put("REMORA_SERVER", "");
    write("work/remora.yaml", "server: directory:2\n");
    assertThat(settings().server().value()).isEqualTo("directory:2");
  }

  @Test
  void theTokenIsNotPartOfTheText() {
    environment.put("REMORA_SERVER", "host");
    environment.put("REMORA_TOKEN", "rmr_secret");
    assertThat(settings().toString()).doesNotContain("rmr_secret").contains("REMORA_TOKEN");
  }

  @Test
  void absenceOfAServerIsNoMistakeForThoseWhoCanHelpThemselves() {
    Surroundings around =
        new Surroundings(environment, folder.resolve("work"), folder.resolve("home"));
    assertThat(ClientSettings.find(flags, around)).isEmpty();
  }

  @Test
  void serverThatNobodyConfiguredIsKnownAsSuch() throws IOException {
    localServer();
    assertThat(settings().onlyLocal()).isTrue();
    environment.put("REMORA_SERVER", "localhost:7443");
    assertThat(settings().onlyLocal()).isFalse();
  }

  @Test
  void resumeIsOnUnlessAPlaceSaysOtherwise() {
    environment.put("REMORA_SERVER", "a");
    assertThat(settings().resume().value()).isEqualTo(ResumeMode.ON);
    environment.put("REMORA_RESUME", "OFF");
    assertThat(settings().resume().value()).isEqualTo(ResumeMode.OFF);
    environment.put("REMORA_RESUME", "maybe");
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .withMessageContaining("REMORA_RESUME: resume is 'on' or 'off'");
  }

  @Test
  void environmentForAProgramHasFilesByTheirWholePath() throws IOException {
    write("home/.config/remora/remora.yaml", "server: user:1\ntoken_file: t\nruntime_key: ~/k\n");
    write("home/.config/remora/t", "rmr_file\n");
    write("home/k", "key");
    assertThat(settings().environment())
        .isEqualTo(
            Map.of(
                "REMORA_SERVER",
                "user:1",
                "REMORA_TOKEN_FILE",
                folder.resolve("home/.config/remora/t").toString(),
                "REMORA_TLS",
                "on",
                "REMORA_RESUME",
                "on",
                "REMORA_RUNTIME_KEY_FILE",
                folder.resolve("home/k").toString()));
    environment.put("REMORA_TOKEN", "rmr_environment");
    assertThat(settings().environment())
        .containsEntry("REMORA_TOKEN", "rmr_environment")
        .doesNotContainKey("REMORA_TOKEN_FILE");
  }
}
