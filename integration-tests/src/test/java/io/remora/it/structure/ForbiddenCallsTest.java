// SPDX-License-Identifier: Apache-2.0
package io.remora.it.structure;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import org.junit.jupiter.api.Test;

/** Calls that make code slow to test, noisy or unpredictable. */
final class ForbiddenCallsTest {
  @Test
  void nobodySleeps() {
    noClasses()
        .should()
        .callMethod(Thread.class, "sleep", long.class)
        .orShould()
        .callMethod(Thread.class, "sleep", long.class, int.class)
        .because("waiting for a condition, with a bound, is faster and says what went wrong")
        .check(RemoraClasses.MAIN);
  }

  @Test
  void onlyClocksReadTheTime() {
    noClasses()
        .that()
        .haveSimpleNameNotEndingWith("Clock")
        .and()
        .resideOutsideOfPackage("io.remora.it..")
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .because("a class that takes the time as an argument can be tested without waiting")
        .check(RemoraClasses.MAIN);
  }

  @Test
  void onlyCommandsPrint() {
    noClasses()
        .that()
        .resideOutsideOfPackages("io.remora.cli..", "io.remora.it..")
        .and()
        .doNotImplement(io.remora.command.RemoraCommand.class)
        .and()
        .haveSimpleNameNotEndingWith("Generate")
        .and()
        .doNotHaveFullyQualifiedName("io.remora.client.ProgramOutput")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .because("libraries and servers report by results, exceptions and logs; only kernels print")
        .check(RemoraClasses.MAIN);
  }
}
