// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import io.remora.v1.CallClass;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A symbol of {@code libcuda.so.1} as {@code cuGetProcAddress} sees it.
 *
 * @param name the documented name, without ABI version or stream variant, e.g. {@code cuMemAlloc}
 * @param symbol what the library exports, e.g. {@code cuMemAlloc_v2}
 * @param since the CUDA version that introduced it, e.g. 3020 for 3.2
 * @param perThreadStream whether stream 0 means the calling thread's own stream in this variant
 * @param kind what becomes of a call of it
 */
public record DriverSymbol(
    String name, String symbol, int since, boolean perThreadStream, Kind kind) {

  /** What becomes of a call. */
  public enum Kind {
    /** It travels. */
    FORWARDED,
    /** The client answers it. */
    LOCAL,
    /** It answers {@code CUDA_ERROR_NOT_SUPPORTED}. */
    NOT_SUPPORTED
  }

  /** Every symbol of the table, sorted by name, stream variant and version. */
  public static List<DriverSymbol> of(CallTable table) {
    return Stream.concat(
            table.entries().stream().flatMap(DriverSymbol::of),
            table.notForwarded().stream().map(DriverSymbol::of))
        .sorted(
            Comparator.comparing(DriverSymbol::name)
                .thenComparing(DriverSymbol::perThreadStream)
                .thenComparing(DriverSymbol::since))
        .toList();
  }

  private static Stream<DriverSymbol> of(CallEntry entry) {
    Kind kind = entry.callClass() == CallClass.LOCAL ? Kind.LOCAL : Kind.FORWARDED;
    return entry.symbols().stream()
        .map(
            each ->
                new DriverSymbol(
                    entry.name(), each.symbol(), each.since(), each.perThreadStream(), kind));
  }

  private static DriverSymbol of(NotForwardedSymbol each) {
    String name = each.symbol().replaceAll("(_v[0-9]+)?(_ptds|_ptsz)?$", "");
    boolean perThread = new AbiSymbol(each.symbol(), each.since()).perThreadStream();
    return new DriverSymbol(name, each.symbol(), each.since(), perThread, Kind.NOT_SUPPORTED);
  }
}
