// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.ServerFlags;
import io.remora.server.driver.Driver;
import io.remora.v1.AdminGrpc;
import io.remora.v1.StatisticsReply;
import io.remora.v1.StatisticsRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole server with software devices, asked by a tenant about itself. */
final class AdminServiceTest {
  @TempDir private Path folder;

  @Test
  void aTenantLearnsWhatItHasUsedAndOthersLearnNothing() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("server.yaml"),
            "listen: 127.0.0.1:0\ntls: off\nsoftware: {devices: 2, memory: 64MiB, threads: 1}\n");
    ServerConfig config = ServerConfig.read(file, ServerFlags.NONE, folder.resolve("state"));
    try (Driver driver = RemoraServer.openDriver(config)) {
      RemoraServer server = RemoraServer.start(config, driver);
      try (TestClient client = new TestClient(server, null)) {
        AdminGrpc.AdminBlockingStub admin = AdminGrpc.newBlockingStub(client.channel);
        assertThatThrownBy(() -> admin.statistics(StatisticsRequest.getDefaultInstance()))
            .isInstanceOfSatisfying(
                StatusRuntimeException.class,
                e -> {
                  assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
                  assertThat(e).hasMessageContaining("no token was sent");
                });
        Metadata headers = new Metadata();
        headers.put(
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
            "Bearer " + Files.readString(server.tokenFile().orElseThrow()).strip());
        StatisticsReply reply =
            admin
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .statistics(StatisticsRequest.getDefaultInstance());
        assertThat(reply.getTenant()).isEqualTo("local");
        assertThat(reply.getWeight()).isEqualTo(1);
        assertThat(reply.getMemoryQuotaBytes()).isEqualTo(128L << 20);
        assertThat(reply.getMemoryReservedBytes()).isZero();
        assertThat(reply.getDevicesList())
            .extracting(use -> use.getOrdinal())
            .containsExactly(0, 1);
      } finally {
        server.stop(Duration.ZERO);
      }
    }
  }
}
