// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static io.remora.it.path.TestSession.parameter;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.ConnectionSettings;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import io.remora.it.remote.DeviceAddress;
import java.nio.file.Path;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a tenant can do with another tenant's handles and addresses: nothing. */
class ForeignObjectsTest {
  private static final int SECRET = 4711;

  private ServerProcess server;
  private TestSession owner;
  private TestSession stranger;
  private DeviceAddress secret;

  @BeforeEach
  void openTwoTenantsSessions(@TempDir Path folder) throws Exception {
    TenantsFile tenants = new TenantsFile(folder.resolve("tenants.yaml"));
    String ownersToken = tenants.add("owner");
    String strangersToken = tenants.add("stranger");
    server =
        ServerProcess.start(folder, List.of(), List.of("--tenants", tenants.file().toString()));
    Path ca = Path.of(server.readyValue("ca").orElseThrow());
    ConnectionSettings settings = ConnectionSettings.of("127.0.0.1", server.port()).withCaFile(ca);
    owner = new TestSession(settings.withToken(ownersToken));
    stranger = new TestSession(settings.withToken(strangersToken));
    owner.enter();
    secret = owner.allocate(Integer.BYTES);
    owner.writeInt(secret, SECRET);
    owner.expectSuccess(owner.cuda().cuCtxSynchronize());
    stranger.enter();
  }

  @AfterEach
  void close() {
    stranger.close();
    owner.close();
    server.close();
  }

  private void expectSecretUntouched() {
    owner.enter();
    assertThat(owner.readInt(secret)).isEqualTo(SECRET);
  }

  @Test
  void copiesFromAndToAForeignAddressAreRefused() {
    int[] stolen = {0};
    stranger.expect(
        stranger.cuda().cuMemcpyDtoH(Pointer.to(stolen), secret, Integer.BYTES),
        CUresult.CUDA_ERROR_INVALID_VALUE);
    assertThat(stolen[0]).isZero();
    stranger.expectSuccess(
        stranger.cuda().cuMemcpyHtoD(secret, Pointer.to(new int[] {1}), Integer.BYTES));
    stranger.expect(stranger.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_INVALID_VALUE);
    stranger.expectSuccess(stranger.cuda().cuMemFree(secret));
    stranger.expect(stranger.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_INVALID_VALUE);
    expectSecretUntouched();
  }

  @Test
  void aKernelThatWritesToAForeignAddressFaultsInItsOwnSessionOnly() {
    CUfunction write = stranger.function("faults", "writeTo");
    stranger.expectSuccess(
        stranger.launchOne(write, null, parameter(secret.value()), parameter(1)));
    stranger.expect(stranger.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
    assertThat(stranger.cuda().lastErrorDetail()).contains("writeTo");
    // Sticky, as CUDA says.
    stranger.expect(stranger.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);

    expectSecretUntouched();
    CUfunction increment = owner.function("small", "increment");
    owner.expectSuccess(
        owner.launchOne(increment, null, Pointer.to(secret), parameter(1), parameter(1)));
    assertThat(owner.readInt(secret)).isEqualTo(SECRET + 1);
  }

  @Test
  void aKernelThatReadsFromAForeignAddressGetsNothing() {
    DeviceAddress loot = stranger.allocateZeros(Integer.BYTES);
    CUfunction read = stranger.function("faults", "readFrom");
    stranger.expectSuccess(
        stranger.launchOne(read, null, parameter(secret.value()), Pointer.to(loot)));
    stranger.expect(stranger.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
    expectSecretUntouched();
  }

  @Test
  void foreignHandlesAreInvalid() {
    owner.enter();
    // Handles count up, so that these lie beyond those of the stranger.
    CUfunction foreignFunction = owner.function("small", "emptyKernel");
    for (int i = 0; i < 50; i++) {
      foreignFunction = owner.function("small", "emptyKernel");
    }
    CUstream foreignStream = owner.stream();
    stranger.enter();
    stranger.expect(
        stranger.cuda().cuStreamSynchronize(foreignStream), CUresult.CUDA_ERROR_INVALID_HANDLE);
    int result = stranger.launchOne(foreignFunction, null);
    if (result == CUresult.CUDA_SUCCESS) {
      result = stranger.cuda().cuCtxSynchronize();
    }
    stranger.expect(result, CUresult.CUDA_ERROR_INVALID_HANDLE);
    owner.enter();
    owner.expectSuccess(owner.cuda().cuStreamSynchronize(foreignStream));
  }
}
