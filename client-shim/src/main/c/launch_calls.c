/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launching kernels. Nothing here waits, allocates, or takes a lock other than the sender's, once a
 * thread has launched a kernel before.
 */
#include "function.h"
#include "launch_attributes.h"
#include "launch_cluster.h"
#include "launch_parameters.h"
#include "remora_by_hand.h"

/* Parameters fit here nearly always; larger ones get a larger frame on the stack. */
#define PARAMETER_BYTES_USUAL 512

struct launch {
    const struct remora_context *context;
    struct remora_kernel *kernel;
    unsigned int grid[3];
    unsigned int block[3];
    unsigned int shared_bytes;
    uint64_t stream;
    /* Of the kernel's parameter_bytes. */
    const void *parameters;
    /* NULL, or those of cuLaunchKernelEx. */
    const struct remora_launch_attributes *attributes;
    /* The same as the program has them. */
    const CUlaunchAttribute *said;
    unsigned int said_count;
};

static CUresult send(enum remora_call_number number, const struct launch *launch)
{
    struct remora_call call = {.number = number};
    const struct remora_kernel *kernel = launch->kernel;
    const unsigned int *grid = launch->grid;
    const unsigned int *block = launch->block;
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (number == REMORA_CALL_CU_LAUNCH_KERNEL) {
        remora_encode_cuLaunchKernel(call.arguments, kernel->handle, grid[0], grid[1], grid[2],
                                     block[0], block[1], block[2], launch->shared_bytes,
                                     launch->stream, launch->parameters, kernel->parameter_bytes);
    } else if (number == REMORA_CALL_CU_LAUNCH_COOPERATIVE_KERNEL) {
        remora_encode_cuLaunchCooperativeKernel(
                call.arguments, kernel->handle, grid[0], grid[1], grid[2], block[0], block[1],
                block[2], launch->shared_bytes, launch->stream, launch->parameters,
                kernel->parameter_bytes);
    } else {
        remora_encode_cuLaunchKernelEx(call.arguments, kernel->handle, launch->parameters,
                                       kernel->parameter_bytes, grid[0], grid[1], grid[2],
                                       block[0], block[1], block[2], launch->shared_bytes,
                                       launch->stream, launch->attributes->spans,
                                       launch->attributes->count);
    }
    return remora_call_async(&call);
}

static CUresult send_laid_out(enum remora_call_number number, struct launch *launch,
                              void **kernel_params, void **extra, uint8_t *buffer)
{
    CUresult result = remora_lay_out_parameters(launch->kernel, kernel_params, extra, buffer,
                                                &launch->parameters);
    return result == CUDA_SUCCESS ? send(number, launch) : result;
}

/* Apart, so that only such launches have the large frame. */
static __attribute__((noinline)) CUresult send_with_many(enum remora_call_number number,
                                                         struct launch *launch,
                                                         void **kernel_params, void **extra)
{
    uint8_t buffer[REMORA_PARAMETER_BYTES_MAX];
    return send_laid_out(number, launch, kernel_params, extra, buffer);
}

static CUresult launch_kernel(enum remora_call_number number, bool per_thread,
                              struct launch *launch, CUfunction f, CUstream stream,
                              void **kernel_params, void **extra)
{
    launch->kernel = remora_find_kernel(f);
    if (launch->kernel == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    CUresult result = remora_check_shape(launch->context, launch->grid, launch->block);
    if (result == CUDA_SUCCESS &&
        (launch->said_count != 0 || remora_knows_clusters(launch->kernel))) {
        result = remora_check_cluster(launch->kernel, launch->said, launch->said_count,
                                      launch->grid);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_stream(stream, per_thread, &launch->stream);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_kernel_in(&launch->kernel, launch->context->handle);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (launch->kernel->parameter_bytes > PARAMETER_BYTES_USUAL) {
        return send_with_many(number, launch, kernel_params, extra);
    }
    uint8_t buffer[PARAMETER_BYTES_USUAL];
    return send_laid_out(number, launch, kernel_params, extra, buffer);
}

CUresult remora_cuLaunchKernel(bool per_thread, CUfunction f, unsigned int grid_dim_x,
                               unsigned int grid_dim_y, unsigned int grid_dim_z,
                               unsigned int block_dim_x, unsigned int block_dim_y,
                               unsigned int block_dim_z, unsigned int shared_mem_bytes,
                               CUstream h_stream, void **kernel_params, void **extra)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct launch launch = {.context = context,
                            .grid = {grid_dim_x, grid_dim_y, grid_dim_z},
                            .block = {block_dim_x, block_dim_y, block_dim_z},
                            .shared_bytes = shared_mem_bytes};
    return launch_kernel(REMORA_CALL_CU_LAUNCH_KERNEL, per_thread, &launch, f, h_stream,
                         kernel_params, extra);
}

CUresult remora_cuLaunchCooperativeKernel(bool per_thread, CUfunction f, unsigned int grid_dim_x,
                                          unsigned int grid_dim_y, unsigned int grid_dim_z,
                                          unsigned int block_dim_x, unsigned int block_dim_y,
                                          unsigned int block_dim_z, unsigned int shared_mem_bytes,
                                          CUstream h_stream, void **kernel_params)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct launch launch = {.context = context,
                            .grid = {grid_dim_x, grid_dim_y, grid_dim_z},
                            .block = {block_dim_x, block_dim_y, block_dim_z},
                            .shared_bytes = shared_mem_bytes};
    return launch_kernel(REMORA_CALL_CU_LAUNCH_COOPERATIVE_KERNEL, per_thread, &launch, f, h_stream,
                         kernel_params, NULL);
}

CUresult remora_cuLaunchKernelEx(bool per_thread, const CUlaunchConfig *config, CUfunction f,
                                 void **kernel_params, void **extra)
{
    struct remora_context *context;
    struct remora_launch_attributes attributes;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS || config == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_encode_launch_attributes(context, config->attrs, config->numAttrs,
                                             &attributes);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct launch launch = {
        .context = context,
        .grid = {config->gridDimX, config->gridDimY, config->gridDimZ},
        .block = {config->blockDimX, config->blockDimY, config->blockDimZ},
        .shared_bytes = config->sharedMemBytes,
        .attributes = &attributes,
        .said = config->attrs,
        .said_count = config->numAttrs,
    };
    return launch_kernel(REMORA_CALL_CU_LAUNCH_KERNEL_EX, per_thread, &launch, f, config->hStream,
                         kernel_params, extra);
}
