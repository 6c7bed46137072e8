/* SPDX-License-Identifier: Apache-2.0
 *
 * Launches. Kernels do nothing, but for these, by their names:
 *
 *     vectorAdd(const float *a, const float *b, float *sum, int count)   adds
 *     null_fill(unsigned *words, unsigned value, unsigned count)         fills
 *     null_spin(unsigned long long micros)                               takes so long
 */
#include "null.h"

#include <string.h>

static uint64_t word(const struct null_work *work, int index)
{
    uint64_t value = 0;
    memcpy(&value, work->parameters + work->function->offsets[index], work->function->sizes[index]);
    return value;
}

static bool is(const struct null_function *function, const char *name, int parameters)
{
    return function->parameter_count == parameters && strcmp(function->name, name) == 0;
}

static CUresult add(const struct null_work *work)
{
    uint64_t count = word(work, 3);
    uint64_t bytes = count * sizeof(float);
    for (int i = 0; i < 3; i++) {
        if (!null_memory_is_valid(word(work, i), bytes)) {
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
    }
    const float *a = (const float *)(uintptr_t)word(work, 0);
    const float *b = (const float *)(uintptr_t)word(work, 1);
    float *sum = (float *)(uintptr_t)word(work, 2);
    for (uint64_t i = 0; i < count; i++) {
        sum[i] = a[i] + b[i];
    }
    return CUDA_SUCCESS;
}

static CUresult fill(const struct null_work *work)
{
    uint64_t count = word(work, 2);
    if (!null_memory_is_valid(word(work, 0), count * sizeof(uint32_t))) {
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    }
    uint32_t *words = (uint32_t *)(uintptr_t)word(work, 0);
    for (uint64_t i = 0; i < count; i++) {
        words[i] = (uint32_t)word(work, 1);
    }
    return CUDA_SUCCESS;
}

CUresult null_kernel_run(struct null_work *work)
{
    if (is(work->function, "vectorAdd", 4)) {
        return add(work);
    }
    return is(work->function, "null_fill", 3) ? fill(work) : CUDA_SUCCESS;
}

uint64_t null_kernel_duration(const struct null_function *function, const unsigned char *parameters)
{
    if (is(function, "null_spin", 1)) {
        uint64_t micros;
        memcpy(&micros, parameters, sizeof(micros));
        return micros * 1000;
    }
    return atomic_load_explicit(&null_kernel_nanos, memory_order_relaxed);
}

static CUresult launch(const struct null_function *function, struct null_stream *stream, void **parameters)
{
    struct null_work *work = null_work_new(null_kernel_run);
    work->function = function;
    for (int i = 0; i < function->parameter_count; i++) {
        if (function->offsets[i] + function->sizes[i] <= sizeof(work->parameters)) {
            memcpy(work->parameters + function->offsets[i], parameters[i], function->sizes[i]);
        }
    }
    return null_work_submit(stream, work, null_kernel_duration(function, work->parameters));
}

static CUresult check(unsigned int blocks, unsigned int threads, unsigned int shared,
                      const struct null_function *function)
{
    return blocks == 0 || threads == 0 || threads > 1024 || (int)shared > function->dynamic_shared_max
        ? CUDA_ERROR_INVALID_VALUE
        : CUDA_SUCCESS;
}

EXPORT CUresult cuLaunchKernel(const struct null_function *function, unsigned int grid_x, unsigned int grid_y,
                               unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                               unsigned int block_z, unsigned int shared, struct null_stream *stream,
                               void **parameters, void **extra);
EXPORT CUresult cuLaunchKernel(const struct null_function *function, unsigned int grid_x, unsigned int grid_y,
                               unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                               unsigned int block_z, unsigned int shared, struct null_stream *stream,
                               void **parameters, void **extra)
{
    NULL_CALL(cuLaunchKernel)
    if (extra != NULL || check(grid_x * grid_y * grid_z, block_x * block_y * block_z, shared, function) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return launch(function, stream, parameters);
}

EXPORT CUresult cuLaunchCooperativeKernel(const struct null_function *function, unsigned int grid_x,
                                          unsigned int grid_y, unsigned int grid_z, unsigned int block_x,
                                          unsigned int block_y, unsigned int block_z, unsigned int shared,
                                          struct null_stream *stream, void **parameters);
EXPORT CUresult cuLaunchCooperativeKernel(const struct null_function *function, unsigned int grid_x,
                                          unsigned int grid_y, unsigned int grid_z, unsigned int block_x,
                                          unsigned int block_y, unsigned int block_z, unsigned int shared,
                                          struct null_stream *stream, void **parameters)
{
    NULL_CALL(cuLaunchCooperativeKernel)
    if (check(grid_x * grid_y * grid_z, block_x * block_y * block_z, shared, function) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return launch(function, stream, parameters);
}
