// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.client.ConnectionException;
import io.remora.client.RemoteCuda;
import io.remora.it.process.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** Members and a real etcd that speaks TLS and lets in only who shows a certificate. */
@Isolated("Leases end after 2 s, also where the processors are busy.")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdTlsTest {
  private PoolMembers pool;
  private EtcdProcess etcd;

  @BeforeAll
  void startMembers(@TempDir Path folder) throws Exception {
    SelfSigned server = SelfSigned.make(folder, "etcd", "127.0.0.1");
    SelfSigned member = SelfSigned.make(folder, "member", "127.0.0.1");
    SelfSigned stranger = SelfSigned.make(folder, "stranger", "127.0.0.1");
    etcd = EtcdProcess.orSkip(folder, new EtcdProcess.Tls(server, member));
    pool = new PoolMembers(folder, "known", "bare", "strange", "doubting");
    pool.tenant("alice", 1);
    start(folder, "known", server, "certificate: member.pem, key: member.key");
    start(folder, "bare", server, "");
    start(folder, "strange", server, "certificate: stranger.pem, key: stranger.key");
    start(folder, "doubting", stranger, "certificate: member.pem, key: member.key");
  }

  private void start(Path folder, String name, SelfSigned trusted, String more) throws Exception {
    Files.writeString(
        folder.resolve("pool-" + name + ".yaml"),
        """
        name: shared
        token_file: pool.token
        etcd: {endpoints: "https://127.0.0.1:%d", lease: 2s, ca: %s%s}
        """
            .formatted(
                etcd.port(),
                trusted.certificate().getFileName(),
                more.isEmpty() ? "" : ", " + more));
    pool.start(name, "pool-" + name + ".yaml");
  }

  @AfterAll
  void stopMembers() throws Exception {
    if (pool != null) {
      pool.close();
      etcd.close();
    }
  }

  private RemoteCuda open(String member) throws ConnectionException {
    return pool.connect("alice", "REMORA_SERVER=" + pool.server(member), "REMORA_GPUS=1");
  }

  @Test
  void aMemberWithItsCertificateIsInThePoolAloneAndGivesPlaces() throws Exception {
    pool.awaitMembers("known", "known");
    // It knows of itself before the registry has answered it for the first time.
    try (RemoteCuda session = Await.success(() -> open("known"))) {
      assertThat(session.cuInit(0)).isZero();
    }
  }

  @Test
  void membersThatEtcdDoesntLetInOrThatDontTrustItGiveNone() {
    for (String member : new String[] {"bare", "strange", "doubting"}) {
      assertThatThrownBy(() -> open(member).close())
          .as(member)
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("registry can't be reached");
    }
  }
}
