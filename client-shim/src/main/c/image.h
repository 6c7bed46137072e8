/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Module images as programs hand them over: an address without a length. What lies there tells
 * where it ends: nvcc's wrapper around a fatbin, a bare fatbin, an ELF file, or PTX text.
 */
#ifndef REMORA_IMAGE_H
#define REMORA_IMAGE_H

#include "cuda_types.h"

#define REMORA_SHA256_BYTES 32

struct remora_image {
    const uint8_t *bytes;
    size_t length;
    uint8_t sha256[REMORA_SHA256_BYTES];
};

/*
 * Measures and hashes what `code` points to. The bytes stay the caller's. CUDA_ERROR_INVALID_VALUE
 * for NULL, CUDA_ERROR_INVALID_IMAGE for what contradicts itself.
 */
CUresult remora_image_at(const void *code, struct remora_image *image);

/*
 * As remora_image_at, but takes relocatable PTX as well, which nvcc leaves in one image for each
 * object that the program was linked from: gives all of them, `capacity` at most.
 */
CUresult remora_images_at(const void *code, struct remora_image *images, size_t capacity,
                          size_t *count);

/*
 * Reads a file. The image's bytes are to be given to free. CUDA_ERROR_FILE_NOT_FOUND if it can't be
 * read.
 */
CUresult remora_image_from_file(const char *name, struct remora_image *image);

#endif
