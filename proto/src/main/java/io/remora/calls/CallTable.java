// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import com.google.protobuf.Descriptors.FileDescriptor;
import io.remora.v1.CudaCallsProto;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The call table: all entries by number, and the symbols that are not forwarded. Immutable.
 *
 * @param entries in order of their numbers
 * @param notForwarded in order of their names
 */
public record CallTable(List<CallEntry> entries, List<NotForwardedSymbol> notForwarded) {

  /** Sorts. */
  public CallTable {
    entries = entries.stream().sorted(Comparator.comparingInt(CallEntry::number)).toList();
    notForwarded =
        notForwarded.stream().sorted(Comparator.comparing(NotForwardedSymbol::symbol)).toList();
  }

  /**
   * Reads and checks the table of this build.
   *
   * @throws InvalidTableException if it contradicts itself, with every violation
   */
  public static CallTable load() {
    return of(CudaCallsProto.getDescriptor());
  }

  /**
   * Reads and checks the table in a file and all that it imports.
   *
   * @throws InvalidTableException if it contradicts itself, with every violation
   */
  public static CallTable of(FileDescriptor root) {
    CallTable table = new TableReader().read(root);
    TableCheck.check(table);
    return table;
  }

  /** The entry with a proto message's name. */
  public Optional<CallEntry> byMessageName(String name) {
    return entries.stream().filter(entry -> entry.messageName().equals(name)).findFirst();
  }

  /** The entries that travel, in order of their numbers. */
  public List<CallEntry> onWire() {
    return entries.stream().filter(CallEntry::isOnWire).toList();
  }

  /** SHA-256 of {@link CanonicalText}: equal tables have equal hashes. */
  public byte[] hash() {
    return CanonicalText.hash(this);
  }

  /** Bit n (bit n % 8 of byte n / 8) is set if the call with number n travels. */
  public byte[] supportedCalls() {
    List<CallEntry> travelling = onWire();
    int last = travelling.isEmpty() ? 0 : travelling.get(travelling.size() - 1).number();
    byte[] bits = new byte[last / 8 + 1];
    for (CallEntry entry : travelling) {
      bits[entry.number() / 8] |= (byte) (1 << (entry.number() % 8));
    }
    return bits;
  }
}
