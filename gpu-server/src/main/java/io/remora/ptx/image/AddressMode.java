// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

/** What a coordinate outside the image means; in the order of {@code CUaddress_mode}. */
public enum AddressMode {
  WRAP,
  CLAMP,
  MIRROR,
  BORDER
}
