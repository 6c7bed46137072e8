// SPDX-License-Identifier: Apache-2.0
/**
 * What programs give to {@code cuModuleLoadData}, as far as every driver has to know it. Nothing
 * here knows a device. Start reading at {@link io.remora.server.driver.image.Fatbin}.
 */
@NullMarked
package io.remora.server.driver.image;

import org.jspecify.annotations.NullMarked;
