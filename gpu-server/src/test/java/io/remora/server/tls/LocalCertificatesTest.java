// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCertificatesTest {
  private static final int SERVERS = 8;

  /** What a server has read right after it was started. */
  private record Seen(String ca, boolean keyFits) {}

  private static Seen start(Path folder) throws Exception {
    LocalCertificates made =
        LocalCertificates.ensure(folder, "host", Instant.now(), new SecureRandom());
    Signature signing = Signature.getInstance("SHA256withECDSA");
    signing.initSign(PemFiles.key(made.key()));
    signing.update((byte) 1);
    byte[] signed = signing.sign();
    signing.initVerify(PemFiles.certificates(made.certificate())[0]);
    signing.update((byte) 1);
    return new Seen(Files.readString(made.ca()), signing.verify(signed));
  }

  @Test
  void serversThatStartSideBySideHaveOneCertificate(@TempDir Path folder) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(SERVERS);
    try {
      CyclicBarrier together = new CyclicBarrier(SERVERS);
      List<Future<Seen>> starts = new ArrayList<>();
      for (int i = 0; i < SERVERS; i++) {
        starts.add(
            threads.submit(
                () -> {
                  together.await();
                  return start(folder.resolve("state"));
                }));
      }
      Set<Seen> seen = new HashSet<>();
      for (Future<Seen> each : starts) {
        seen.add(each.get(60, TimeUnit.SECONDS));
      }
      assertThat(seen).singleElement().extracting(Seen::keyFits).isEqualTo(true);
    } finally {
      threads.shutdownNow();
    }
  }
}
