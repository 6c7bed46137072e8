// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

/**
 * What a surface object stands for: an image that kernels read and write by index.
 *
 * @param format of the texels
 * @param image where they are
 * @param layered whether slices are layers
 */
public record Surface(TexelFormat format, Image image, boolean layered)
    implements ImageTable.Entry {}
