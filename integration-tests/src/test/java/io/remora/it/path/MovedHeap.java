// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.remote.DeviceAddress;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;

/** Memory that kernels have allocated, and only they know where. */
final class MovedHeap {
  /** More than one piece of what goes from server to server. */
  private static final int BLOCK_BYTES = 2 << 20;

  private static final String PTX =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .extern .func (.param .b64 address) malloc (.param .b64 bytes);
      .extern .func free (.param .b64 address);
      // Leaves a number at both ends of a new block.
      .visible .entry keep(.param .u64 slot, .param .u64 value, .param .u64 length)
      {
        .reg .b64 %slot, %size, %block;
        .reg .b32 %n;
        .param .b64 bytes;
        .param .b64 block;
        ld.param.u64 %slot, [slot];
        ld.param.u64 %size, [length];
        ld.param.u32 %n, [value];
        st.param.b64 [bytes], %size;
        call (block), malloc, (bytes);
        ld.param.b64 %block, [block];
        st.global.u64 [%slot], %block;
        st.u32 [%block], %n;
        add.u64 %block, %block, %size;
        st.u32 [%block+-4], %n;
        ret;
      }
      // Adds both numbers, and gives the block back.
      .visible .entry sum(.param .u64 slot, .param .u64 into, .param .u64 length)
      {
        .reg .b64 %slot, %into, %size, %block, %end;
        .reg .b32 %n, %m;
        .param .b64 block;
        ld.param.u64 %slot, [slot];
        ld.param.u64 %into, [into];
        ld.param.u64 %size, [length];
        ld.global.u64 %block, [%slot];
        add.u64 %end, %block, %size;
        ld.u32 %n, [%block];
        ld.u32 %m, [%end+-4];
        add.u32 %n, %n, %m;
        st.global.u32 [%into], %n;
        st.param.b64 [block], %block;
        call free, (block);
        ret;
      }
      """;

  private final TestSession session;
  private final CUfunction keep = new CUfunction();
  private final CUfunction sum = new CUfunction();
  private final DeviceAddress slot;
  private final DeviceAddress into;
  private int value = 100;

  MovedHeap(TestSession session) {
    this.session = session;
    CUmodule module = new CUmodule();
    session.expectSuccess(session.cuda().cuModuleLoadData(module, PTX));
    session.expectSuccess(session.cuda().cuModuleGetFunction(keep, module, "keep"));
    session.expectSuccess(session.cuda().cuModuleGetFunction(sum, module, "sum"));
    slot = session.allocateZeros(Long.BYTES);
    into = session.allocateZeros(Integer.BYTES);
    allocate();
  }

  private void allocate() {
    launch(keep, TestSession.parameter((long) value));
  }

  private void launch(CUfunction function, Pointer second) {
    session.expectSuccess(
        session.launchOne(
            function, null, Pointer.to(slot), second, TestSession.parameter((long) BLOCK_BYTES)));
  }

  /** Looks at the block, gives it back, and has another one. */
  void goOn() {
    launch(sum, Pointer.to(into));
    assertThat(session.readInt(into)).isEqualTo(2 * value);
    value++;
    allocate();
  }
}
