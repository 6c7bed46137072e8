// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool.etcd;

import com.google.protobuf.ByteString;

/**
 * Where a pool keeps what in etcd:
 *
 * <pre>
 * /remora/POOL/members/NAME                   a MemberState, under the member's lease
 * /remora/POOL/sessions/TENANT/MEMBER/ID      a session or promise, under the member's lease
 * /remora/POOL/guards/TENANT                  changed with every session that is added
 * </pre>
 *
 * @param pool the pool's name
 */
record EtcdKeys(String pool) {
  private String root() {
    return "/remora/" + pool + "/";
  }

  ByteString members() {
    return key(root() + "members/");
  }

  ByteString member(String name) {
    return key(root() + "members/" + name);
  }

  /** The name of the member whose key it is. */
  String nameOf(ByteString memberKey) {
    return memberKey.substring(members().size()).toStringUtf8();
  }

  ByteString sessions(String tenant) {
    return key(root() + "sessions/" + tenant + "/");
  }

  ByteString session(String tenant, String member, String id) {
    return key(root() + "sessions/" + tenant + "/" + member + "/" + id);
  }

  ByteString guard(String tenant) {
    return key(root() + "guards/" + tenant);
  }

  /** The end of the range of keys that begin with this one, whose last byte isn't 255. */
  static ByteString endOf(ByteString prefix) {
    byte[] bytes = prefix.toByteArray();
    bytes[bytes.length - 1]++;
    return ByteString.copyFrom(bytes);
  }

  private static ByteString key(String text) {
    return ByteString.copyFromUtf8(text);
  }
}
