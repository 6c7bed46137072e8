// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.Driver;
import io.remora.server.metrics.Replacements;
import io.remora.server.queue.DeviceQueue;
import io.remora.server.session.generated.Calls;
import io.remora.server.tenant.TenantGrant;
import io.remora.v1.Hello;
import io.remora.v1.SessionImage;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The server's sessions: opens them, and owns the threads that they share. */
public final class Sessions implements SessionFactory, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Sessions.class);
  private static final int ID_BYTES = 8;
  private static final long IDLE_SECONDS = 30;
  private static final int GRACE_MILLIS_MAX = 24 * 3600 * 1000;
  private static final long CLOSE_SECONDS_MAX = 10;

  private volatile DeviceUse.Source use = (tenant, device) -> DeviceUse.NONE;
  private volatile MemberReads members = MemberReads.NONE;
  private final SessionServices services;
  private final ExecutorService workers;
  private final ExecutorService loaders;
  private final ScheduledThreadPoolExecutor delays;
  private final SecureRandom random = new SecureRandom();
  private final int graceMillis;

  /**
   * @param queues one for each device of the driver, by ordinal
   * @param spillBytesMax host memory for the device memory of idle sessions, on all devices; 0:
   *     none
   * @param loaderThreads how many module loads run at once, in all sessions
   * @param resumeGrace how long a session waits for a client whose connection was cut; 0: not at
   *     all
   * @param replacements keeps count of faults that ended more than a session
   * @param nanoClock as {@link System#nanoTime}
   */
  public Sessions(
      Driver driver,
      List<DeviceQueue> queues,
      ModuleImageCache images,
      SessionLimits limits,
      long spillBytesMax,
      int loaderThreads,
      Duration resumeGrace,
      Replacements replacements,
      LongSupplier nanoClock,
      String serverVersion) {
    graceMillis = (int) resumeGrace.toMillis();
    // As many threads as there are sessions that open, close or are taken over from driver threads
    // right now; sessions are limited by the tenants' grants.
    workers =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            named("remora-session-worker-"));
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            loaderThreads,
            loaderThreads,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            // Bounded by SessionLimits.loadsMax of each session.
            new LinkedBlockingQueue<>(),
            named("remora-module-loader-"));
    pool.allowCoreThreadTimeOut(true);
    loaders = pool;
    delays = new ScheduledThreadPoolExecutor(1, named("remora-session-delay-"));
    delays.setRemoveOnCancelPolicy(true);
    services =
        new SessionServices(
            driver,
            queues,
            spills(queues.size(), spillBytesMax, nanoClock),
            images,
            limits,
            workers,
            loaders,
            this::runAfter,
            new DeviceRenewal(driver, replacements, workers),
            nanoClock,
            serverVersion,
            (tenant, device) -> use.of(tenant, device),
            new ReadTickets(nanoClock, random),
            () -> members);
  }

  /** Tells how sessions reach other members of the pool; they don't before. */
  public void setMembers(MemberReads reads) {
    members = reads;
  }

  /** What other members show to read device memory of sessions. */
  public ReadTickets tickets() {
    return services.tickets();
  }

  /** Tells who knows how devices are used; nobody does before. */
  public void setUse(DeviceUse.Source source) {
    use = source;
  }

  private static ThreadFactory named(String prefix) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, prefix + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  @Override
  public Session open(TenantGrant grant, Hello hello, SessionOutput output) {
    Handshake.check(hello);
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    ClientSession session =
        new ClientSession(
            HexFormat.of().formatHex(id),
            grant,
            services,
            MachinePart.of(hello),
            output,
            resumeTerms(hello));
    log.info(
        "session {} of tenant {} opens: {} {}, process {}, {}",
        session.id(),
        grant.tenant(),
        LogText.printable(hello.getClientName()),
        LogText.printable(hello.getClientVersion()),
        Long.toUnsignedString(hello.getProcessId()),
        LogText.printable(hello.getProgram()));
    if (!Arrays.equals(hello.getTableHash().toByteArray(), Calls.tableHash())) {
      log.info(
          "session {}: client and server are of different builds, calls that only one of them knows"
              + " answer CUDA_ERROR_NOT_SUPPORTED",
          session.id());
    }
    session.open();
    return session;
  }

  /**
   * Begins to take a session from another server; on a thread that may block.
   *
   * @param grant what its tenant may use; closed if the session isn't taken, or when it ends
   * @param image all but modules and memory
   * @param modules gives the module with a hash and a size
   * @throws Unmovable if it can't be here; nothing is left of it then
   */
  public Arrival arrive(
      TenantGrant grant, SessionImage image, BiFunction<ByteString, Integer, ByteBuffer> modules) {
    int grace = image.getTold().getResumeGraceMillis();
    ByteString secret = image.getTold().getResumeSecret();
    if (graceMillis == 0 || grace <= 0 || secret.size() != ResumeTerms.SECRET_BYTES) {
      grant.close();
      throw new Unmovable("it doesn't wait for clients: its 'session.resume_grace' is 0s");
    }
    ResumeTerms terms = new ResumeTerms(secret, Math.min(grace, GRACE_MILLIS_MAX), true);
    ClientSession session =
        new ClientSession(
            image.getId(), grant, services, MachinePart.of(image), new NoStream(), terms);
    return Arrival.begin(session, image, modules);
  }

  /** A module's image that the server holds. */
  public Optional<ByteBuffer> module(ByteString sha256) {
    return services.images().find(sha256.toByteArray());
  }

  /** Runs what may take long. */
  public Executor workers() {
    return workers;
  }

  private @Nullable ResumeTerms resumeTerms(Hello hello) {
    if (!hello.getResumable() || graceMillis == 0) {
      return null;
    }
    byte[] secret = new byte[ResumeTerms.SECRET_BYTES];
    random.nextBytes(secret);
    return new ResumeTerms(ByteString.copyFrom(secret), graceMillis, hello.getFollows());
  }

  private List<DeviceSpill> spills(int devices, long bytesMax, LongSupplier nanoClock) {
    AtomicLong hostBytesLeft = new AtomicLong(bytesMax);
    return IntStream.range(0, devices)
        .mapToObj(device -> new DeviceSpill(hostBytesLeft, workers, this::runAfter, nanoClock))
        .toList();
  }

  private void runAfter(long nanos, Runnable task) {
    try {
      var unused = delays.schedule(task, nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException closing) {
      log.debug("nothing is delayed any more", closing);
    }
  }

  /** Stops the shared threads once running tasks are done. Sessions must have ended before. */
  @Override
  public void close() {
    delays.shutdownNow();
    loaders.shutdown();
    workers.shutdown();
    try {
      if (!loaders.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)
          || !workers.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)) {
        log.warn("session threads still run after {} s", CLOSE_SECONDS_MAX);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
