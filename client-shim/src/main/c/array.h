/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays as the client knows them. The server keeps an array as rows in device memory, so copies to
 * and from arrays are copies of rows whose place is computed here. Any thread.
 */
#ifndef REMORA_ARRAY_H
#define REMORA_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuda_types.h"

struct remora_array {
    CUDA_ARRAY3D_DESCRIPTOR shape;
    /* Of the first row; the array's handle. */
    uint64_t address;
    uint64_t pitch;
    uint64_t row_bytes;
    /* In a slice, and slices; at least 1. */
    uint64_t rows;
    uint64_t slices;
};

/* Copies what is known of an array; false if there is no such. */
bool remora_find_array(CUarray array, struct remora_array *found);

/* Turns the sides of a copy that are arrays into device memory, if they hold what is copied. */
CUresult remora_resolve_arrays_2d(CUDA_MEMCPY2D *copy);

/* In a fork's child: see remora_forget_session. */
void remora_forget_arrays(void);
void remora_forget_textures(void);

#endif
