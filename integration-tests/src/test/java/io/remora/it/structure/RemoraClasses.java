// SPDX-License-Identifier: Apache-2.0
package io.remora.it.structure;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

/** The product's classes of all modules, read once. */
final class RemoraClasses {
  static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.remora");

  private RemoraClasses() {}
}
