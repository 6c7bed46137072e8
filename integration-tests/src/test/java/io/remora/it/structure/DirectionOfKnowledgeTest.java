// SPDX-License-Identifier: Apache-2.0
package io.remora.it.structure;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/**
 * Who may know whom: cli → client → proto, server → session → queue → driver, driver.software →
 * ptx; never the other way.
 */
final class DirectionOfKnowledgeTest {
  private static final String[] PROTO = {
    "io.remora.v1..",
    "io.remora.wire..",
    "io.remora.calls..",
    "io.remora.command..",
    "io.remora.config..",
    "io.remora.json.."
  };

  private static void nothingIn(String[] from, String... to) {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAnyPackage(from)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(to)
            .allowEmptyShould(true);
    rule.check(RemoraClasses.MAIN);
  }

  private static void nothingIn(String from, String... to) {
    nothingIn(new String[] {from}, to);
  }

  @Test
  void theClassesOfEveryModuleAreRead() {
    assertThat(RemoraClasses.MAIN)
        .extracting(type -> type.getPackageName())
        .contains("io.remora.v1", "io.remora.cli", "io.remora.ptx", "io.remora.server.driver");
  }

  @Test
  void theWireKnowsNeitherClientNorServer() {
    nothingIn(
        PROTO,
        "io.remora.client..",
        "io.remora.cli..",
        "io.remora.server..",
        "io.remora.ptx..",
        "io.remora.it..");
  }

  @Test
  void theClientKnowsNeitherCommandLineNorServer() {
    nothingIn(
        "io.remora.client..",
        "io.remora.cli..",
        "io.remora.server..",
        "io.remora.ptx..",
        "io.remora.it..",
        "picocli..");
  }

  @Test
  void whereSettingsComeFromIsKnownWithoutConnecting() {
    nothingIn("io.remora.client.config..", "io.grpc..", "io.netty..", "io.remora.client");
  }

  @Test
  void theCommandLineKnowsNoServer() {
    nothingIn("io.remora.cli..", "io.remora.server..", "io.remora.ptx..", "io.remora.it..");
  }

  @Test
  void theServerKnowsNoClient() {
    nothingIn("io.remora.server..", "io.remora.client..", "io.remora.cli..", "io.remora.it..");
  }

  @Test
  void theSessionKnowsNothingAboveIt() {
    nothingIn(
        "io.remora.server.session..",
        "io.remora.server",
        "io.remora.server.driver.software..",
        "io.remora.server.driver.cuda..",
        "io.remora.ptx..");
  }

  @Test
  void theQueueKnowsNothingAboveIt() {
    nothingIn(
        "io.remora.server.queue..",
        "io.remora.server",
        "io.remora.server.session..",
        "io.remora.server.driver.software..",
        "io.remora.ptx..",
        "io.remora.wire..",
        "io.remora.v1..");
  }

  @Test
  void tenantsAreKnownWithoutSessionsAndDevices() {
    nothingIn(
        "io.remora.server.tenant..",
        "io.remora.server.session..",
        "io.remora.server.queue..",
        "io.remora.server.driver..",
        "io.remora.ptx..");
  }

  @Test
  void theDriverKnowsNothingAboveIt() {
    nothingIn(
        "io.remora.server.driver..",
        "io.remora.server",
        "io.remora.server.session..",
        "io.remora.server.queue..",
        "io.remora.server.tenant..",
        "io.remora.wire..",
        "io.remora.v1..");
  }

  @Test
  void theDriversInterfaceKnowsNoImplementation() {
    nothingIn(
        "io.remora.server.driver",
        "io.remora.server.driver.software..",
        "io.remora.server.driver.cuda..",
        "io.remora.ptx..");
  }

  @Test
  void theDriversKnowNothingOfEachOther() {
    // Kernels for GPUs are fenced by the library that runs them where there is none.
    nothingIn(
        "io.remora.server.driver.cuda..",
        "io.remora.server.driver.software..",
        "io.remora.ptx.compile..",
        "io.remora.ptx.exec..",
        "io.remora.ptx.fence..",
        "io.remora.ptx.ir..",
        "io.remora.ptx.memory..",
        "io.remora.ptx.parse..");
    nothingIn("io.remora.server.driver.software..", "io.remora.server.driver.cuda..");
  }

  @Test
  void metersKnowNothingOfWhatTheyMeasure() {
    nothingIn(
        "io.remora.server.metrics..",
        "io.remora.server",
        "io.remora.server.session..",
        "io.remora.server.queue..",
        "io.remora.server.driver..",
        "io.remora.server.tenant..",
        "io.remora.server.watch..",
        "io.remora.server.web..",
        "io.grpc..",
        "io.netty..");
  }

  @Test
  void whatIsWatchedKnowsNoWatcher() {
    nothingIn(
        new String[] {
          "io.remora.server.session..",
          "io.remora.server.queue..",
          "io.remora.server.driver..",
          "io.remora.server.tenant.."
        },
        "io.remora.server.watch..",
        "io.remora.server.web..");
  }

  @Test
  void whatIsShownIsDecidedWithoutTheNetwork() {
    nothingIn(
        "io.remora.server.watch..",
        "io.remora.server",
        "io.remora.server.session..",
        "io.remora.server.web..",
        "io.grpc..",
        "io.netty..");
  }

  @Test
  void thePtxEngineIsALibraryOfItsOwn() {
    nothingIn(
        "io.remora.ptx..",
        "io.remora.server..",
        "io.remora.client..",
        "io.remora.cli..",
        "io.remora.it..",
        "io.remora.wire..",
        "io.remora.v1..",
        "io.remora.calls..",
        "io.grpc..",
        "io.netty..");
  }

  @Test
  void onlyTheEdgeSpeaksGrpc() {
    nothingIn(
        new String[] {
          "io.remora.server.session..", "io.remora.server.queue..", "io.remora.server.driver.."
        },
        "io.grpc..",
        "io.netty..");
  }

  @Test
  void onlyTheDriverOfRealGpusKnowsJcudaTypes() {
    nothingIn(
        new String[] {
          "io.remora.server",
          "io.remora.server.session..",
          "io.remora.server.queue..",
          "io.remora.server.tenant..",
          "io.remora.server.driver",
          "io.remora.server.driver.software..",
          "io.remora.ptx.."
        },
        "jcuda..");
  }
}
