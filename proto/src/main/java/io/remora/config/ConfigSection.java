// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * A mapping of a YAML file. Each method takes one key; the keys that were taken are the keys that
 * are allowed. A wrong value is recorded as a mistake and answered with the default, so that one
 * pass finds all mistakes. A section that is absent behaves as an empty one.
 */
public final class ConfigSection {
  private final String path;
  private final Optional<Mark> place;
  private final boolean present;
  private final Problems problems;
  private final Map<String, NodeTuple> entries = new HashMap<>();

  /** Keys taken so far; the value is the section behind the key, if it is one. */
  private final Map<String, Optional<ConfigSection>> taken = new LinkedHashMap<>();

  ConfigSection(
      String path, Optional<MappingNode> mapping, Optional<Mark> place, Problems problems) {
    this.path = path;
    this.present = mapping.isPresent();
    this.place = place;
    this.problems = problems;
    mapping.ifPresent(
        node -> {
          for (NodeTuple tuple : node.getValue()) {
            entries.put(((ScalarNode) tuple.getKeyNode()).getValue(), tuple);
          }
        });
  }

  /** Whether the file has this section at all. */
  public boolean isPresent() {
    return present;
  }

  /** Whether the file has this key; doesn't take it. */
  public boolean has(String key) {
    return entries.containsKey(key);
  }

  /** A text, if given. */
  public Optional<String> text(String key) {
    return scalar(key).map(ScalarNode::getValue);
  }

  /** A text. */
  public String text(String key, String fallback) {
    return text(key).orElse(fallback);
  }

  /** A text that must be given; empty after a mistake. */
  public String requiredText(String key) {
    return required(key, text(key), "");
  }

  /** {@code true} or {@code false}. */
  public boolean flag(String key, boolean fallback) {
    return value(
            key,
            text -> text.equals("true") || text.equals("false") ? Optional.of(text) : none(),
            "true or false")
        .map(Boolean::valueOf)
        .orElse(fallback);
  }

  /** A whole number in [min, max], if given. */
  public Optional<Integer> integer(String key, int min, int max) {
    return value(
        key, text -> integerIn(text, min, max), "a whole number from " + min + " to " + max);
  }

  /** A whole number in [min, max]. */
  public int integer(String key, int min, int max, int fallback) {
    return integer(key, min, max).orElse(fallback);
  }

  /** A size in bytes, see {@link ByteSize}, if given. */
  public Optional<Long> bytes(String key) {
    return value(key, ByteSize::parse, ByteSize.FORMS);
  }

  /** A length of time, see {@link Durations}. */
  public Duration duration(String key, Duration fallback) {
    return value(key, Durations::parse, Durations.FORMS).orElse(fallback);
  }

  /** A moment: a date (its first moment, in UTC) or a date and time with an offset; if given. */
  public Optional<Instant> instant(String key) {
    return value(key, Moments::parse, Moments.FORMS);
  }

  /** One of an enum's constants, written in lower case. */
  public <E extends Enum<E>> E choice(String key, E fallback) {
    E[] constants = fallback.getDeclaringClass().getEnumConstants();
    List<String> words = Arrays.stream(constants).map(ConfigSection::word).toList();
    Optional<ScalarNode> node = scalar(key);
    if (node.isEmpty()) {
      return fallback;
    }
    String given = node.get().getValue();
    int index = words.indexOf(given);
    if (index < 0) {
      problems.add(node.get(), described(key) + " must be one of " + listed(words, given));
      return fallback;
    }
    return constants[index];
  }

  /** A list of texts, empty if not given; a single text is a list of one. */
  public List<String> texts(String key) {
    return elements(key).stream()
        .flatMap(node -> scalarOf(key, node).stream())
        .map(ScalarNode::getValue)
        .toList();
  }

  /** A list of whole numbers in [min, max], empty if not given; a single one is a list of one. */
  public List<Integer> integers(String key, int min, int max) {
    List<Integer> numbers = new ArrayList<>();
    for (Node element : elements(key)) {
      Optional<ScalarNode> node = scalarOf(key, element);
      Optional<Integer> number = node.flatMap(found -> integerIn(found.getValue(), min, max));
      if (node.isPresent() && number.isEmpty()) {
        problems.add(element, described(key) + " must be whole numbers from " + min + " to " + max);
      }
      number.ifPresent(numbers::add);
    }
    return List.copyOf(numbers);
  }

  /** Names of the file's own choosing with a text each, empty if not given. */
  public Map<String, String> names(String key) {
    NodeTuple entry = entries.get(key);
    taken.putIfAbsent(key, Optional.empty());
    Optional<MappingNode> mapping =
        entry == null ? Optional.empty() : mappingOf(key, entry.getValueNode());
    Map<String, String> names = new LinkedHashMap<>();
    mapping.ifPresent(
        node -> {
          for (NodeTuple tuple : node.getValue()) {
            String name = ((ScalarNode) tuple.getKeyNode()).getValue();
            scalarOf(key + "." + name, tuple.getValueNode())
                .ifPresent(value -> names.put(name, value.getValue()));
          }
        });
    return names;
  }

  /** The section behind a key; an empty one if not given. */
  public ConfigSection section(String key) {
    NodeTuple entry = entries.get(key);
    Optional<MappingNode> mapping =
        entry == null ? Optional.empty() : mappingOf(key, entry.getValueNode());
    Optional<Mark> at = entry == null ? place : entry.getKeyNode().getStartMark();
    ConfigSection section = new ConfigSection(pathOf(key), mapping, at, problems);
    taken.put(key, Optional.of(section));
    return section;
  }

  /**
   * A list of sections, each made into a value by {@code reader}. Its keys are known to {@link
   * ConfigFile#keys} even if the list is empty.
   */
  public <T> List<T> sections(String key, Function<ConfigSection, T> reader) {
    ConfigSection keys =
        new ConfigSection(pathOf(key), Optional.empty(), place, new Problems(problems.file()));
    Object unused = reader.apply(keys);
    List<Node> elements = elements(key);
    taken.put(key, Optional.of(keys));
    List<T> values = new ArrayList<>();
    for (Node element : elements) {
      Optional<MappingNode> mapping = mappingOf(key, element);
      if (mapping.isPresent()) {
        ConfigSection section =
            new ConfigSection(pathOf(key), mapping, element.getStartMark(), problems);
        values.add(reader.apply(section));
        section.reportUnknownKeys();
      }
    }
    return List.copyOf(values);
  }

  /**
   * Records a mistake that the caller has found in the value of a key, or in the section as a whole
   * if the key isn't there.
   *
   * @param message what is allowed instead; the key's name is put before it
   */
  public void problem(String key, String message) {
    NodeTuple entry = entries.get(key);
    problems.add(
        entry == null ? place : entry.getValueNode().getStartMark(),
        described(key) + " " + message);
  }

  List<String> takenKeys() {
    List<String> keys = new ArrayList<>();
    taken.forEach(
        (key, section) -> {
          keys.add(pathOf(key));
          section.ifPresent(inner -> keys.addAll(inner.takenKeys()));
        });
    return keys;
  }

  void reportUnknownKeys() {
    entries.forEach(
        (key, tuple) -> {
          if (!taken.containsKey(key)) {
            String where = path.isEmpty() ? "" : " in '" + path + "'";
            problems.add(
                tuple.getKeyNode(),
                "unknown key '"
                    + key
                    + "'"
                    + where
                    + "; allowed: "
                    + listed(List.copyOf(taken.keySet()), key));
          }
        });
    taken.forEach((key, section) -> section.ifPresent(ConfigSection::reportUnknownKeys));
  }

  private <T> T required(String key, Optional<T> value, T afterMistake) {
    if (value.isEmpty() && !has(key)) {
      problems.add(place, described(key) + " is missing");
    }
    return value.orElse(afterMistake);
  }

  private <T> Optional<T> value(
      String key, Function<String, Optional<T>> conversion, String allowed) {
    Optional<ScalarNode> node = scalar(key);
    Optional<T> value = node.flatMap(found -> conversion.apply(found.getValue()));
    if (node.isPresent() && value.isEmpty()) {
      problems.add(
          node.get(),
          described(key) + " must be " + allowed + ", not '" + node.get().getValue() + "'");
    }
    return value;
  }

  private Optional<ScalarNode> scalar(String key) {
    taken.putIfAbsent(key, Optional.empty());
    NodeTuple entry = entries.get(key);
    return entry == null ? Optional.empty() : scalarOf(key, entry.getValueNode());
  }

  private Optional<ScalarNode> scalarOf(String key, Node node) {
    if (!(node instanceof ScalarNode scalar)) {
      problems.add(node, described(key) + " must be a single value");
      return Optional.empty();
    }
    if (scalar.isPlain() && scalar.getValue().isEmpty()) {
      problems.add(node, described(key) + " has no value: give one, or remove the key");
      return Optional.empty();
    }
    return Optional.of(scalar);
  }

  private Optional<MappingNode> mappingOf(String key, Node node) {
    if (node instanceof MappingNode mapping) {
      return Optional.of(mapping);
    }
    problems.add(node, described(key) + " must be keys with values, like 'key: value'");
    return Optional.empty();
  }

  private List<Node> elements(String key) {
    taken.putIfAbsent(key, Optional.empty());
    NodeTuple entry = entries.get(key);
    if (entry == null) {
      return List.of();
    }
    return entry.getValueNode() instanceof SequenceNode list
        ? list.getValue()
        : List.of(entry.getValueNode());
  }

  private String pathOf(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private String described(String key) {
    return "'" + pathOf(key) + "'";
  }

  private static String listed(List<String> words, String given) {
    return String.join(", ", words)
        + NearestMatch.of(given, words).map(near -> "; did you mean '" + near + "'?").orElse("");
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Optional<Integer> integerIn(String text, int min, int max) {
    try {
      int number = Integer.parseInt(text);
      return number >= min && number <= max ? Optional.of(number) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static <T> Optional<T> none() {
    return Optional.empty();
  }
}
