// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.DeviceSnapshot;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_P2PAttribute;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdevprop;
import jcuda.driver.CUresult;
import jcuda.driver.CUuuid;
import org.jspecify.annotations.Nullable;

/** Devices and errors: everything is answered from the handshake's snapshots. */
interface DeviceCalls extends TableCalls {
  @Override
  default int cuInit(int flags) {
    int lost = core().lost(core().thread());
    if (lost != CUresult.CUDA_SUCCESS) {
      return lost;
    }
    return core().local(flags == 0 ? CUresult.CUDA_SUCCESS : CUresult.CUDA_ERROR_INVALID_VALUE);
  }

  @Override
  default int cuDriverGetVersion(int @Nullable [] driverVersion) {
    return DeviceValues.give(core(), driverVersion, core().servers().welcome().getDriverVersion());
  }

  @Override
  default int cuGetErrorName(int error, String @Nullable [] name) {
    return core().local(ErrorTexts.name(error, name));
  }

  @Override
  default int cuGetErrorString(int error, String @Nullable [] text) {
    return core().local(ErrorTexts.text(error, text));
  }

  @Override
  default int cuDeviceGet(@Nullable CUdevice device, int ordinal) {
    if (device == null || core().contexts().device(ordinal) == null) {
      return device == null
          ? CUresult.CUDA_ERROR_INVALID_VALUE
          : CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    JCudaFields.setValue(device, ordinal);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDeviceGetCount(int @Nullable [] count) {
    return DeviceValues.give(core(), count, core().contexts().devices().size());
  }

  @Override
  default int cuDeviceGetName(byte @Nullable [] name, int len, @Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    if (name == null || len <= 0 || len > name.length) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    byte[] text = device.getName().getBytes(StandardCharsets.UTF_8);
    int copied = Math.min(text.length, len - 1);
    System.arraycopy(text, 0, name, 0, copied);
    Arrays.fill(name, copied, len, (byte) 0);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDeviceGetUuid(@Nullable CUuuid uuid, @Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    if (uuid == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    uuid.bytes = device.getUuid().toByteArray();
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDeviceTotalMem(long @Nullable [] bytes, @Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    if (bytes == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    bytes[0] = device.getTotalMemoryBytes();
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDeviceGetAttribute(int @Nullable [] pi, int attrib, @Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    Integer value = device.getAttributesMap().get(attrib);
    return value == null ? CUresult.CUDA_ERROR_INVALID_VALUE : DeviceValues.give(core(), pi, value);
  }

  @Override
  default int cuDeviceGetPCIBusId(String @Nullable [] pciBusId, int len, @Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    // The C function needs room for the text and a zero.
    if (pciBusId == null || len <= device.getPciBusId().length()) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    pciBusId[0] = device.getPciBusId();
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDeviceGetByPCIBusId(@Nullable CUdevice dev, @Nullable String pciBusId) {
    if (dev == null || pciBusId == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    String wanted = pciBusId.toLowerCase(Locale.ROOT);
    List<DeviceSnapshot> devices = core().contexts().devices();
    for (DeviceSnapshot device : devices) {
      String id = device.getPciBusId().toLowerCase(Locale.ROOT);
      // The domain may be left out where it is 0.
      if (!id.isEmpty() && (id.equals(wanted) || id.equals("0000:" + wanted))) {
        JCudaFields.setValue(dev, device.getOrdinal());
        return core().local(CUresult.CUDA_SUCCESS);
      }
    }
    return CUresult.CUDA_ERROR_INVALID_DEVICE;
  }

  @Override
  default int cuDeviceComputeCapability(
      int @Nullable [] major, int @Nullable [] minor, @Nullable CUdevice dev) {
    int result =
        cuDeviceGetAttribute(
            major, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, dev);
    return result != CUresult.CUDA_SUCCESS
        ? result
        : cuDeviceGetAttribute(
            minor, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, dev);
  }

  @Override
  default int cuDeviceGetProperties(@Nullable CUdevprop prop, @Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    if (prop == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    DeviceValues.fill(prop, device.getAttributesMap());
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDeviceCanAccessPeer(
      int @Nullable [] canAccessPeer, @Nullable CUdevice dev, @Nullable CUdevice peerDev) {
    return DeviceValues.find(core(), dev) == null || DeviceValues.find(core(), peerDev) == null
        ? CUresult.CUDA_ERROR_INVALID_DEVICE
        : DeviceValues.give(core(), canAccessPeer, 0);
  }

  @Override
  default int cuDeviceGetP2PAttribute(
      int @Nullable [] value,
      int attrib,
      @Nullable CUdevice srcDevice,
      @Nullable CUdevice dstDevice) {
    if (DeviceValues.find(core(), srcDevice) == null
        || DeviceValues.find(core(), dstDevice) == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    boolean known =
        attrib >= CUdevice_P2PAttribute.CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK
            && attrib <= CUdevice_P2PAttribute.CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED;
    return known ? DeviceValues.give(core(), value, 0) : CUresult.CUDA_ERROR_INVALID_VALUE;
  }

  /** What the calls share. */
  final class DeviceValues {
    private DeviceValues() {}

    static @Nullable DeviceSnapshot find(ClientCore core, @Nullable CUdevice device) {
      return device == null ? null : core.contexts().device(JCudaFields.value(device));
    }

    static int give(ClientCore core, int @Nullable [] into, int value) {
      if (into == null || into.length == 0) {
        return CUresult.CUDA_ERROR_INVALID_VALUE;
      }
      into[0] = value;
      return core.local(CUresult.CUDA_SUCCESS);
    }

    static void fill(CUdevprop prop, Map<Integer, Integer> values) {
      prop.maxThreadsPerBlock =
          value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
      prop.maxThreadsDim =
          new int[] {
            value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X),
            value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y),
            value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z)
          };
      prop.maxGridSize =
          new int[] {
            value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X),
            value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y),
            value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z)
          };
      prop.sharedMemPerBlock =
          value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
      prop.totalConstantMemory =
          value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY);
      prop.SIMDWidth = value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_WARP_SIZE);
      prop.memPitch = value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_PITCH);
      prop.regsPerBlock =
          value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK);
      prop.clockRate = value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
      prop.textureAlign = value(values, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT);
    }

    private static int value(Map<Integer, Integer> values, int attribute) {
      return values.getOrDefault(attribute, 0);
    }
  }
}
