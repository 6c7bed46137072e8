// SPDX-License-Identifier: Apache-2.0
/**
 * Device memory: the reserved address window, which of its pages may be used, and the checked
 * access to it. All raw memory access of the engine goes through this package, and every access
 * that a kernel asks for is checked here; nothing here knows of PTX. Start reading at {@link
 * io.remora.ptx.memory.DeviceMemory}.
 */
@NullMarked
package io.remora.ptx.memory;

import org.jspecify.annotations.NullMarked;
