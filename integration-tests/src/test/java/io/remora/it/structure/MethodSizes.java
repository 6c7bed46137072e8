// SPDX-License-Identifier: Apache-2.0
package io.remora.it.structure;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** Counts the lines of methods with the compiler's own parser. */
final class MethodSizes {
  /** One method: its lines from the first of its declaration to its closing brace. */
  record Size(Path file, String method, long lines) {}

  private MethodSizes() {}

  static List<Size> of(List<Path> sources) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<Size> sizes = new ArrayList<>();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  Writer.nullWriter(),
                  files,
                  diagnostic -> {},
                  List.of("-proc:none"),
                  null,
                  files.getJavaFileObjectsFromPaths(sources));
      SourcePositions positions = Trees.instance(task).getSourcePositions();
      for (CompilationUnitTree unit : task.parse()) {
        unit.accept(new Counter(unit, positions, sizes), null);
      }
    }
    return sizes;
  }

  private static final class Counter extends TreeScanner<@Nullable Void, @Nullable Void> {
    private final CompilationUnitTree unit;
    private final SourcePositions positions;
    private final List<Size> sizes;

    Counter(CompilationUnitTree unit, SourcePositions positions, List<Size> sizes) {
      this.unit = unit;
      this.positions = positions;
      this.sizes = sizes;
    }

    @Override
    public @Nullable Void visitMethod(MethodTree method, @Nullable Void none) {
      LineMap map = unit.getLineMap();
      long first = map.getLineNumber(positions.getStartPosition(unit, method));
      long last = map.getLineNumber(positions.getEndPosition(unit, method));
      sizes.add(
          new Size(
              Path.of(unit.getSourceFile().toUri()),
              method.getName().toString(),
              last - first + 1));
      return super.visitMethod(method, none);
    }
  }
}
