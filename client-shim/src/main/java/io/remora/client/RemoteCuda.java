// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.config.ClientSettings;
import io.remora.client.generated.Calls;
import io.remora.v1.Welcome;
import io.remora.wire.WireException;
import java.time.Duration;
import java.util.List;
import jcuda.CudaException;
import jcuda.driver.CUresult;

/**
 * The CUDA driver API of a server, or of several that are one machine to the program: JCuda's
 * methods, as instance methods. Any number of threads may call; the current context is the calling
 * thread's, as in CUDA. Closing it ends the session, and the server frees everything that it owned.
 *
 * <p>Use this where one process has several tenants or servers. {@link RemoteDriver} has the same
 * methods as static ones, for programs written for JCuda.
 */
public final class RemoteCuda extends InstanceMethods implements AutoCloseable {
  private static final long NANOS_PER_MICRO = 1_000;

  private final Servers servers;
  private final ClientCore core;
  private final Api api;
  private volatile boolean exceptionsEnabled;

  private RemoteCuda(Servers servers) {
    this.servers = servers;
    core = new ClientCore(servers);
    Across across = core.across();
    if (across != null) {
      across.watch();
    }
    api = new Api(core);
  }

  /** Everything by hand, on top of what the table says. */
  private record Api(ClientCore core)
      implements DeviceCalls,
          ContextCalls,
          ModuleCalls,
          LinkCalls,
          PoolCalls,
          ArrayCalls,
          TextureCalls,
          GraphCalls,
          GraphStructureCalls,
          GraphNodeCalls,
          VirtualMemoryCalls,
          PeerCalls,
          AcrossCalls,
          StreamAttributeCalls,
          StreamMemoryCalls,
          OldLaunchCalls,
          CopyCalls,
          HostMemoryCalls,
          StreamCalls,
          OccupancyCalls {}

  /**
   * Connects and opens a session.
   *
   * @throws ConnectionException that names the server, what went wrong and what to do
   */
  public static RemoteCuda connect(ConnectionSettings settings) throws ConnectionException {
    return new RemoteCuda(ServersOpening.open(List.of(settings)));
  }

  /**
   * Connects to several servers, which are one machine to the program: the devices of the first
   * come first. A pool decides that by itself, see the other methods.
   *
   * @param settings of each server, at least one and at most 64
   * @throws ConnectionException that names the server, what went wrong and what to do; then there
   *     is a session on none of them
   */
  public static RemoteCuda connect(List<ConnectionSettings> settings) throws ConnectionException {
    return new RemoteCuda(ServersOpening.open(settings));
  }

  /**
   * Connects as the settings say: to a server, or where a pool has room; that may be on several
   * servers, which then are one machine.
   *
   * @throws ConnectionException that names the server, what went wrong and what to do
   */
  public static RemoteCuda connect(ClientSettings found) throws ConnectionException {
    return new RemoteCuda(PoolPlacement.open(found));
  }

  /**
   * Chooses between results and exceptions, as JCuda does.
   *
   * @param enabled true: a call that fails throws a {@link CudaException}; false (the default): it
   *     returns its {@code CUresult}
   */
  public void setExceptionsEnabled(boolean enabled) {
    exceptionsEnabled = enabled;
  }

  /**
   * What is known of the calling thread's latest failure beyond its code, e.g. the asynchronous
   * call that failed, or the line of a PTX error; empty if there is nothing.
   */
  public String lastErrorDetail() {
    return core.thread().detail();
  }

  /** What the program's connections have done so far, all together. */
  public Stats stats() {
    Across across = core.across();
    return CallCounters.sum(
        servers.all().stream().map(Connection::counters).toList(),
        Calls::name,
        across == null ? AcrossStats.NONE : across.stats());
  }

  /**
   * What the server said of itself, the tenant and the devices when the session was opened. Of
   * several servers: the devices of all, and in all else what the first one said.
   */
  public Welcome welcome() {
    return servers.welcome();
  }

  /** Where the session is, HOST:PORT; of several the first. */
  public String server() {
    return servers.first().server();
  }

  /** Where the sessions are, HOST:PORT, in the order of their devices; one if it is one server. */
  public List<String> servers() {
    return servers.all().stream().map(Connection::server).toList();
  }

  /** The server that has a device, by the device's ordinal. */
  public String serverOf(int ordinal) {
    return servers.destination(ordinal).connection().server();
  }

  /** The id of the session that has a device, by which operators name it. */
  public String sessionOf(int ordinal) {
    return servers.destination(ordinal).connection().welcome().getSessionId();
  }

  /**
   * Sets how soon the work of later calls, of all threads, must be started: what the server can't
   * give to the device so soon after it has arrived is refused with {@code CUDA_ERROR_TIMEOUT} and
   * nothing of it is done. Work that has started runs to its end.
   *
   * @param time at least a microsecond; zero (the default): at any time
   */
  public void startWithin(Duration time) {
    long micros = time.toNanos() / NANOS_PER_MICRO;
    if (time.isNegative() || (!time.isZero() && micros == 0) || micros > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("the time must be zero, or from 1 µs to 35 minutes");
    }
    servers.senders(each -> each.startWithin((int) micros));
  }

  /** Sends the asynchronous calls that wait to be sent together; they go within 2 ms anyway. */
  public void flush() {
    servers.senders(CallSender::flush);
  }

  @Override
  JCudaApi api() {
    return api;
  }

  @Override
  int checked(int result) {
    if (result != CUresult.CUDA_SUCCESS) {
      core.thread().failed();
      if (exceptionsEnabled) {
        throw failure(result);
      }
    }
    return result;
  }

  /** The exception for a result. */
  CudaException failure(int result) {
    String detail = lastErrorDetail();
    String name = CUresult.stringFor(result);
    return new CudaException(detail.isEmpty() ? name : name + " (" + detail + ")");
  }

  @Override
  int broken(WireException cause) {
    ThreadState thread = core.thread();
    Connection connection = servers.at(thread.server());
    connection.broken(cause);
    return core.lost(thread, connection.failure());
  }

  /** Ends the sessions. Every later call answers {@code CUDA_ERROR_DEINITIALIZED}. */
  @Override
  public void close() {
    servers.close();
    Across across = core.across();
    if (across != null) {
      across.close();
    }
  }
}
