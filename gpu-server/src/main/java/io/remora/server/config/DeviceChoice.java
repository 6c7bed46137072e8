// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

/** Which driver a server uses. */
public enum DeviceChoice {
  /** The GPUs of the machine if there is a driver for them, otherwise the software device. */
  AUTO,
  /** Real GPUs only. */
  CUDA,
  /** The software device. */
  SOFTWARE
}
