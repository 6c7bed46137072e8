// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The functions and enumerations that an installed {@code cuda.h} and the headers beside it
 * declare. They map most names to a newer symbol by macros, and declares the older symbols behind
 * them in a last section.
 */
final class CudaHeader {
  private static final Pattern FUNCTION =
      Pattern.compile("CUresult\\s+CUDAAPI\\s+(cu\\w+)\\s*\\(([^;]*)\\)\\s*;");
  private static final Pattern PLAIN_MACRO =
      Pattern.compile("(?m)^\\s*#\\s*define\\s+(cu\\w+)\\s+(cu\\w+)");
  private static final Pattern STREAM_MACRO =
      Pattern.compile("(?m)^\\s*#\\s*define\\s+(cu\\w+)\\s+__CUDA_API_(PTDS|PTSZ)\\((cu\\w+)\\)");
  private static final Pattern ENUM_VALUE =
      Pattern.compile("\\b(CU_\\w+|CUDA_\\w+)\\s*=\\s*(0[xX][0-9a-fA-F]+|[0-9]+)U?\\s*[,}\\s]");
  private static final Pattern VERSION =
      Pattern.compile("(?m)^\\s*#\\s*define\\s+CUDA_VERSION\\s+(\\d+)");

  /** The headers that declare what a driver's library for Linux exports. */
  private static final List<String> NAMES =
      List.of("cuda", "cudaProfiler", "cudaGL", "cudaEGL", "cudaVDPAU");

  /** Declared by cudaGL.h for Windows. */
  private static final String WINDOWS_ONLY = "cuWGLGetDevice";

  private static final String OLD_SYMBOLS = "#if defined(__CUDA_API_VERSION_INTERNAL)\n    #undef";

  private static final Pattern POINTER_TYPE =
      Pattern.compile("\\*PFN_(cu\\w+?)_v(\\d+)(|_ptds|_ptsz)\\)");

  private final int version;
  private final Map<String, Set<Integer>> versions = new HashMap<>();
  private final Map<String, List<String>> types = new HashMap<>();
  private final Map<String, Long> values = new HashMap<>();

  private CudaHeader(List<String> texts, List<String> typedefs) {
    version =
        texts.stream()
            .map(VERSION::matcher)
            .filter(Matcher::find)
            .mapToInt(line -> Integer.parseInt(line.group(1)))
            .max()
            .orElse(0);
    typedefs.forEach(this::readTypedefs);
    texts.forEach(this::readFunctions);
  }

  private void readTypedefs(String typedefs) {
    Matcher pointer = POINTER_TYPE.matcher(typedefs);
    while (pointer.find()) {
      versions
          .computeIfAbsent(pointer.group(1) + pointer.group(3), name -> new TreeSet<>())
          .add(Integer.parseInt(pointer.group(2)));
    }
  }

  private void readFunctions(String text) {
    String header = text.replaceAll("(?s)/\\*.*?\\*/", " ").replaceAll("//[^\\n]*", "");
    int split = header.indexOf(OLD_SYMBOLS);
    String current = split < 0 ? header : header.substring(0, split);
    String old = split < 0 ? "" : header.substring(split);
    functions(old, Map.of());
    functions(current, renames(current));
    streamVariants(current);
    Matcher value = ENUM_VALUE.matcher(header);
    while (value.find()) {
      values.put(value.group(1), Long.decode(value.group(2)));
    }
  }

  /** The header of the toolkit in {@code CUDA_HOME} or in the usual place. */
  static Optional<CudaHeader> installed() throws IOException {
    String home = System.getenv("CUDA_HOME");
    List<Path> candidates =
        Stream.of(home == null ? "/usr/local/cuda" : home, "/usr/local/cuda", "/usr")
            .map(root -> Path.of(root, "include", "cuda.h"))
            .toList();
    for (Path candidate : candidates) {
      if (Files.isReadable(candidate)) {
        List<String> texts = new ArrayList<>();
        List<String> typedefs = new ArrayList<>();
        for (String name : NAMES) {
          texts.add(read(candidate.resolveSibling(name + ".h")));
          typedefs.add(read(candidate.resolveSibling(name + "Typedefs.h")));
        }
        return Optional.of(new CudaHeader(texts, typedefs));
      }
    }
    return Optional.empty();
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  /**
   * The versions that brought a form of an entry point.
   *
   * @param name without ABI version, but with {@code _ptds} or {@code _ptsz}
   * @return empty for the few names that have no function pointer type
   */
  Set<Integer> versions(String name) {
    return versions.getOrDefault(name, Set.of());
  }

  /** {@code CUDA_VERSION}. */
  int version() {
    return version;
  }

  /** Every symbol that the header knows, with the variants for streams of the thread. */
  Set<String> symbols() {
    Set<String> symbols = new TreeSet<>(types.keySet());
    symbols.remove(WINDOWS_ONLY);
    return symbols;
  }

  /** The types of a symbol's parameters, without the names of ABI versions. */
  Optional<List<String>> parameterTypes(String symbol) {
    return Optional.ofNullable(types.get(symbol));
  }

  /** The value of an enumerator that is given as a number. */
  Optional<Long> value(String enumerator) {
    return Optional.ofNullable(values.get(enumerator));
  }

  private static Map<String, String> renames(String text) {
    Map<String, String> renames = new HashMap<>();
    Matcher plain = PLAIN_MACRO.matcher(text);
    while (plain.find()) {
      renames.putIfAbsent(plain.group(1), plain.group(2));
    }
    Matcher stream = STREAM_MACRO.matcher(text);
    while (stream.find()) {
      renames.putIfAbsent(stream.group(1), stream.group(3));
    }
    return renames;
  }

  private void functions(String text, Map<String, String> renames) {
    Matcher function = FUNCTION.matcher(text);
    while (function.find()) {
      String symbol = renames.getOrDefault(function.group(1), function.group(1));
      types.put(symbol, parameterTypesIn(function.group(2)));
    }
  }

  private void streamVariants(String text) {
    Matcher stream = STREAM_MACRO.matcher(text);
    while (stream.find()) {
      String suffix = stream.group(2).equals("PTDS") ? "_ptds" : "_ptsz";
      List<String> parameters = types.get(stream.group(3));
      if (parameters != null) {
        types.put(stream.group(3) + suffix, parameters);
      }
    }
  }

  private static List<String> parameterTypesIn(String list) {
    List<String> result = new ArrayList<>();
    if (list.isBlank() || list.trim().equals("void")) {
      return result;
    }
    for (String parameter : list.split(",")) {
      String text = parameter.trim().replaceAll("\\s+", " ");
      boolean array = text.endsWith("]");
      String type = text.replaceAll("\\[\\d*]$", "").replaceAll("\\w+$", "").trim();
      result.add(withoutVersion(type.replaceAll("\\s*\\*", "*")) + (array ? "*" : ""));
    }
    return result;
  }

  /** Structures carry the ABI version in their name in the last section of the header. */
  private static String withoutVersion(String type) {
    return type.replaceAll("\\b(CUdevice|CUdeviceptr|CUDA_MEMCPY2D)_v2\\b", "$1")
        .replaceAll("\\bCUdevice_v1\\b", "CUdevice");
  }
}
