// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.ModuleDescription;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A domain with a stream and some memory, and the little that a test wants to do with it. */
final class DomainBench {
  static final long MEMORY_BYTES = 8 << 20;

  /** Where variables of modules go: behind the memory. */
  private static final long GLOBALS_BYTES = 1 << 20;

  final Domain domain;
  final long stream;
  final List<String> faults = Collections.synchronizedList(new ArrayList<>());
  private final AtomicLong nextGlobal;

  DomainBench(DriverBench bench) {
    domain = bench.open(DomainContractTest.SLAB_BYTES, (result, detail) -> faults.add(detail));
    domain.commit(memory(), MEMORY_BYTES);
    stream = domain.createStream(1, 0);
    nextGlobal = new AtomicLong(domain.slabAddress() + domain.slabBytes() - GLOBALS_BYTES);
  }

  long memory() {
    return domain.slabAddress();
  }

  long event() {
    return domain.createEvent(0);
  }

  /** Puts work on a stream and waits for its good end. */
  void awaiting(Consumer<WorkObserver> work) {
    awaitingOn(stream, work);
  }

  void awaitingOn(long onStream, Consumer<WorkObserver> work) {
    assertThat(onStream).isNotZero();
    var outcome = new Outcome();
    work.accept(outcome);
    assertThat(outcome.await()).isZero();
  }

  void write(long address, byte[] bytes) {
    assertThat(tryWrite(address, bytes)).isZero();
  }

  int tryWrite(long address, byte[] bytes) {
    var outcome = new Outcome();
    domain.copyToDevice(stream, address, ByteBuffer.wrap(bytes), outcome);
    return outcome.await();
  }

  byte[] read(long address, int bytes) {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    var read = new Outcome();
    awaiting(
        done ->
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
                done));
    assertThat(read.await()).isZero();
    return into.array();
  }

  ModuleDescription load(ByteBuffer image) {
    return domain.loadModule(
        image,
        (name, bytes, alignment) -> {
          long granule = domain.granuleBytes();
          long length = (bytes + granule - 1) / granule * granule;
          long address = nextGlobal.getAndAdd(length);
          domain.commit(address, length);
          return address;
        });
  }

  static FunctionDescription function(ModuleDescription module, String name) {
    return module.functions().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
