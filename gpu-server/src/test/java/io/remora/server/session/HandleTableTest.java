// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HandleTableTest {
  private static final long FIRST = HandleTable.FIRST_HANDLE;

  @Test
  void aHandleInUseIsRefused() {
    HandleTable<String> table = new HandleTable<>(10);

    assertThat(table.put(FIRST, "a")).isTrue();
    assertThat(table.put(FIRST, "b")).isFalse();
    assertThat(table.get(FIRST)).isEqualTo("a");
  }

  @Test
  void smallNumbersBelongToTheServer() {
    HandleTable<String> table = new HandleTable<>(10);

    assertThat(table.put(0, "a")).isFalse();
    assertThat(table.put(FIRST - 1, "a")).isFalse();
    assertThat(table.get(0)).isNull();
    assertThat(table.remove(0)).isNull();
  }

  @Test
  void handlesMayHaveTheHighestBit() {
    HandleTable<String> table = new HandleTable<>(10);

    assertThat(table.put(-1, "a")).isTrue();
    assertThat(table.get(-1)).isEqualTo("a");
  }

  @Test
  void theTableIsBounded() {
    HandleTable<String> table = new HandleTable<>(2);
    table.put(FIRST, "a");
    table.put(FIRST + 1, "b");

    assertThat(table.put(FIRST + 2, "c")).isFalse();
    table.remove(FIRST);
    assertThat(table.put(FIRST + 2, "c")).isTrue();
  }

  @Test
  void behavesAsAMapUnderRandomUse() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("HandleTableTest -Dseed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    HandleTable<Long> table = new HandleTable<>(500);
    Map<Long, Long> model = new HashMap<>();
    for (int step = 0; step < 200_000; step++) {
      long handle = handle(random);
      switch (random.nextInt(3)) {
        case 0 -> {
          boolean expected = model.size() < 500 && !model.containsKey(handle);
          assertThat(table.put(handle, (long) step)).isEqualTo(expected);
          if (expected) {
            model.put(handle, (long) step);
          }
        }
        case 1 -> assertThat(table.remove(handle)).isEqualTo(model.remove(handle));
        default -> assertThat(table.get(handle)).isEqualTo(model.get(handle));
      }
      assertThat(table.size()).isEqualTo(model.size());
    }
    assertThat(table.values()).containsExactlyInAnyOrderElementsOf(model.values());
  }

  /** Consecutive handles as a well-behaved client mints, with far ones that collide. */
  private static long handle(SplittableRandom random) {
    long near = FIRST + random.nextInt(800);
    return random.nextInt(4) == 0 ? near << 33 : near;
  }
}
