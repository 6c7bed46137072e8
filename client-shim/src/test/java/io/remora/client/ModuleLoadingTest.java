// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static io.remora.client.TestCalls.ok;
import static io.remora.client.TestCalls.outputs;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.FakeServer.Behaviour;
import io.remora.client.FakeServer.ReceivedCall;
import io.remora.client.FakeServer.Session;
import io.remora.client.generated.Calls;
import io.remora.v1.FunctionInfo;
import io.remora.v1.FunctionParameter;
import io.remora.v1.RemoteResult;
import io.remora.wire.WireReader;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JITOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Modules: the image travels once, functions are looked up once, launches need nothing. */
@Timeout(60)
final class ModuleLoadingTest {
  /** Knows images by hash, and one kernel of three parameters. */
  private static final class ImageServer implements Behaviour {
    final Set<String> known = ConcurrentHashMap.newKeySet();
    final ByteArrayOutputStream uploaded = new ByteArrayOutputStream();

    @Override
    public void onCall(Session session, ReceivedCall call) {
      switch (call.number()) {
        case Calls.CU_MODULE_LOAD_DATA -> load(session, call, 3);
        case Calls.CU_MODULE_LOAD_DATA_EX -> load(session, call, 6);
        case Calls.REMORA_UPLOAD_IMAGE -> {
          known.add(HexFormat.of().formatHex(field(call, 1)));
          uploaded.writeBytes(field(call, 4));
        }
        case Calls.CU_MODULE_GET_FUNCTION ->
            session.answer(call, outputs(out -> out.bytes(15, info().toByteArray())));
        default -> Behaviour.super.onCall(session, call);
      }
    }

    private void load(Session session, ReceivedCall call, int hashField) {
      if (!known.contains(HexFormat.of().formatHex(field(call, hashField)))) {
        session.fail(call, RemoteResult.IMAGE_NEEDED_VALUE, "");
      } else if (call.number() == Calls.CU_MODULE_LOAD_DATA_EX) {
        session.answer(
            call,
            outputs(
                out -> {
                  out.string(8, "compiled well");
                  out.float32(9, 2.5f);
                }));
      } else {
        session.answer(call, new byte[0]);
      }
    }

    private static FunctionInfo info() {
      return FunctionInfo.newBuilder()
          .setName("kernel")
          .putAttributes(0, 256)
          .addParameters(FunctionParameter.newBuilder().setOffset(0).setSize(8))
          .addParameters(FunctionParameter.newBuilder().setOffset(8).setSize(4))
          .addParameters(FunctionParameter.newBuilder().setOffset(16).setSize(8))
          .build();
    }

    static byte[] field(ReceivedCall call, int wanted) {
      WireReader in = call.reader();
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag >>> 3 == wanted) {
          return in.readBytes();
        }
        in.skip(tag);
      }
      return new byte[0];
    }
  }

  @Test
  void anImageIsUploadedOnlyWhereTheServerLacksIt() throws Exception {
    ImageServer images = new ImageServer();
    String ptx = ".version 8.0\n".repeat(200_000);
    try (FakeServer server = new FakeServer(images);
        RemoteCuda cuda = server.connect()) {
      CUmodule first = new CUmodule();
      CUmodule second = new CUmodule();
      ok(cuda.cuModuleLoadData(first, ptx));
      ok(cuda.cuModuleLoadData(second, (ptx + "\0and rubbish").getBytes(StandardCharsets.UTF_8)));
      assertThat(images.uploaded.toString(StandardCharsets.UTF_8)).isEqualTo(ptx);
      assertThat(second).isNotEqualTo(first);
      assertThat(server.session().callsOf(Calls.CU_MODULE_LOAD_DATA)).hasSize(3);
    }
  }

  @Test
  void logsOfTheCompilationComeBackInTheOptions() throws Exception {
    try (FakeServer server = new FakeServer(new ImageServer());
        RemoteCuda cuda = server.connect()) {
      JITOptions options = new JITOptions();
      options.putInt(CUjit_option.CU_JIT_OPTIMIZATION_LEVEL, 3);
      options.putBytes(CUjit_option.CU_JIT_INFO_LOG_BUFFER, new byte[9]);
      options.put(CUjit_option.CU_JIT_WALL_TIME);
      byte[] image = ".version 8.0\0".getBytes(StandardCharsets.UTF_8);
      ok(cuda.cuModuleLoadDataJIT(new CUmodule(), Pointer.to(image), options));
      assertThat(options.getString(CUjit_option.CU_JIT_INFO_LOG_BUFFER)).startsWith("compiled");
      assertThat(options.getFloat(CUjit_option.CU_JIT_WALL_TIME)).isEqualTo(2.5f);
    }
  }

  @Test
  void aFunctionIsLookedUpOnceAndLaunchedWithoutWaiting() throws Exception {
    try (FakeServer server = new FakeServer(new ImageServer());
        RemoteCuda cuda = server.connect()) {
      CUmodule module = new CUmodule();
      ok(cuda.cuModuleLoadData(module, ".version 8.0"));
      CUfunction function = new CUfunction();
      CUfunction again = new CUfunction();
      ok(cuda.cuModuleGetFunction(function, module, "kernel"));
      ok(cuda.cuModuleGetFunction(again, module, "kernel"));
      assertThat(again).isEqualTo(function);
      assertThat(server.session().callsOf(Calls.CU_MODULE_GET_FUNCTION)).hasSize(1);

      long waits = cuda.stats().callsWaited();
      CUdeviceptr memory = TestCalls.pointer(0x1122334455L);
      Pointer parameters =
          Pointer.to(
              Pointer.to(memory.withByteOffset(1)),
              Pointer.to(new float[] {1.5f}),
              Pointer.to(new double[] {-2.25}));
      ok(cuda.cuLaunchKernel(function, 4, 1, 1, 256, 1, 1, 0, null, parameters, null));
      assertThat(cuda.stats().callsWaited()).isEqualTo(waits);
      ok(cuda.cuCtxSynchronize());

      ReceivedCall launch = server.session().callsOf(Calls.CU_LAUNCH_KERNEL).get(0);
      java.nio.ByteBuffer packed =
          java.nio.ByteBuffer.wrap(ImageServer.field(launch, 10))
              .order(java.nio.ByteOrder.nativeOrder());
      assertThat(packed.capacity()).isEqualTo(24);
      assertThat(packed.getLong(0)).isEqualTo(0x1122334456L);
      assertThat(packed.getFloat(8)).isEqualTo(1.5f);
      assertThat(packed.getDouble(16)).isEqualTo(-2.25);
    }
  }

  @Test
  void launchesThatCanNotBeRightAreRefusedAtOnceAndExplained() throws Exception {
    try (FakeServer server = new FakeServer(new ImageServer());
        RemoteCuda cuda = server.connect()) {
      CUmodule module = new CUmodule();
      CUfunction function = new CUfunction();
      ok(cuda.cuModuleLoadData(module, ".version 8.0"));
      ok(cuda.cuModuleGetFunction(function, module, "kernel"));
      Pointer two = Pointer.to(Pointer.to(new long[1]), Pointer.to(new int[1]));
      assertThat(cuda.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, null, two, null))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
      assertThat(cuda.lastErrorDetail()).contains("kernel has 3 parameters, 2 were given");
      Pointer small =
          Pointer.to(Pointer.to(new long[1]), Pointer.to(new int[1]), Pointer.to(new int[1]));
      assertThat(cuda.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, null, small, null))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
      assertThat(cuda.lastErrorDetail()).contains("parameter 3").contains("8 bytes");
      assertThat(cuda.cuLaunchKernel(function, 1, 1, 1, 2000, 1, 1, 0, null, two, null))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
      assertThat(cuda.cuLaunchKernel(function, 0, 1, 1, 1, 1, 1, 0, null, two, null))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
      assertThat(cuda.cuLaunchKernel(new CUfunction(), 1, 1, 1, 1, 1, 1, 0, null, two, null))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE);
      ok(cuda.cuModuleUnload(module));
      assertThat(cuda.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, null, two, null))
          .isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE);
    }
  }

  @Test
  void parametersMayBeLaidOutByTheProgram() throws Exception {
    try (FakeServer server = new FakeServer(new ImageServer());
        RemoteCuda cuda = server.connect()) {
      CUmodule module = new CUmodule();
      CUfunction function = new CUfunction();
      ok(cuda.cuModuleLoadData(module, ".version 8.0"));
      ok(cuda.cuModuleGetFunction(function, module, "kernel"));
      byte[] packed = new byte[24];
      packed[8] = 42;
      Pointer extra =
          Pointer.to(
              RemoteDriver.CU_LAUNCH_PARAM_BUFFER_POINTER,
              Pointer.to(packed),
              RemoteDriver.CU_LAUNCH_PARAM_BUFFER_SIZE,
              Pointer.to(new long[] {24}),
              RemoteDriver.CU_LAUNCH_PARAM_END);
      ok(cuda.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, null, null, extra));
      ok(cuda.cuCtxSynchronize());
      ReceivedCall launch = server.session().callsOf(Calls.CU_LAUNCH_KERNEL).get(0);
      assertThat(ImageServer.field(launch, 10)).isEqualTo(packed);
    }
  }

  @Test
  void aFileThatIsNotThereIsSaidToBeNotFound() throws Exception {
    try (FakeServer server = new FakeServer();
        RemoteCuda cuda = server.connect()) {
      assertThat(cuda.cuModuleLoad(new CUmodule(), "/no/such/file.ptx"))
          .isEqualTo(CUresult.CUDA_ERROR_FILE_NOT_FOUND);
    }
  }
}
