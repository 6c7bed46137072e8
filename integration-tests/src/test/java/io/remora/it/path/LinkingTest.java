// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import io.remora.it.remote.DeviceAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjitInputType;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUlinkState;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JITOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The driver's linker, through the whole path. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LinkingTest {
  private static final String HEADER = ".version 8.0\n.target sm_75\n.address_size 64\n";

  private static final String KERNEL =
      HEADER
          + """
          .extern .func (.param .b32 r) seven();
          .visible .entry store(.param .u64 out)
          {
            .reg .b32 %r<3>; .reg .b64 %d<3>;
            ld.param.u64 %d1, [out];
            { .param .b32 b; call (b), seven, (); ld.param.b32 %r1, [b]; }
            st.global.u32 [%d1], %r1;
            ret;
          }
          """;

  private static final String LIBRARY =
      HEADER
          + """
          .visible .func (.param .b32 r) seven()
          {
            st.param.b32 [r], 7;
            ret;
          }
          """;

  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) {
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private static Pointer bytes(String text) {
    return Pointer.to(text.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void twoTextsAreLinkedAndTheOutcomeIsAnImageThatLoads(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("library.ptx"), LIBRARY);
    try (TestSession session = new TestSession(server.settings())) {
      CUlinkState state = new CUlinkState();
      session.expectSuccess(session.cuda().cuLinkCreate(new JITOptions(), state));
      session.expectSuccess(
          session
              .cuda()
              .cuLinkAddData(
                  state,
                  CUjitInputType.CU_JIT_INPUT_PTX,
                  bytes(KERNEL),
                  KERNEL.length(),
                  "kernel.ptx",
                  new JITOptions()));
      session.expectSuccess(
          session
              .cuda()
              .cuLinkAddFile(
                  state, CUjitInputType.CU_JIT_INPUT_PTX, file.toString(), new JITOptions()));
      Pointer image = new Pointer();
      long[] size = new long[1];
      session.expectSuccess(session.cuda().cuLinkComplete(state, image, size));
      assertThat(size[0]).isGreaterThan(KERNEL.length() + LIBRARY.length());

      CUmodule module = new CUmodule();
      int[] options = {};
      session.expectSuccess(
          session.cuda().cuModuleLoadDataEx(module, image, 0, options, Pointer.to(new long[0])));
      session.expectSuccess(session.cuda().cuLinkDestroy(state));
      session.expect(session.cuda().cuLinkDestroy(state), CUresult.CUDA_ERROR_INVALID_HANDLE);
      CUfunction store = new CUfunction();
      session.expectSuccess(session.cuda().cuModuleGetFunction(store, module, "store"));
      DeviceAddress result = session.allocateZeros(Integer.BYTES);
      session.expectSuccess(session.launchOne(store, null, TestSession.parameter(result.value())));
      assertThat(session.readInt(result)).isEqualTo(7);
    }
  }

  @Test
  void whatIsMissingIsInTheErrorLog() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      JITOptions options = new JITOptions();
      byte[] log = new byte[1024];
      options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, log);
      options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, log.length);
      CUlinkState state = new CUlinkState();
      session.expectSuccess(session.cuda().cuLinkCreate(options, state));
      session.expectSuccess(
          session
              .cuda()
              .cuLinkAddData(
                  state,
                  CUjitInputType.CU_JIT_INPUT_PTX,
                  Pointer.toBuffer(ByteBuffer.wrap(KERNEL.getBytes(StandardCharsets.US_ASCII))),
                  KERNEL.length(),
                  "kernel.ptx",
                  new JITOptions()));
      session.expect(
          session.cuda().cuLinkComplete(state, new Pointer(), new long[1]),
          CUresult.CUDA_ERROR_INVALID_PTX);
      assertThat(options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER))
          .contains("defined nowhere: seven");
      session.expect(
          session
              .cuda()
              .cuLinkAddData(
                  state,
                  CUjitInputType.CU_JIT_INPUT_CUBIN,
                  bytes(KERNEL),
                  KERNEL.length(),
                  "x.cubin",
                  new JITOptions()),
          CUresult.CUDA_ERROR_NOT_SUPPORTED);
      session.expectSuccess(session.cuda().cuLinkDestroy(state));
    }
  }
}
