// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool.etcd;

import com.google.protobuf.ByteString;
import io.remora.etcd.Compare;
import io.remora.etcd.Compare.CompareResult;
import io.remora.etcd.Compare.CompareTarget;
import io.remora.etcd.PutRequest;
import io.remora.etcd.RangeRequest;
import io.remora.etcd.RangeResponse;
import io.remora.etcd.RequestOp;
import io.remora.etcd.TxnRequest;
import io.remora.etcd.TxnResponse;

/**
 * The two transactions by which a session is counted: one looks how many there are and when the
 * tenant's guard was changed last, the other adds the session if the guard is still the same. Who
 * adds changes the guard, so of two that looked at the same time one has to look again.
 *
 * @param keys the pool's keys
 * @param self the member's name
 */
record SessionKeys(EtcdKeys keys, String self) {
  /**
   * What was seen.
   *
   * @param count how many sessions the tenant has
   * @param guardRevision when the guard was changed last; 0: never
   */
  record Seen(long count, long guardRevision) {
    static Seen of(TxnResponse response) {
      RangeResponse guard = response.getResponses(0).getResponseRange();
      RangeResponse sessions = response.getResponses(1).getResponseRange();
      return new Seen(
          sessions.getCount(), guard.getKvsCount() == 0 ? 0 : guard.getKvs(0).getModRevision());
    }
  }

  TxnRequest look(String tenant) {
    ByteString sessions = keys.sessions(tenant);
    return TxnRequest.newBuilder()
        .addSuccess(
            RequestOp.newBuilder()
                .setRequestRange(RangeRequest.newBuilder().setKey(keys.guard(tenant))))
        .addSuccess(
            RequestOp.newBuilder()
                .setRequestRange(
                    RangeRequest.newBuilder()
                        .setKey(sessions)
                        .setRangeEnd(EtcdKeys.endOf(sessions))
                        .setCountOnly(true)))
        .build();
  }

  TxnRequest add(String tenant, String id, Seen seen, long lease) {
    ByteString guard = keys.guard(tenant);
    return TxnRequest.newBuilder()
        .addCompare(
            Compare.newBuilder()
                .setResult(CompareResult.EQUAL)
                .setTarget(CompareTarget.MOD)
                .setKey(guard)
                .setModRevision(seen.guardRevision()))
        // A member whose lease has ended is counted no more and may count nothing.
        .addCompare(
            Compare.newBuilder()
                .setResult(CompareResult.EQUAL)
                .setTarget(CompareTarget.LEASE)
                .setKey(keys.member(self))
                .setLease(lease))
        .addSuccess(
            RequestOp.newBuilder()
                .setRequestPut(
                    PutRequest.newBuilder().setKey(guard).setValue(ByteString.copyFromUtf8(id))))
        .addSuccess(
            RequestOp.newBuilder()
                .setRequestPut(
                    PutRequest.newBuilder().setKey(keys.session(tenant, self, id)).setLease(lease)))
        .build();
  }
}
