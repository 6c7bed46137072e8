// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The Java client's faces in JCuda's shape. Their signatures come from JCuda's own class, so that
 * they can't differ; what the table has no entry for answers {@code CUDA_ERROR_NOT_SUPPORTED}.
 */
public final class JCudaSource {
  /** Static methods that work before there is a connection; written by hand. */
  private static final List<String> WITHOUT_CONNECTION =
      List.of("cuInit", "cuDriverGetVersion", "cuGetErrorName", "cuGetErrorString");

  /** Like JCuda's own, these methods don't say where null is accepted. */
  private static final String UNMARKED = "@org.jspecify.annotations.NullUnmarked";

  private final CallTable table;
  private final List<JCudaSignature> signatures;
  private final String packageName;

  private JCudaSource(CallTable table, String packageName) {
    this.table = table;
    this.packageName = packageName;
    signatures = JCudaSignature.load(table);
  }

  /** The sources by full class name. */
  public static Map<String, String> of(CallTable table, String packageName) {
    JCudaSource source = new JCudaSource(table, packageName);
    Map<String, String> sources = new LinkedHashMap<>();
    sources.put(packageName + ".JCudaApi", source.api());
    sources.put(packageName + ".TableCalls", source.tableCalls());
    sources.put(packageName + ".InstanceMethods", source.instanceMethods());
    sources.put(packageName + ".StaticMethods", source.staticMethods());
    return sources;
  }

  private String api() {
    SourceText source = SourceText.file(packageName);
    source.line(
        "/** Every method of JCuda's driver class; what isn't overridden isn't forwarded. */");
    source.line(UNMARKED);
    source.open("interface JCudaApi");
    source.line("int NOT_SUPPORTED = jcuda.driver.CUresult.CUDA_ERROR_NOT_SUPPORTED;");
    for (JCudaSignature each : signatures) {
      source.line("").line(about(each));
      source.open("default " + each.head());
      source.line("return NOT_SUPPORTED;").close();
    }
    return source.close().toString();
  }

  private String tableCalls() {
    SourceText source =
        SourceText.file(
            packageName,
            packageName + ".generated.CallWriter",
            packageName + ".generated.Calls",
            packageName + ".generated.Outputs",
            "io.remora.wire.WireWriter",
            "jcuda.driver.CUresult");
    source.line("/** Calls whose meaning the table says completely; others override them. */");
    source.line(UNMARKED);
    source.open("interface TableCalls extends JCudaApi");
    source.line("/** What the calls work on. */");
    source.line("ClientCore core();");
    for (JCudaSignature each : signatures) {
      JCudaBody.of(each)
          .ifPresent(
              body -> {
                source.line("").line("@Override");
                source.open("default " + each.head());
                body.write(source);
                source.close();
              });
    }
    return source.close().toString();
  }

  private String instanceMethods() {
    SourceText source = SourceText.file(packageName, "io.remora.wire.WireException");
    source.line("/** JCuda's methods on one connection. */");
    source.line(UNMARKED);
    source.open("public abstract class InstanceMethods");
    source.line("InstanceMethods() {}").line("");
    source.line("abstract JCudaApi api();").line("");
    source.line("abstract int checked(int result);").line("");
    source.line("abstract int broken(WireException cause);");
    for (JCudaSignature each : signatures) {
      source.line("").line(about(each));
      source.open("public final " + each.head());
      source.open("try");
      source.line("return checked(api()." + each.name() + "(" + each.arguments() + "));");
      source.close(" catch (WireException e) {");
      source.line("  return checked(broken(e));").line("}");
      source.close();
    }
    return source.close().toString();
  }

  private String staticMethods() {
    SourceText source = SourceText.file(packageName);
    source.line("/** JCuda's methods on the process's own connection. */");
    source.line(UNMARKED);
    source.open("public abstract class StaticMethods");
    source.line("StaticMethods() {}");
    for (JCudaSignature each : signatures) {
      if (WITHOUT_CONNECTION.contains(each.name())) {
        continue;
      }
      source.line("").line(about(each));
      source.open("public static " + each.head());
      source.line("RemoteCuda driver = RemoteDriver.current();");
      source.line("return driver == null");
      source.line("    ? RemoteDriver.notInitialized()");
      source.line("    : driver." + each.name() + "(" + each.arguments() + ");").close();
    }
    return source.close().toString();
  }

  private String about(JCudaSignature signature) {
    String what =
        table.entries().stream()
            .filter(each -> each.name().equals(signature.name()))
            .findFirst()
            .map(CallEntry::note)
            .filter(note -> !note.isEmpty())
            .orElse("As in the CUDA Driver API.");
    return "/** {@code " + signature.name() + "}. " + what.replace("*/", "* /") + " */";
  }
}
