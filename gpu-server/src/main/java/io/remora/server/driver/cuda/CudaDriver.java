// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.DeviceFigure;
import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.Driver;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.FaultListener;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import jcuda.driver.JCudaDriver;

/**
 * The GPUs of this machine, through the driver library that the system has. All sessions of a
 * device share its primary context, so what they are protected from is what the session checks; see
 * docs/security.md. What kernels print goes where the driver sends it: to the server's standard
 * output.
 */
public final class CudaDriver implements Driver {
  private static final long SLAB_BYTES_MIN = 1 << 20;

  private final int version;
  private final List<CudaDevice> devices;
  private final List<DeviceDescription> descriptions;
  private final HardwareFigures figures;

  private CudaDriver(
      int version, List<CudaDevice> devices, String management, CudaClock nanoClock) {
    this.version = version;
    this.devices = List.copyOf(devices);
    this.descriptions = devices.stream().map(CudaDevice::description).toList();
    List<String> uuids = descriptions.stream().map(DeviceDescription::uuid).toList();
    this.figures =
        new HardwareFigures(
            new ManagementLibrary(management, uuids, CudaLibrary.isRemora()), nanoClock);
  }

  /**
   * Opens the driver and all its GPUs.
   *
   * @param client whether Remora's own client library will do, so that another server's GPUs are
   *     served
   * @throws CudaUnavailableException if there is no driver or no GPU that can be used
   */
  public static CudaDriver open(boolean client) throws CudaUnavailableException {
    return open(CudaLibrary.NAME, ManagementLibrary.NAME, client);
  }

  /** Opens a driver's libraries by their paths; the one for management may be missing. */
  static CudaDriver open(String library, String management, boolean client)
      throws CudaUnavailableException {
    int version = CudaLibrary.open(library, client);
    int[] count = new int[1];
    int result = JCudaDriver.cuDeviceGetCount(count);
    if (result != CUresult.CUDA_SUCCESS_VALUE || count[0] == 0) {
      throw new CudaUnavailableException(
          "the NVIDIA driver finds no GPU: look at nvidia-smi, and at CUDA_VISIBLE_DEVICES");
    }
    CurrentContext current = new CurrentContext();
    CudaClock nanoClock = new CudaClock();
    List<CudaDevice> devices = new ArrayList<>();
    try {
      for (int ordinal = 0; ordinal < count[0]; ordinal++) {
        devices.add(new CudaDevice(ordinal, current, nanoClock));
      }
    } catch (DriverException refused) {
      devices.forEach(CudaDevice::close);
      throw new CudaUnavailableException(
          "GPU " + devices.size() + " can't be used: " + refused.detail());
    }
    return new CudaDriver(version, devices, management, nanoClock);
  }

  @Override
  public String kind() {
    return "cuda";
  }

  @Override
  public int driverVersion() {
    return version;
  }

  @Override
  public List<DeviceDescription> devices() {
    return descriptions;
  }

  @Override
  public List<String> abilities(int device) {
    CudaDevice of = devices.get(device);
    DeviceDescription description = of.description();
    return List.of(
        of.hasVirtualMemory()
            ? "slabs by virtual memory management"
            : "no virtual memory management: sessions take their memory at the start, none is"
                + " spilled or moved",
        description.streamPriorityLeast() == description.streamPriorityGreatest()
            ? "no stream priorities"
            : "stream priorities "
                + description.streamPriorityGreatest()
                + " to "
                + description.streamPriorityLeast(),
        "kernels print to the server's standard output");
  }

  @Override
  public Map<DeviceFigure, Integer> figures(int device) {
    return figures.of(device);
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
    if (Long.bitCount(slabBytes) != 1 || slabBytes < SLAB_BYTES_MIN) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_VALUE_VALUE,
          "a slab is a power of two of at least 1 MiB, not " + slabBytes);
    }
    CudaDevice on = devices.get(device);
    CudaContext context = on.context();
    return context.calling(() -> open(on, context, on.newSlab(slabBytes, taken), faults));
  }

  /** In the context that has come after the one in which the other domain has ended. */
  @Override
  public Domain reopen(int device, DomainImage image, FaultListener faults, PrintListener prints) {
    CudaDevice on = devices.get(device);
    CudaContext context = on.context();
    return context.calling(() -> open(on, context, on.slabAgain(image.slabAddress()), faults));
  }

  @Override
  public Domain receive(int device, DomainImage image, FaultListener faults, PrintListener prints) {
    long bytes = image.slabBytes();
    if (Long.bitCount(bytes) != 1 || bytes < SLAB_BYTES_MIN || !image.objects().isEmpty()) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "no session on a GPU has such a slab");
    }
    CudaDevice on = devices.get(device);
    CudaContext context = on.context();
    return context.calling(() -> open(on, context, on.slabAt(image.slabAddress(), bytes), faults));
  }

  @Override
  public long nanos() {
    return devices.get(0).nanos();
  }

  @Override
  public boolean renew(int device) {
    return devices.get(device).renew();
  }

  private CudaDomain open(CudaDevice device, CudaContext context, Slab slab, FaultListener faults) {
    StagingPool staging = null;
    try {
      staging = new StagingPool();
      CudaModules modules = new CudaModules(CudaDomain.OBJECTS_MAX);
      CudaDomain domain =
          new CudaDomain(
              this, new DomainCore(device, context, slab, staging, modules, faults), modules);
      context.domains().add(domain);
      return domain;
    } catch (DriverException refused) {
      slab.close();
      if (staging != null) {
        staging.close();
      }
      throw refused;
    }
  }

  /** Whether a domain of any device has such memory: a session may copy between devices. */
  boolean hasMemory(long address, long bytes) {
    for (CudaDevice device : devices) {
      for (CudaDomain domain : device.context().domains()) {
        if (domain.owns(address, bytes)) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public void close() {
    figures.close();
    devices.forEach(CudaDevice::close);
  }
}
