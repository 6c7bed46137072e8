// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Driver;
import io.remora.server.queue.DeviceQueue;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What all sessions of a server share.
 *
 * @param queues one for each device of the driver, by ordinal
 * @param spills one for each device, by ordinal
 * @param workers runs what may block or must not run on driver threads; never rejects for load
 * @param loaders runs module loads; few threads
 * @param delays runs what must wait
 * @param renewal makes devices usable again
 * @param nanoClock as {@link System#nanoTime}
 * @param serverVersion for the handshake
 * @param use knows what other sessions do
 * @param tickets by which other servers read device memory of sessions
 * @param members the way to such servers
 */
record SessionServices(
    Driver driver,
    List<DeviceQueue> queues,
    List<DeviceSpill> spills,
    ModuleImageCache images,
    SessionLimits limits,
    Executor workers,
    Executor loaders,
    Delays delays,
    DeviceRenewal renewal,
    LongSupplier nanoClock,
    String serverVersion,
    DeviceUse.Source use,
    ReadTickets tickets,
    Supplier<MemberReads> members) {
  SessionServices {
    queues = List.copyOf(queues);
    spills = List.copyOf(spills);
  }

  /** Runs something of a session after a while, on its serial executor, unless it has ended. */
  void later(ClientSession session, long nanos, Runnable task) {
    delays.after(
        nanos,
        () ->
            session
                .serial()
                .execute(
                    () -> {
                      if (!session.isEnded()) {
                        task.run();
                      }
                    }));
  }
}
