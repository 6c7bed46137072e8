// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.server.driver.software.SoftwareDeviceConfig;
import io.remora.server.driver.software.SoftwareDriver;
import io.remora.v1.CUresult;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Memory that is promised to more sessions than the device has room for, on real device memory. */
final class ResidencyTest {
  private static final int GRANULE = 64 << 10;
  private static final int DEVICE_GRANULES = 16;
  private static final long SLAB_BYTES = 1 << 22;
  private static final long HOST_BYTES = 64L * GRANULE;
  private static final String VARIABLE =
      ".version 8.0\n.target sm_75\n.address_size 64\n.visible .global .align 4 .u32 counter;\n";

  /** Leaves a number in the kernels' heap. */
  private static final String ALLOCATION =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .extern .func (.param .b64 address) malloc (.param .b64 bytes);
      .visible .entry keep()
      {
        .reg .b64 %block;
        .reg .b32 %n;
        .param .b64 bytes;
        .param .b64 block;
        mov.u64 %block, 64;
        st.param.b64 [bytes], %block;
        call (block), malloc, (bytes);
        ld.param.b64 %block, [block];
        mov.u32 %n, 77;
        st.u32 [%block], %n;
        ret;
      }
      """;

  private final SoftwareDriver driver =
      new SoftwareDriver(new SoftwareDeviceConfig(1, DEVICE_GRANULES * GRANULE, 1, 121, "test"));
  private final AtomicLong hostBytes = new AtomicLong(HOST_BYTES);
  private final Deque<Runnable> workers = new ArrayDeque<>();
  private final Deque<Runnable> delayed = new ArrayDeque<>();
  private long nanos = 1_000_000_000;
  private final DeviceSpill spill =
      new DeviceSpill(hostBytes, workers::add, (later, task) -> delayed.add(task), () -> nanos);
  private final List<Owner> owners = new ArrayList<>();

  /** A session's memory and what should be in it. */
  private final class Owner {
    Domain domain;
    final Residency residency;
    final Map<Integer, Byte> expected = new HashMap<>();
    int uses;

    Owner(Domain domain) {
      this.domain = domain;
      this.residency = new Residency(domain, spill);
    }

    boolean commit(int granule) {
      try {
        residency.commit(address(granule), GRANULE);
      } catch (DriverException full) {
        return false;
      }
      expected.put(granule, (byte) 0);
      return true;
    }

    void decommit(int granule) {
      expected.remove(granule);
      residency.decommit(address(granule), GRANULE);
    }

    long address(int granule) {
      return domain.slabAddress() + (long) granule * GRANULE;
    }

    /** Looks at all of it and changes one granule, as a kernel would. */
    void use(int granule, byte value) {
      residency.enter(
          () -> {
            expected.forEach(
                (each, content) -> {
                  ByteBuffer read = ByteBuffer.allocate(GRANULE);
                  domain.save(address(each), read);
                  assertThat(read.get(0)).as("granule %s", each).isEqualTo(content);
                  assertThat(read.get(GRANULE - 1)).as("granule %s", each).isEqualTo(content);
                });
            if (expected.containsKey(granule)) {
              ByteBuffer full = ByteBuffer.allocate(GRANULE);
              for (int i = 0; i < GRANULE; i++) {
                full.put(i, value);
              }
              domain.restore(address(granule), full);
              expected.put(granule, value);
            }
            uses++;
            residency.leave();
          });
    }

    void close() {
      residency.close();
      domain.close();
      residency.domainClosed();
    }
  }

  private Domain open() {
    return driver.open(
        0, SLAB_BYTES, TakenAddresses.NONE, (result, detail) -> {}, PrintListener.NONE);
  }

  private Owner owner() {
    Owner owner = new Owner(open());
    owners.add(owner);
    return owner;
  }

  /** Lets time pass until nothing waits. */
  private void settle() {
    while (!workers.isEmpty() || !delayed.isEmpty()) {
      Runnable next = workers.isEmpty() ? delayed.remove() : workers.remove();
      nanos += DeviceSpill.IDLE_NANOS;
      next.run();
    }
  }

  @AfterEach
  void close() {
    owners.forEach(Owner::close);
    driver.close();
    assertThat(hostBytes).hasValue(HOST_BYTES);
  }

  @Test
  void memoryThatADriverCannotRestoreLetsTheOthersHaveTheirTurn() {
    Owner unlucky = new Owner(refusingToRestore(open()));
    owners.add(unlucky);
    Owner other = owner();
    assertThat(unlucky.commit(0) && other.commit(0)).isTrue();
    assertThat(unlucky.residency.spill()).isEqualTo(GRANULE);
    assertThat(other.residency.spill()).isEqualTo(GRANULE);
    int[] told = {0};
    unlucky.residency.enter(
        () -> {
          told[0]++;
          unlucky.residency.leave();
        });
    other.use(0, (byte) 7);

    settle();

    assertThat(told[0]).isEqualTo(1);
    assertThat(other.uses).isEqualTo(1);
  }

  /** As a domain whose device is lost meanwhile. */
  private static Domain refusingToRestore(Domain domain) {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          if (method.getName().equals("restore")) {
            throw new DriverException(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE, "lost");
          }
          return method.invoke(domain, arguments);
        };
    return (Domain)
        Proxy.newProxyInstance(
            Domain.class.getClassLoader(), new Class<?>[] {Domain.class}, handler);
  }

  @Test
  void theLeastRecentlyUsedMakesRoomFirst() {
    List<Owner> three = List.of(owner(), owner(), owner());
    for (Owner each : three) {
      for (int granule = 0; granule < 5; granule++) {
        assertThat(each.commit(granule)).isTrue();
      }
    }
    for (int i : new int[] {2, 0, 1}) {
      nanos += 1_000;
      three.get(i).use(0, (byte) 1);
    }
    nanos += DeviceSpill.IDLE_NANOS;
    Owner newcomer = owner();
    assertThat(spill.makeRoom(GRANULE, newcomer.residency)).isTrue();
    assertThat(three.get(2).residency.idleNanos(nanos)).as("away").isEqualTo(-1);
    assertThat(three.get(0).residency.idleNanos(nanos)).isPositive();
    assertThat(three.get(1).residency.idleNanos(nanos)).isPositive();
    assertThat(hostBytes).hasValue(HOST_BYTES - 5L * GRANULE);
  }

  @Test
  void memoryInUseStays() {
    Owner busy = owner();
    assertThat(busy.commit(0)).isTrue();
    busy.residency.enter(() -> {});
    nanos += 2 * DeviceSpill.IDLE_NANOS;
    assertThat(spill.makeRoom(GRANULE, owner().residency)).isFalse();
    busy.residency.leave();
  }

  @Test
  void useThatComesWhileTheMemoryIsAwayKeepsItsOrder() {
    Owner idle = owner();
    assertThat(idle.commit(0)).isTrue();
    idle.use(0, (byte) 5);
    nanos += DeviceSpill.IDLE_NANOS;
    assertThat(spill.makeRoom(GRANULE, owner().residency)).isTrue();
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      int number = i;
      idle.residency.enter(
          () -> {
            order.add(number);
            idle.residency.leave();
          });
    }
    assertThat(order).isEmpty();
    settle();
    assertThat(order).containsExactly(0, 1, 2, 3, 4);
    idle.use(0, (byte) 6);
    assertThat(idle.uses).isEqualTo(2);
  }

  @RepeatedTest(10)
  void noByteIsEverWrongWhateverGoesAndComesBack() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 4; i++) {
      owner();
    }
    int asked = 0;
    for (int step = 0; step < 600; step++) {
      Owner owner = owners.get(random.nextInt(owners.size()));
      int granule = random.nextInt(10);
      nanos += random.nextLong(DeviceSpill.IDLE_NANOS);
      switch (random.nextInt(4)) {
        case 0 -> {
          if (!owner.expected.containsKey(granule) && !owner.commit(granule)) {
            boolean unused = spill.makeRoom(GRANULE, owner.residency);
          }
        }
        case 1 -> {
          if (owner.expected.containsKey(granule) && random.nextInt(3) == 0) {
            owner.decommit(granule);
          }
        }
        default -> {
          owner.use(granule, (byte) random.nextInt());
          asked++;
          settle();
        }
      }
    }
    settle();
    assertThat(owners.stream().mapToInt(owner -> owner.uses).sum()).isEqualTo(asked);
  }

  @Test
  void aSuccessorGetsWhatIsOnTheDeviceAndTheRestWhenItIsUsed() {
    Owner owner = owner();
    for (int granule = 0; granule < 4; granule++) {
      assertThat(owner.commit(granule)).isTrue();
    }
    // A variable of a module lies in granule 2.
    Domain.ModuleDescription loaded =
        owner.domain.loadModule(
            ByteBuffer.wrap(VARIABLE.getBytes(StandardCharsets.UTF_8)),
            (name, bytes, alignment) -> owner.address(2));
    for (int granule = 0; granule < 4; granule++) {
      owner.use(granule, (byte) (10 + granule));
    }
    assertThat(owner.residency.spill()).isEqualTo(4L * GRANULE);
    assertThat(owner.commit(5)).isTrue();
    assertThat(owner.residency.deviceBytes()).isEqualTo(GRANULE);

    Domain before = owner.domain;
    DomainImage image = before.image();
    Domain successor = driver.reopen(0, image, (result, detail) -> {}, PrintListener.NONE);
    owner.residency.moveTo(successor, image, null);
    owner.domain = successor;
    before.close();

    assertThat(loaded.globals()).hasSize(1);
    assertThat(owner.residency.deviceBytes()).as("5 and the variable's").isEqualTo(2L * GRANULE);
    owner.use(5, (byte) 15);
    settle();
    owner.use(0, (byte) 20);
    assertThat(owner.uses).isEqualTo(6);
    assertThat(owner.residency.deviceBytes()).isEqualTo(5L * GRANULE);
    assertThat(hostBytes).hasValue(HOST_BYTES);
  }

  @Test
  void aSuccessorGetsWhatKernelsHaveAllocated() throws InterruptedException {
    Owner owner = owner();
    Domain before = owner.domain;
    assertThat(before.limitHeap(GRANULE)).isTrue();
    long function =
        before
            .loadModule(
                ByteBuffer.wrap(ALLOCATION.getBytes(StandardCharsets.UTF_8)),
                (name, bytes, alignment) -> owner.address(0))
            .functions()
            .get(0)
            .function();
    CountDownLatch done = new CountDownLatch(1);
    before.launch(
        before.createStream(1, 0),
        new Domain.Launch(function, 1, 1, 1, 1, 1, 1, 0, false, ByteBuffer.allocate(0)),
        (result, deviceNanos) -> done.countDown());
    done.await();
    DomainImage image = before.image();
    Domain successor = driver.reopen(0, image, (result, detail) -> {}, PrintListener.NONE);
    owner.residency.moveTo(successor, image, null);
    owner.domain = successor;
    before.close();
    ByteBuffer content = ByteBuffer.allocate(4);
    successor.save(Objects.requireNonNull(image.usedHeap()).start(), content);
    assertThat(content.array()).containsExactly(77, 0, 0, 0);
  }

  @Test
  void whoEndsWhileTheMemoryIsAwayLeavesNothingBehind() {
    Owner idle = owner();
    assertThat(idle.commit(0)).isTrue();
    nanos += DeviceSpill.IDLE_NANOS;
    assertThat(spill.makeRoom(GRANULE, owner().residency)).isTrue();
    boolean[] ran = {false};
    idle.residency.enter(() -> ran[0] = true);
    owners.remove(idle);
    idle.close();
    assertThat(ran[0]).as("what waited is refused by the closed domain").isTrue();
    settle();
    assertThat(hostBytes).hasValue(HOST_BYTES);
  }
}
