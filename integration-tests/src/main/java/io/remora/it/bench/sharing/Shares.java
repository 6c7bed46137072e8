// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import java.util.List;

/**
 * What tenants that all wanted the whole device got of it.
 *
 * @param got each tenant's part of the device time given, over the whole span
 * @param worst the largest error of any tenant in any window of one second, in parts of the asked
 *     share
 * @param worstBeyondKernel the same, if one kernel of the tenant more or less in a window is no
 *     error: where a second holds a few kernels only, no order of whole kernels is exact
 * @param busy part of the time in which the device worked
 */
record Shares(List<Double> got, double worst, double worstBeyondKernel, double busy) {
  /** Looks at the buckets from one to another. */
  static Shares of(List<LoadRun.Tenant> tenants, int from, int to) {
    double weights = tenants.stream().mapToInt(tenant -> tenant.load.weight()).sum();
    long all = tenants.stream().mapToLong(tenant -> tenant.windows.sum(from, to)).sum();
    double worst = 0;
    double beyond = 0;
    for (int begin = from; begin + Windows.BUCKETS_PER_SECOND <= to; begin++) {
      int end = begin + Windows.BUCKETS_PER_SECOND;
      int first = begin;
      double given = tenants.stream().mapToLong(each -> each.windows.sum(first, end)).sum();
      for (LoadRun.Tenant tenant : tenants) {
        double asked = given * tenant.load.weight() / weights;
        double off = Math.abs(tenant.windows.sum(begin, end) - asked);
        worst = Math.max(worst, off / asked);
        beyond = Math.max(beyond, (off - tenant.load.kernelNanos()) / asked);
      }
    }
    List<Double> got =
        tenants.stream().map(each -> (double) each.windows.sum(from, to) / all).toList();
    return new Shares(
        got, worst, Math.max(0, beyond), (double) all / ((to - from) * Windows.BUCKET_NANOS));
  }
}
