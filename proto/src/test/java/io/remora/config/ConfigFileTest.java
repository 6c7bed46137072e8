// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigFileTest {
  private enum Mode {
    FAST,
    VERY_SAFE
  }

  private record Inner(String name, List<Integer> numbers) {}

  private record Settings(
      String host,
      int port,
      Mode mode,
      boolean on,
      Optional<Long> memory,
      Duration pause,
      Optional<Instant> until,
      String certificate,
      List<String> words,
      List<Inner> items) {}

  private static Settings settings(ConfigSection top) {
    return new Settings(
        top.text("host", "localhost"),
        top.integer("port", 0, 65_535, 7443),
        top.choice("mode", Mode.FAST),
        top.flag("on", true),
        top.bytes("memory"),
        top.duration("pause", Duration.ofSeconds(5)),
        top.instant("until"),
        top.section("tls").text("certificate", "none"),
        top.texts("words"),
        top.sections(
            "items", item -> new Inner(item.requiredText("name"), item.integers("numbers", 0, 9))));
  }

  private static Settings parse(String text) {
    return ConfigFile.parse("f.yaml", text, ConfigFileTest::settings);
  }

  private static List<String> problems(String text) {
    ConfigException refused = catchThrowableOfType(ConfigException.class, () -> parse(text));
    assertThat(refused).as("refusal of %s", text).isNotNull();
    return refused.problems();
  }

  @Test
  void everyKindOfValueIsRead() {
    Settings read =
        parse(
            """
            host: example.org
            port: 1
            mode: very-safe
            on: false
            memory: 4GiB
            pause: 250ms
            until: 2027-01-31
            tls:
              certificate: "a b"
            words: [x, y]
            items:
              - name: one
                numbers: [1, 2]
              - {name: two}
            """);
    assertThat(read)
        .isEqualTo(
            new Settings(
                "example.org",
                1,
                Mode.VERY_SAFE,
                false,
                Optional.of(4L << 30),
                Duration.ofMillis(250),
                Optional.of(Instant.parse("2027-01-31T00:00:00Z")),
                "a b",
                List.of("x", "y"),
                List.of(new Inner("one", List.of(1, 2)), new Inner("two", List.of()))));
  }

  @Test
  void anEmptyFileIsAllDefaults() {
    for (String text : List.of("", "# nothing\n", "---\n")) {
      assertThat(parse(text).port()).isEqualTo(7443);
    }
  }

  @Test
  void allMistakesAreReportedAtTheirPlaces() {
    assertThat(
            problems(
                """
                prot: 1
                port: 70000
                mode: vary-safe
                on: yes
                memory: 4 bananas
                pause: 5
                tls:
                  certificat: x
                items:
                  - numbers: [1, 12]
                  - nothing
                """))
        .containsExactly(
            "f.yaml:1:1: unknown key 'prot'; allowed: host, port, mode, on, memory, pause, until,"
                + " tls, words, items; did you mean 'port'?",
            "f.yaml:2:7: 'port' must be a whole number from 0 to 65535, not '70000'",
            "f.yaml:3:7: 'mode' must be one of fast, very-safe; did you mean 'very-safe'?",
            "f.yaml:4:5: 'on' must be true or false, not 'yes'",
            "f.yaml:5:9: 'memory' must be a size like 4GiB, 512MiB or 1.5GB, or a number of bytes,"
                + " not '4 bananas'",
            "f.yaml:6:8: 'pause' must be a time like 500ms, 10s, 5m, 24h or 30d, not '5'",
            "f.yaml:8:3: unknown key 'certificat' in 'tls'; allowed: certificate; did you mean"
                + " 'certificate'?",
            "f.yaml:10:5: 'items.name' is missing",
            "f.yaml:10:18: 'items.numbers' must be whole numbers from 0 to 9",
            "f.yaml:11:5: 'items' must be keys with values, like 'key: value'");
  }

  @Test
  void brokenYamlIsRefusedWithItsPlace() {
    assertThat(problems("host: [a\nport: 1\n").get(0)).startsWith("f.yaml:2:").contains("YAML");
    assertThat(problems("- a\n- b\n").get(0)).startsWith("f.yaml:1:1: the top level");
    assertThat(problems("port: 1\nport: 2\n"))
        .containsExactly("f.yaml:2:1: the key 'port' is given twice");
    assertThat(problems("host:\n").get(0)).contains("'host' has no value");
    assertThat(problems("host: {a: 1}\n").get(0)).contains("must be a single value");
    assertThat(problems("tls: 3\n").get(0)).contains("'tls' must be keys with values");
  }

  @Test
  void anchorsThatWouldMakeAFileEndlessAreRefused() {
    assertThat(problems("words: &a [*a]\n").get(0)).contains("anchors and aliases");
    assertThat(problems("tls: " + "{a: ".repeat(40) + "1" + "}".repeat(40)).get(0))
        .contains("nested too deeply");
  }

  @Test
  void keysAreListedWithThoseOfSections() {
    assertThat(ConfigFile.keys(ConfigFileTest::settings))
        .containsExactly(
            "host",
            "port",
            "mode",
            "on",
            "memory",
            "pause",
            "until",
            "tls",
            "tls.certificate",
            "words",
            "items",
            "items.name",
            "items.numbers");
  }

  @Test
  void filesThatCannotBeReadSaySo(@TempDir Path folder) throws Exception {
    Path absent = folder.resolve("absent.yaml");
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class, () -> ConfigFile.read(absent, ConfigFileTest::settings));
    assertThat(refused).hasMessage(absent + ": there is no such file");
    Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xff, 0, 1});
    refused =
        catchThrowableOfType(
            ConfigException.class, () -> ConfigFile.read(binary, ConfigFileTest::settings));
    assertThat(refused).hasMessageContaining("is not UTF-8 text");
  }

  @Test
  void sizesAreReadAndWritten() {
    assertThat(ByteSize.parse("0")).contains(0L);
    assertThat(ByteSize.parse("12B")).contains(12L);
    assertThat(ByteSize.parse("4g")).contains(4L << 30);
    assertThat(ByteSize.parse("4GB")).contains(4_000_000_000L);
    assertThat(ByteSize.parse("1.5 KiB")).contains(1536L);
    assertThat(ByteSize.parse("9223372036854775807")).contains(Long.MAX_VALUE);
    for (String wrong : List.of("", "x", "-1", "1.5", "4 i", "9999PiB", "1e3", "4GiBs")) {
      assertThat(ByteSize.parse(wrong)).as(wrong).isEmpty();
    }
    for (long bytes : new long[] {0, 1, 1023, 1024, 1536, 4L << 30, (4L << 30) + 1, 1L << 62}) {
      assertThat(ByteSize.parse(ByteSize.format(bytes))).contains(bytes);
    }
    assertThat(ByteSize.format(4L << 30)).isEqualTo("4GiB");
  }
}
