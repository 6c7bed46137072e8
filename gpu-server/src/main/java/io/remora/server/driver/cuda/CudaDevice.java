// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUuuid;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A GPU: what it says of itself, its context, and the thread that watches its streams. */
final class CudaDevice implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CudaDevice.class);

  private static final int NAME_BYTES = 256;
  private static final int BUS_ID_BYTES = 32;
  private static final int LIMITS = 7;

  private final CUdevice device = new CUdevice();
  private final int ordinal;
  private final CurrentContext current;
  private final LongSupplier nanoClock;
  private final String name;
  private final CompletionPoller poller;
  private final Map<Integer, Integer> attributes;
  private final DeviceDescription description;

  private volatile boolean closed;

  // Guarded by this.
  private @Nullable CudaContext context;

  /** Whether the context stands in for one that has ended, and nobody has been told yet. */
  private boolean renewed;

  private final List<Slab> buried = new ArrayList<>();

  /** Domains of contexts that have ended, which others may stand in for until they are closed. */
  private final Set<CudaDomain> abandoned = ConcurrentHashMap.newKeySet();

  CudaDevice(int ordinal, CurrentContext current, LongSupplier nanoClock) {
    this.ordinal = ordinal;
    this.nanoClock = nanoClock;
    this.current = current;
    Cuda.require(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet");
    byte[] text = new byte[NAME_BYTES];
    Cuda.require(JCudaDriver.cuDeviceGetName(text, NAME_BYTES, device), "cuDeviceGetName");
    this.name = com.sun.jna.Native.toString(text);
    this.attributes = CudaAttributes.all(device);
    this.poller = new CompletionPoller(ordinal, nanoClock);
    context().enter();
    this.description = describe();
    poller.start();
  }

  /** The time now. */
  long nanos() {
    return nanoClock.getAsLong();
  }

  private DeviceDescription describe() {
    CUuuid uuid = new CUuuid();
    Cuda.require(JCudaDriver.cuDeviceGetUuid(uuid, device), "cuDeviceGetUuid");
    String[] busId = new String[1];
    Cuda.require(
        JCudaDriver.cuDeviceGetPCIBusId(busId, BUS_ID_BYTES, device), "cuDeviceGetPCIBusId");
    long[] bytes = new long[1];
    Cuda.require(JCudaDriver.cuDeviceTotalMem(bytes, device), "cuDeviceTotalMem");
    int[] least = new int[1];
    int[] greatest = new int[1];
    Cuda.require(
        JCudaDriver.cuCtxGetStreamPriorityRange(least, greatest), "cuCtxGetStreamPriorityRange");
    return new DeviceDescription(
        ordinal,
        name,
        HexFormat.of().formatHex(uuid.bytes),
        bytes[0],
        CudaAttributes.forwarded(attributes),
        busId[0].toLowerCase(Locale.ROOT),
        least[0],
        greatest[0],
        limits());
  }

  private static Map<Integer, Long> limits() {
    Map<Integer, Long> limits = new HashMap<>();
    long[] value = new long[1];
    for (int limit = 0; limit < LIMITS; limit++) {
      if (JCudaDriver.cuCtxGetLimit(value, limit) == CUresult.CUDA_SUCCESS_VALUE) {
        limits.put(limit, value[0]);
      }
    }
    return limits;
  }

  DeviceDescription description() {
    return description;
  }

  CompletionPoller poller() {
    return poller;
  }

  /** Whether slabs can be reserved and mapped; otherwise they are allocated as they are. */
  boolean hasVirtualMemory() {
    return attributes.getOrDefault(CudaAttributes.VIRTUAL_MEMORY_MANAGEMENT, 0) != 0;
  }

  /** Major * 10 + minor. */
  int computeCapability() {
    return attributes.getOrDefault(CudaAttributes.CAPABILITY_MAJOR, 0) * 10
        + attributes.getOrDefault(CudaAttributes.CAPABILITY_MINOR, 0);
  }

  /** Memory for a domain; allocated at once where the driver has no addresses to reserve, too. */
  Slab newSlab(long bytes, TakenAddresses taken) {
    if (hasVirtualMemory()) {
      try {
        return new MappedSlab(ordinal, bytes, taken);
      } catch (DriverException refused) {
        if (refused.result() != CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE) {
          throw refused;
        }
        log.debug("device {} reserves no {} bytes of addresses", ordinal, bytes, refused);
      }
    }
    return new PlainSlab(bytes, description.totalMemoryBytes());
  }

  /**
   * Memory at the addresses that a session has had on another server.
   *
   * @throws DriverException if they can't be had here
   */
  Slab slabAt(long address, long bytes) {
    if (!hasVirtualMemory()) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "without virtual memory management a session's addresses can't be had");
    }
    return new MappedSlab(ordinal, bytes, address);
  }

  /**
   * The context that new domains are opened in; a new one if the last has ended.
   *
   * @throws DriverException if the device gives none any more
   */
  synchronized CudaContext context() {
    CudaContext last = context;
    if (last != null && last.end() == CUresult.CUDA_SUCCESS_VALUE) {
      return last;
    }
    if (last != null) {
      last.awaitQuiet();
      abandoned.addAll(last.domains());
      lookAt(JCudaDriver.cuDevicePrimaryCtxReset(device), "cuDevicePrimaryCtxReset");
    }
    CUcontext made = new CUcontext();
    lookAt(JCudaDriver.cuDevicePrimaryCtxRetain(made, device), "cuDevicePrimaryCtxRetain");
    CudaContext next = new CudaContext(made, current, "device " + ordinal + " (" + name + ")");
    context = next;
    renewed = last != null;
    next.enter();
    // Mapped memory outlives the context, and nothing can use it any more.
    abandoned.forEach(CudaDomain::dropMemory);
    buried.forEach(Slab::close);
    buried.clear();
    return next;
  }

  /** Makes a new context if the last has ended; whether there is one that nobody has asked for. */
  synchronized boolean renew() {
    context();
    boolean news = renewed;
    renewed = false;
    return news;
  }

  /**
   * Address space of a domain whose context has ended, for one that stands in for it.
   *
   * @throws DriverException if it can't be had
   */
  MappedSlab slabAgain(long address) {
    for (CudaDomain domain : abandoned) {
      if (domain.slabAddress() == address) {
        abandoned.remove(domain);
        MappedSlab left = domain.giveUpSlab();
        if (left != null) {
          return new MappedSlab(ordinal, left);
        }
      }
    }
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
        hasVirtualMemory()
            ? "a session on a GPU can be put in a new context only when its own has ended"
            : "without virtual memory management a session's addresses can't be had again");
  }

  /** A domain is closed: nobody needs to stand in for it any more. */
  void forget(CudaDomain domain) {
    abandoned.remove(domain);
  }

  private void lookAt(int result, String call) {
    if (result != CUresult.CUDA_SUCCESS_VALUE) {
      throw new DriverException(
          CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE_VALUE,
          "device "
              + ordinal
              + " ("
              + name
              + ") is lost: "
              + call
              + " answered "
              + Cuda.name(result)
              + "; look at nvidia-smi and the kernel's log, and restart the server");
    }
  }

  /** Gives a slab back whose context has ended: mapped memory outlives it. */
  synchronized void bury(Slab slab, CudaContext itsContext) {
    if (slab instanceof PlainSlab) {
      return;
    }
    CudaContext now = context;
    if (now == itsContext || now == null) {
      buried.add(slab);
    } else {
      now.ifAlive(slab::close);
    }
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
    poller.close();
    int unused = JCudaDriver.cuDevicePrimaryCtxRelease(device);
  }
}
