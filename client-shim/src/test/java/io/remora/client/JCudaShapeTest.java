// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client has JCuda's shape: every method and constant, and programs compile and run. */
final class JCudaShapeTest {
  private static final String DRIVER = "jcuda.driver.JCudaDriver";
  private static final Path DROP_IN = Path.of("target/jcuda-classes").toAbsolutePath();

  /** JCuda's own class, read but never initialised: that would load its native library. */
  private static Class<?> original() throws ClassNotFoundException {
    return Class.forName(DRIVER, false, JCudaShapeTest.class.getClassLoader());
  }

  private static TreeSet<String> staticMethods(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .filter(each -> Modifier.isStatic(each.getModifiers()))
        .map(JCudaShapeTest::signature)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String signature(Method method) {
    return method.getReturnType().getName()
        + " "
        + method.getName()
        + Arrays.stream(method.getParameterTypes())
            .map(Class::getName)
            .collect(Collectors.joining(", ", "(", ")"));
  }

  private static Map<String, Object> numbers(Class<?> type) throws IllegalAccessException {
    Map<String, Object> values = new TreeMap<>();
    for (Field field : type.getFields()) {
      if (field.getType() == int.class) {
        values.put(field.getName(), field.get(null));
      }
    }
    return values;
  }

  @Test
  void everyStaticMethodOfJCudaExistsWithItsVerySignature() throws Exception {
    assertThat(staticMethods(RemoteDriver.class)).containsAll(staticMethods(original()));
  }

  @Test
  void everyInstanceMethodHasTheSignatureOfAStaticOne() throws Exception {
    TreeSet<String> instance =
        Arrays.stream(RemoteCuda.class.getMethods())
            .filter(each -> each.getName().startsWith("cu"))
            .map(JCudaShapeTest::signature)
            .collect(Collectors.toCollection(TreeSet::new));
    TreeSet<String> wanted =
        staticMethods(original()).stream()
            .filter(each -> each.startsWith("int cu"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(instance).isEqualTo(wanted);
  }

  @Test
  void everyConstantOfJCudaExists() throws Exception {
    List<String> wanted =
        Arrays.stream(original().getFields()).map(Field::getName).sorted().toList();
    List<String> offered =
        Arrays.stream(RemoteDriver.class.getFields()).map(Field::getName).sorted().toList();
    assertThat(offered).containsAll(wanted);
  }

  @Test
  void jcudasTypesAreUsedWithoutItsNativeLibrary() {
    // The library would be loaded by the driver class's initialiser, and there is none here.
    assertThat(RemoteDriver.cuMemFree(new jcuda.driver.CUdeviceptr()))
        .isEqualTo(jcuda.driver.CUresult.CUDA_ERROR_NOT_INITIALIZED);
    assertThat(jcuda.driver.CUresult.stringFor(700)).isEqualTo("CUDA_ERROR_ILLEGAL_ADDRESS");
    assertThat(RemoteDriver.align(13, 8)).isEqualTo(16);
    assertThat(numbersOf(RemoteDriver.class)).containsEntry("CU_MEMHOSTALLOC_WRITECOMBINED", 4);
  }

  private static Map<String, Object> numbersOf(Class<?> type) {
    try {
      return numbers(type);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final String PROGRAM =
      """
      import static %s.*;

      import jcuda.*;
      import jcuda.driver.*;

      public final class VectorAdd {
        public static String run() {
          setExceptionsEnabled(false);
          int result = cuInit(0);
          CUdevice device = new CUdevice();
          CUcontext context = new CUcontext();
          cuDeviceGet(device, 0);
          cuCtxCreate(context, 0, device);
          CUmodule module = new CUmodule();
          cuModuleLoad(module, "vector_add.ptx");
          CUfunction function = new CUfunction();
          cuModuleGetFunction(function, module, "add");
          int n = 1000;
          float[] input = new float[n];
          CUdeviceptr a = new CUdeviceptr();
          cuMemAlloc(a, n * Sizeof.FLOAT);
          cuMemcpyHtoD(a, Pointer.to(input), n * Sizeof.FLOAT);
          Pointer parameters =
              Pointer.to(Pointer.to(new int[] {n}), Pointer.to(a), Pointer.to(a), Pointer.to(a));
          cuLaunchKernel(function, 4, 1, 1, 256, 1, 1, 0, null, parameters, null);
          cuCtxSynchronize();
          CUstream stream = new CUstream();
          cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING);
          cuMemsetD32Async(a, 0, n, CU_STREAM_LEGACY);
          cuLaunchKernel(
              function, 4, 1, 1, 256, 1, 1, 0, stream, null,
              Pointer.to(CU_LAUNCH_PARAM_BUFFER_POINTER, a, CU_LAUNCH_PARAM_END));
          cuMemFree(a);
          return CUresult.stringFor(result);
        }
      }
      """;

  private static URLClassLoader compile(Path folder, String driver, List<Path> first)
      throws IOException {
    Path source = folder.resolve("VectorAdd.java");
    Files.writeString(source, PROGRAM.formatted(driver), StandardCharsets.UTF_8);
    String classPath =
        first.stream().map(Path::toString).collect(Collectors.joining(":"))
            + ":"
            + System.getProperty("java.class.path");
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      boolean compiled =
          compiler
              .getTask(
                  messages,
                  files,
                  null,
                  List.of("-proc:none", "-d", folder.toString(), "-classpath", classPath),
                  null,
                  files.getJavaFileObjects(source))
              .call();
      assertThat(compiled).as(messages.toString()).isTrue();
    }
    List<URL> urls = new java.util.ArrayList<>();
    urls.add(folder.toUri().toURL());
    for (Path each : first) {
      urls.add(each.toUri().toURL());
    }
    return new URLClassLoader(urls.toArray(URL[]::new), JCudaShapeTest.class.getClassLoader()) {
      @Override
      protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        // The drop-in comes first, as on a class path; JCuda's jar is in the parent.
        if (name.equals(DRIVER) && !first.isEmpty()) {
          Class<?> loaded = findLoadedClass(name);
          return loaded == null ? findClass(name) : loaded;
        }
        return super.loadClass(name, resolve);
      }
    };
  }

  private static String run(URLClassLoader loader) throws Exception {
    return (String) loader.loadClass("VectorAdd").getMethod("run").invoke(null);
  }

  @Test
  void aJCudaProgramWithOneChangedImportCompilesAndRuns(@TempDir Path folder) throws Exception {
    try (URLClassLoader program = compile(folder, RemoteDriver.class.getName(), List.of())) {
      // There is no server to be found here: that, and nothing about libraries, is what it says.
      assertThat(run(program)).isEqualTo("CUDA_ERROR_NO_DEVICE");
    }
  }

  @Test
  void anUnchangedJCudaProgramRunsWithTheDropInFirstOnTheClassPath(@TempDir Path folder)
      throws Exception {
    try (URLClassLoader program = compile(folder, DRIVER, List.of(DROP_IN))) {
      assertThat(run(program)).isEqualTo("CUDA_ERROR_NO_DEVICE");
    }
  }
}
