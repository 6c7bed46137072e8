// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.CompileOptions;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.Driver;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.FaultListener;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * CUDA devices made of the host's cores: PTX is compiled to bytecode and run by the JVM. Its
 * devices say in their name that they are software; what they can't do is {@code
 * CUDA_ERROR_NOT_SUPPORTED}. Every access of a kernel is checked, so that a domain's faults stay
 * its own.
 */
public final class SoftwareDriver implements Driver {
  /** The version of the driver interface that its answers follow. */
  private static final int DRIVER_VERSION = 13000;

  private static final long STREAM_THREAD_IDLE_SECONDS = 10;

  private final List<SoftwareDevice> devices;
  private final List<DeviceDescription> descriptions;
  private final ModuleCache modules = new ModuleCache(CompileOptions.DEFAULTS);
  private final AddressWindows windows = new AddressWindows();
  private final KernelWatch watch = new KernelWatch();
  private final ThreadPoolExecutor streamThreads;
  private final LongSupplier nanoClock;
  private volatile @Nullable Thread warmUp;

  /** A driver that reads the system's clock. */
  public SoftwareDriver(SoftwareDeviceConfig config) {
    this(config, new DeviceClock());
  }

  /**
   * @param nanoClock as {@link System#nanoTime}; events and device times are taken from it
   */
  public SoftwareDriver(SoftwareDeviceConfig config, LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.devices =
        IntStream.range(0, config.devices())
            .mapToObj(ordinal -> new SoftwareDevice(ordinal, config, nanoClock))
            .toList();
    this.descriptions = devices.stream().map(SoftwareDevice::description).toList();
    this.streamThreads = newStreamThreads();
  }

  /**
   * Threads as needed: every domain has its own bound ({@link StreamRunner}), because in a pool
   * with one bound for all, endless kernels of one domain could take every thread.
   */
  private static ThreadPoolExecutor newStreamThreads() {
    var number = new AtomicInteger();
    return new ThreadPoolExecutor(
        1,
        Integer.MAX_VALUE,
        STREAM_THREAD_IDLE_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        task -> {
          var thread = new Thread(task, "software-stream-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  @Override
  public void warmUp() {
    if (warmUp == null) {
      warmUp = WarmUp.begin();
    }
  }

  @Override
  public String kind() {
    return "software";
  }

  @Override
  public int driverVersion() {
    return DRIVER_VERSION;
  }

  @Override
  public List<DeviceDescription> devices() {
    return descriptions;
  }

  @Override
  public Domain open(
      int device,
      long slabBytes,
      TakenAddresses taken,
      FaultListener faults,
      PrintListener prints) {
    if (device < 0 || device >= devices.size()) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_DEVICE_VALUE, "there is no device " + device);
    }
    if (Long.bitCount(slabBytes) != 1 || slabBytes < SoftwareDomain.SLAB_BYTES_MIN) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_VALUE_VALUE,
          "a slab is a power of two of at least 1 MiB, not " + slabBytes);
    }
    return domain(new DomainCore(devices.get(device), windows, slabBytes, taken, faults, prints));
  }

  @Override
  public Domain reopen(int device, DomainImage image, FaultListener faults, PrintListener prints) {
    return domain(new DomainCore(devices.get(device), windows, image, faults, prints));
  }

  @Override
  public Domain receive(int device, DomainImage image, FaultListener faults, PrintListener prints) {
    long slabBytes = image.slabBytes();
    if (Long.bitCount(slabBytes) != 1 || slabBytes < SoftwareDomain.SLAB_BYTES_MIN) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, "no slab has " + slabBytes + " bytes");
    }
    if (!windows.takeAt(image.slabAddress(), 2 * slabBytes)) {
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "the session's addresses are in use here by another session");
    }
    DomainCore core;
    try {
      core = new DomainCore(devices.get(device), windows, image, faults, prints);
    } catch (DriverException refused) {
      windows.giveBack(image.slabAddress(), 2 * slabBytes);
      throw refused;
    }
    core.takeOver();
    return domain(core);
  }

  @Override
  public long nanos() {
    return nanoClock.getAsLong();
  }

  private Domain domain(DomainCore core) {
    return new SoftwareDomain(windows, modules, streamThreads, watch, core);
  }

  @Override
  public void close() {
    awaitWarmUp();
    watch.close();
    streamThreads.shutdown();
    devices.forEach(SoftwareDevice::close);
  }

  private void awaitWarmUp() {
    Thread running = warmUp;
    if (running != null) {
      try {
        running.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
