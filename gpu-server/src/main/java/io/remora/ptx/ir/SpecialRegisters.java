// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.Map;
import java.util.TreeMap;

/** The special registers that kernels may read (PTX ISA chapter 10) and their types. */
public final class SpecialRegisters {
  private static final Map<String, PtxType> TYPES = new TreeMap<>();

  static {
    for (String name :
        new String[] {
          "%tid",
          "%ntid",
          "%ctaid",
          "%nctaid",
          "%clusterid",
          "%nclusterid",
          "%cluster_ctaid",
          "%cluster_nctaid"
        }) {
      for (String component : new String[] {".x", ".y", ".z"}) {
        TYPES.put(name + component, PtxType.U32);
      }
    }
    for (String name :
        new String[] {
          "%laneid",
          "%warpid",
          "%nwarpid",
          "%smid",
          "%nsmid",
          "%clock",
          "%clock_hi",
          "%globaltimer_lo",
          "%globaltimer_hi",
          "%lanemask_eq",
          "%lanemask_lt",
          "%lanemask_le",
          "%lanemask_gt",
          "%lanemask_ge",
          "%dynamic_smem_size",
          "%total_smem_size",
          "%aggr_smem_size",
          "%cluster_ctarank",
          "%cluster_nctarank"
        }) {
      TYPES.put(name, PtxType.U32);
    }
    for (int i = 0; i < 32; i++) {
      TYPES.put("%envreg" + i, PtxType.U32);
    }
    TYPES.put("%is_explicit_cluster", PtxType.PRED);
    TYPES.put("%gridid", PtxType.U64);
    TYPES.put("%clock64", PtxType.U64);
    TYPES.put("%globaltimer", PtxType.U64);
  }

  private SpecialRegisters() {}

  /** Whether kernels may read this register; the name includes percent sign and component. */
  public static boolean isKnown(String name) {
    return TYPES.containsKey(name);
  }

  /** The type of a known register. */
  public static PtxType type(String name) {
    PtxType type = TYPES.get(name);
    if (type == null) {
      throw new IllegalArgumentException(name);
    }
    return type;
  }
}
