// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * A YAML file whose top level is a mapping. Reading goes through a function that takes the keys it
 * knows from the top {@link ConfigSection} and makes a record of them; when it returns, keys that
 * nobody took are mistakes too, and if there was any mistake, all of them are thrown together.
 *
 * <pre>{@code
 * Settings settings = ConfigFile.read(path, top -> new Settings(
 *     top.text("server", "127.0.0.1:7443"),
 *     top.section("tls").flag("enabled", true)));
 * }</pre>
 */
public final class ConfigFile {
  private static final int BYTES_MAX = 1 << 20;
  private static final int DEPTH_MAX = 16;

  private ConfigFile() {}

  /**
   * Reads a file.
   *
   * @param reader takes every key that may occur; after a mistake it gets the default value
   * @throws ConfigException with every mistake, or if the file can't be read
   */
  public static <T> T read(Path file, Function<ConfigSection, T> reader) {
    return parse(file.toString(), contents(file), reader);
  }

  /**
   * Reads a text.
   *
   * @param name what to call it in messages
   */
  public static <T> T parse(String name, String text, Function<ConfigSection, T> reader) {
    Problems problems = new Problems(name);
    ConfigSection top = new ConfigSection("", compose(name, text), Optional.empty(), problems);
    T result = reader.apply(top);
    top.reportUnknownKeys();
    if (!problems.isEmpty()) {
      throw problems.toException();
    }
    return result;
  }

  /** Every key that a reader takes, with the keys of its sections as {@code section.key}. */
  public static List<String> keys(Function<ConfigSection, ?> reader) {
    ConfigSection top =
        new ConfigSection("", Optional.empty(), Optional.empty(), new Problems("no file"));
    Object unused = reader.apply(top);
    return top.takenKeys();
  }

  private static String contents(Path file) {
    try {
      if (Files.size(file) > BYTES_MAX) {
        throw refused(file.toString(), "is larger than 1 MiB, which no configuration needs");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw refused(file.toString(), "there is no such file");
    } catch (CharacterCodingException e) {
      throw refused(file.toString(), "is not UTF-8 text");
    } catch (IOException e) {
      throw refused(file.toString(), "can't be read: " + e);
    }
  }

  private static Optional<MappingNode> compose(String name, String text) {
    Optional<Node> top;
    try {
      LoadSettings settings = LoadSettings.builder().setLabel(name).build();
      top = new Compose(settings).composeString(text);
    } catch (MarkedYamlEngineException e) {
      Problems problems = new Problems(name);
      problems.add(e.getProblemMark(), "is not YAML: " + e.getProblem());
      throw problems.toException();
    } catch (YamlEngineException e) {
      throw refused(name, "is not YAML: " + e.getMessage());
    }
    if (top.isEmpty() || isBlank(top.get())) {
      return Optional.empty();
    }
    Problems problems = new Problems(name);
    YamlShape.check(top.get(), DEPTH_MAX, problems);
    if (problems.isEmpty() && !(top.get() instanceof MappingNode)) {
      problems.add(top.get(), "the top level must be keys with values, like 'key: value'");
    }
    if (!problems.isEmpty()) {
      throw problems.toException();
    }
    return top.map(MappingNode.class::cast);
  }

  /** A file with nothing but a document mark. */
  private static boolean isBlank(Node top) {
    return top instanceof ScalarNode scalar && scalar.isPlain() && scalar.getValue().isEmpty();
  }

  private static ConfigException refused(String name, String why) {
    return new ConfigException(List.of(name + ": " + why));
  }
}
