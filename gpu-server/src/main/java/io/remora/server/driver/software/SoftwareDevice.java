// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.PtxExecutor;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** One software device: its memory total, its threads, its time. Any thread may call. */
final class SoftwareDevice implements AutoCloseable {
  private static final int STREAM_PRIORITY_LEAST = 0;
  private static final int STREAM_PRIORITY_GREATEST = -5;
  private static final int UUID_BYTES = 16;

  private final DeviceDescription description;
  private final DeviceLimits limits;
  private final PtxExecutor executor;
  private final DeviceTime time;
  private final LongSupplier nanoClock;
  private final AtomicLong committedBytes = new AtomicLong();

  SoftwareDevice(int ordinal, SoftwareDeviceConfig config, LongSupplier nanoClock) {
    this.limits = new DeviceLimits(config.computeCapability(), config.threads());
    this.description = describe(ordinal, config, limits);
    this.executor = new PtxExecutor(config.threads());
    this.time = new DeviceTime(nanoClock);
    this.nanoClock = nanoClock;
  }

  private static DeviceDescription describe(
      int ordinal, SoftwareDeviceConfig config, DeviceLimits limits) {
    int pciBus = ordinal + 1;
    return new DeviceDescription(
        ordinal,
        "Remora Software Device (" + config.threads() + " threads, PTX)",
        uuid(config.hostName(), ordinal),
        config.memoryBytes(),
        DeviceAttributes.of(limits, pciBus),
        String.format("0000:%02x:00.0", pciBus),
        STREAM_PRIORITY_LEAST,
        STREAM_PRIORITY_GREATEST,
        contextLimits());
  }

  /** By the values of {@code CUlimit}, as CUDA has them in a new context. */
  private static Map<Integer, Long> contextLimits() {
    return Map.of(
        0x00, 1024L, // STACK_SIZE
        0x01, 1L << 20, // PRINTF_FIFO_SIZE
        0x02, DeviceLimits.HEAP_BYTES, // MALLOC_HEAP_SIZE
        0x03, 2L, // DEV_RUNTIME_SYNC_DEPTH
        0x04, 2048L, // DEV_RUNTIME_PENDING_LAUNCH_COUNT
        0x05, 64L, // MAX_L2_FETCH_GRANULARITY
        0x06, 0L); // PERSISTING_L2_CACHE_SIZE
  }

  private static String uuid(String hostName, int ordinal) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String identity = "Remora software device " + ordinal + " of " + hostName;
      byte[] hash = digest.digest(identity.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, UUID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  DeviceDescription description() {
    return description;
  }

  DeviceLimits limits() {
    return limits;
  }

  PtxExecutor executor() {
    return executor;
  }

  DeviceTime time() {
    return time;
  }

  long nanos() {
    return nanoClock.getAsLong();
  }

  /** Takes memory from the device's total. */
  void reserve(long bytes) {
    long total = description.totalMemoryBytes();
    long before = committedBytes.getAndAdd(bytes);
    if (before > total - bytes) {
      committedBytes.addAndGet(-bytes);
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "the device has " + Math.max(0, total - before) + " of " + total + " bytes left");
    }
  }

  void release(long bytes) {
    committedBytes.addAndGet(-bytes);
  }

  /** Bytes of all domains that are backed by memory now. */
  long committedBytes() {
    return committedBytes.get();
  }

  @Override
  public void close() {
    executor.close();
  }
}
