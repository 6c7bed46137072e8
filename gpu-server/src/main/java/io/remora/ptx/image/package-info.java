// SPDX-License-Identifier: Apache-2.0
/**
 * Textures and surfaces: images in device memory, how they are addressed and filtered, and the
 * table of those that the kernels of one address space may use. Every texel that is read or written
 * passes the checked access of {@code memory}; nothing here knows of PTX text. Start reading at
 * {@link io.remora.ptx.image.TextureUnit}.
 */
@NullMarked
package io.remora.ptx.image;

import org.jspecify.annotations.NullMarked;
