// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.remora.server.driver.TakenAddresses;
import io.remora.v1.AddressRange;
import io.remora.v1.Hello;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a client may say of the other sessions that it has. */
final class MachinePartTest {
  private static MachinePart read(io.remora.v1.MachinePart.Builder part) {
    return MachinePart.of(Hello.newBuilder().setPart(part).build());
  }

  private static io.remora.v1.MachinePart.Builder part(int index, int first) {
    return io.remora.v1.MachinePart.newBuilder().setIndex(index).setFirstDevice(first);
  }

  private static AddressRange range(long address, long bytes) {
    return AddressRange.newBuilder().setAddress(address).setBytes(bytes).build();
  }

  @Test
  void aClientThatSaysNothingHasOnlyThisSession() {
    assertThat(MachinePart.of(Hello.getDefaultInstance())).isEqualTo(MachinePart.ONLY);
    assertThat(MachinePart.ONLY.own(1L << 62)).isEqualTo(1L << 62);
  }

  @Test
  void numbersOfTheServersOwnTellWhichSessionTheyAreOf() {
    MachinePart part = read(part(3, 7).addTaken(range(1L << 40, 1L << 30)));
    assertThat(part.firstDevice()).isEqualTo(7);
    assertThat(part.own(1L << 62 | 5)).isEqualTo(1L << 62 | 3L << 48 | 5);
    assertThat(part.taken().overlap((1L << 40) - 1, 2)).isTrue();
    assertThat(part.taken().overlap((1L << 40) + (1L << 30), 1L << 40)).isFalse();
  }

  @Test
  void whatCanNotBeIsRefused() {
    for (var wrong :
        List.of(
            part(64, 0),
            part(-1, 0),
            part(1, 40_000),
            part(1, -1),
            part(1, 1).addTaken(range(-1, 1)),
            part(1, 1).addTaken(range(0, 0)),
            part(1, 1).addTaken(range(1, Long.MAX_VALUE)))) {
      assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> read(wrong));
    }
  }

  @Test
  void nothingOverlapsNothing() {
    assertThat(TakenAddresses.NONE.overlap(0, Long.MAX_VALUE)).isFalse();
  }
}
