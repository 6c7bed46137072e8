// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import io.remora.v1.CudaTypesProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Compares the table with the {@code cuda.h} of an installed CUDA toolkit, where there is one. */
class CudaHeaderTest {
  private final CallTable table = CallTable.load();
  private CudaHeader header;

  @BeforeEach
  void readTheHeader() throws Exception {
    Optional<CudaHeader> installed = CudaHeader.installed();
    assumeTrue(
        installed.isPresent(),
        "CudaHeaderTest is skipped: there is no cuda.h in $CUDA_HOME/include, "
            + "/usr/local/cuda/include or /usr/include");
    header = installed.get();
    assumeTrue(
        header.version() >= 13000,
        "CudaHeaderTest is skipped: the table is that of CUDA 13.0, the header is older: "
            + header.version());
  }

  @Test
  void everySymbolHasTheParametersThatTheTableSays() {
    List<String> differences = new ArrayList<>();
    for (CallEntry entry : table.entries()) {
      List<String> ours =
          entry.parameters().stream()
              .filter(CallParameter::isCParameter)
              .map(CallParameter::cType)
              .toList();
      for (AbiSymbol symbol : entry.symbols()) {
        Optional<List<String>> theirs = header.parameterTypes(symbol.symbol());
        if (!theirs.equals(Optional.of(ours))) {
          differences.add(symbol.symbol() + ": table " + ours + ", header " + theirs);
        }
      }
    }

    assertThat(differences).isEmpty();
  }

  @Test
  void everySymbolCameWithTheVersionThatTheTableSays() {
    List<String> differences = new ArrayList<>();
    for (DriverSymbol symbol : DriverSymbol.of(table)) {
      String suffix = symbol.symbol().replaceAll("^.*?(|_ptds|_ptsz)$", "$1");
      Set<Integer> theirs = header.versions(symbol.name() + suffix);
      if (!theirs.isEmpty() && !theirs.contains(symbol.since())) {
        differences.add(symbol.symbol() + ": table " + symbol.since() + ", header " + theirs);
      }
    }

    assertThat(differences).isEmpty();
    assertThat(header.versions("cuMemcpyHtoD_ptds")).contains(7000);
  }

  @Test
  void everySymbolIsInTheTableOrListedAsNotForwarded() {
    assumeTrue(
        header.version() == 13000,
        "the table lists the symbols of CUDA 13.0, the header is newer: " + header.version());
    Set<String> listed = new TreeSet<>();
    table.entries().forEach(entry -> entry.symbols().forEach(each -> listed.add(each.symbol())));
    table.notForwarded().forEach(each -> listed.add(each.symbol()));

    assertThat(listed).containsExactlyInAnyOrderElementsOf(header.symbols());
  }

  @Test
  void everyEnumeratorHasTheValueThatTheTableSays() {
    List<String> differences = new ArrayList<>();
    for (EnumDescriptor type : CudaTypesProto.getDescriptor().getEnumTypes()) {
      for (EnumValueDescriptor value : type.getValues()) {
        Optional<Long> theirs = header.value(value.getName());
        boolean ownZero = value.getNumber() == 0 && value.getName().endsWith("_UNSPECIFIED");
        if (!ownZero && theirs.isPresent() && theirs.get() != value.getNumber()) {
          differences.add(value.getName() + " = " + value.getNumber() + ", header " + theirs);
        }
      }
    }

    assertThat(differences).isEmpty();
    assertThat(header.value("CUDA_ERROR_ILLEGAL_ADDRESS")).contains(700L);
  }
}
