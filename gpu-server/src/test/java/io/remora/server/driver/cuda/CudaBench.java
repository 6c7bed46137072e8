// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.Domain;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.server.driver.WorkObserver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A driver with sessions that have some memory, a stream and a module of the null driver. */
final class CudaBench implements AutoCloseable {
  static final long SLAB_BYTES = 512L << 20;
  static final long MEMORY_BYTES = 8L << 20;
  private static final int THREADS = 32;
  private static final String PTX =
      """
      .version 8.0
      .target sm_80
      .address_size 64
      .visible .global .align 4 .b8 counters[64];
      .visible .entry null_fill(.param .u64 words, .param .u32 value, .param .u32 count) { ret; }
      .visible .entry null_spin(.param .u64 micros) { ret; }
      .visible .entry nothing() { ret; }
      """;

  final CudaDriver driver;
  private final List<Session> sessions = new ArrayList<>();

  CudaBench(CudaDriver driver) {
    this.driver = driver;
  }

  Session session() {
    Session session = new Session();
    sessions.add(session);
    return session;
  }

  /** Waits for a condition, with a bound. */
  static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("the condition holds in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  /** How a work ended. */
  static final class End implements WorkObserver {
    private final CompletableFuture<Integer> result = new CompletableFuture<>();
    private volatile long nanos;

    @Override
    public void onDone(int endResult, long deviceNanos) {
      nanos = deviceNanos;
      result.complete(endResult);
    }

    int await() {
      return result.orTimeout(20, TimeUnit.SECONDS).join();
    }

    long deviceNanos() {
      return nanos;
    }
  }

  /** A domain. */
  final class Session {
    final List<String> faults = Collections.synchronizedList(new ArrayList<>());
    final Domain domain;
    final long stream;
    final Domain.ModuleDescription module;

    Session() {
      domain =
          driver.open(
              0,
              SLAB_BYTES,
              TakenAddresses.NONE,
              (result, detail) -> faults.add(detail),
              PrintListener.NONE);
      domain.commit(domain.slabAddress(), MEMORY_BYTES);
      stream = domain.createStream(1, 0);
      module = loadAgain();
    }

    Domain.ModuleDescription loadAgain() {
      return domain.loadModule(
          ByteBuffer.wrap(PTX.getBytes(StandardCharsets.UTF_8)),
          (name, bytes, alignment) -> {
            throw new AssertionError("a real driver places its variables itself");
          });
    }

    long memory() {
      return domain.slabAddress();
    }

    /** Launches a kernel with the parameters of null_fill and waits for its end. */
    int launch(String kernel, long words, int value, int count) {
      return launchOnly(kernel, words, value, count).await();
    }

    End launchOnly(String kernel, long words, int value, int count) {
      Domain.FunctionDescription function =
          module.functions().stream()
              .filter(each -> each.name().equals(kernel))
              .findFirst()
              .orElseThrow();
      ByteBuffer parameters =
          ByteBuffer.allocate(16)
              .order(ByteOrder.nativeOrder())
              .putLong(words)
              .putInt(value)
              .putInt(count)
              .flip();
      assertThat(function.parameterBytes()).isEqualTo(parameters.remaining());
      End end = new End();
      domain.launch(
          stream,
          new Domain.Launch(function.function(), 1, 1, 1, THREADS, 1, 1, 0, false, parameters),
          end);
      return end;
    }

    int write(long address, byte[] bytes) {
      End end = new End();
      domain.copyToDevice(stream, address, ByteBuffer.wrap(bytes), end);
      return end.await();
    }

    byte[] read(long address, int bytes) {
      ByteBuffer into = ByteBuffer.allocate(bytes);
      End end = new End();
      End read = new End();
      domain.copyToHost(
          stream,
          address,
          bytes,
          from ->
              from.read(
                  0,
                  into,
                  (result, nanos) -> {
                    read.onDone(result, nanos);
                    from.finish();
                  }),
          end);
      assertThat(end.await()).isZero();
      assertThat(read.await()).isZero();
      return into.array();
    }

    List<Integer> readInts(long address, int count) {
      ByteBuffer bytes =
          ByteBuffer.wrap(read(address, count * Integer.BYTES)).order(ByteOrder.nativeOrder());
      List<Integer> values = new ArrayList<>();
      while (bytes.hasRemaining()) {
        values.add(bytes.getInt());
      }
      return values;
    }
  }

  @Override
  public void close() {
    sessions.forEach(session -> session.domain.close());
    driver.close();
  }
}
