// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import com.google.protobuf.ByteString;
import io.remora.v1.LaunchAttribute;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import jcuda.driver.CUaccessPolicyWindow;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUkernelNodeAttrID;
import jcuda.driver.CUkernelNodeAttrValue;

/** Attributes of kernels in graphs, as C programs have them in memory and JCuda in fields. */
final class KernelNodeAttributes {
  /** Bytes of {@code CUaccessPolicyWindow}, with what lies behind its last field. */
  private static final int WINDOW_BYTES = 32;

  private KernelNodeAttributes() {}

  /** An attribute as it travels. */
  static LaunchAttribute write(int attribute, CUkernelNodeAttrValue value) {
    ByteBuffer bytes;
    if (attribute == CUkernelNodeAttrID.CU_KERNEL_NODE_ATTRIBUTE_COOPERATIVE) {
      bytes = buffer(new byte[Integer.BYTES]).putInt(0, value.cooperative);
    } else {
      bytes = buffer(new byte[WINDOW_BYTES]);
      CUaccessPolicyWindow window = value.accessPolicyWindow;
      if (window != null) {
        bytes.putLong(JCudaFields.address(window.base_ptr)).putLong(window.num_bytes);
        bytes.putFloat(window.hitRatio).putInt(window.hitProp).putInt(window.missProp);
      }
    }
    return LaunchAttribute.newBuilder()
        .setId(attribute)
        .setValue(ByteString.copyFrom(bytes.array()))
        .build();
  }

  /** Reads one of a node's attributes; zeros if it hasn't been set. */
  static void read(List<LaunchAttribute> all, int attribute, CUkernelNodeAttrValue into) {
    byte[] found =
        all.stream()
            .filter(each -> each.getId() == attribute)
            .findFirst()
            .map(each -> each.getValue().toByteArray())
            .orElse(new byte[0]);
    ByteBuffer bytes = buffer(Arrays.copyOf(found, WINDOW_BYTES));
    if (attribute == CUkernelNodeAttrID.CU_KERNEL_NODE_ATTRIBUTE_COOPERATIVE) {
      into.cooperative = bytes.getInt();
    } else {
      CUdeviceptr base = new CUdeviceptr();
      JCudaFields.setValue(base, bytes.getLong());
      into.accessPolicyWindow =
          new CUaccessPolicyWindow(
              base, bytes.getLong(), bytes.getFloat(), bytes.getInt(), bytes.getInt());
    }
  }

  /** Numbers lie in memory as on the machines that have CUDA. */
  private static ByteBuffer buffer(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
