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
    /* NULL, or the bytes that were read or put together here; see remora_image_end. */
    void *owned;
};

/*
 * Measures and hashes what `code` points to. The bytes stay the caller's; only the fatbins of a
 * program of relocatable device code are put together. CUDA_ERROR_INVALID_VALUE for NULL,
 * CUDA_ERROR_INVALID_IMAGE for what contradicts itself.
 */
CUresult remora_image_at(const void *code, struct remora_image *image);

/* Reads a file. CUDA_ERROR_FILE_NOT_FOUND if it can't be read. */
CUresult remora_image_from_file(const char *name, struct remora_image *image);

/* Frees what the image owns. Needless after a failure. */
void remora_image_end(struct remora_image *image);

#endif
