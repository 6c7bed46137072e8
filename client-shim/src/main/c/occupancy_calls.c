/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for a good block size, which asks the server for the occupancy of each candidate, and
 * what there is of clusters.
 */
#include "function.h"
#include "launch_attributes.h"
#include "launch_cluster.h"
#include "remora_by_hand.h"

#define THREADS_PER_BLOCK_USUAL 1024
#define WARP_USUAL 32

CUresult remora_cuOccupancyMaxPotentialBlockSize(
        int *min_grid_size, int *block_size, CUfunction func,
        CUoccupancyB2DSize block_size_to_dynamic_s_mem_size, size_t dynamic_s_mem_size,
        int block_size_limit)
{
    return remora_cuOccupancyMaxPotentialBlockSizeWithFlags(min_grid_size, block_size, func,
                                                            block_size_to_dynamic_s_mem_size,
                                                            dynamic_s_mem_size, block_size_limit,
                                                            0);
}

/* The largest block that the function and the program allow. */
static int largest_block(const struct remora_kernel *kernel, int limit)
{
    bool known = (atomic_load(&kernel->known_attributes) >>
                          CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK & 1) != 0;
    int most = known ? atomic_load(&kernel->attributes[CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK])
                     : THREADS_PER_BLOCK_USUAL;
    return limit != 0 && limit < most ? limit : most;
}

/* The block size with the most threads for each multiprocessor; the largest of equals. */
CUresult remora_cuOccupancyMaxPotentialBlockSizeWithFlags(
        int *min_grid_size, int *block_size, CUfunction func,
        CUoccupancyB2DSize block_size_to_dynamic_s_mem_size, size_t dynamic_s_mem_size,
        int block_size_limit, unsigned int flags)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const struct remora_kernel *kernel = remora_find_kernel(func);
    if (kernel == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (min_grid_size == NULL || block_size == NULL || block_size_limit < 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    int warp = remora_device_value(context->device, CU_DEVICE_ATTRIBUTE_WARP_SIZE, WARP_USUAL);
    int multiprocessors =
            remora_device_value(context->device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 1);
    int most = 0;
    for (int size = largest_block(kernel, block_size_limit); size > 0;
         size = (size - 1) / warp * warp) {
        size_t shared = block_size_to_dynamic_s_mem_size == NULL
                                ? dynamic_s_mem_size
                                : block_size_to_dynamic_s_mem_size(size);
        int blocks = 0;
        result = remora_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, func, size,
                                                                             shared, flags);
        if (result != CUDA_SUCCESS) {
            return result;
        }
        if (blocks * size > most) {
            most = blocks * size;
            *block_size = size;
            *min_grid_size = blocks * multiprocessors;
        }
    }
    return most > 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* Checks what both questions about clusters are given. */
static CUresult check(const int *out, CUfunction func, const CUlaunchConfig *config,
                      struct remora_context **context)
{
    CUresult result = remora_usable_context(context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_find_kernel(func) == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    return out == NULL || config == NULL || (config->numAttrs > 0 && config->attrs == NULL)
                   ? CUDA_ERROR_INVALID_VALUE
                   : CUDA_SUCCESS;
}

static bool has_clusters(const struct remora_context *context)
{
    return remora_device_value(context->device, CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, 0) != 0;
}

/*
 * As many as their blocks are resident. The blocks of one cluster are so in any case where a block
 * fits: they take turns on one thread.
 */
CUresult remora_cuOccupancyMaxActiveClusters(int *num_clusters, CUfunction func,
                                             const CUlaunchConfig *config)
{
    struct remora_context *context;
    uint32_t cluster[3];
    CUresult result = check(num_clusters, func, config, &context);
    if (result == CUDA_SUCCESS) {
        result = remora_cluster_of(remora_find_kernel(func), config->attrs, config->numAttrs,
                                   cluster);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    int size = cluster[0] == 0 ? 1 : (int)(cluster[0] * cluster[1] * cluster[2]);
    if (size > 1 && !has_clusters(context)) {
        *num_clusters = 0;
        return remora_local(CUDA_SUCCESS);
    }
    uint64_t threads = (uint64_t)config->blockDimX * config->blockDimY * config->blockDimZ;
    if (threads == 0 || threads > context->block_threads_max) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    int blocks = 0;
    result = remora_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
            &blocks, func, (int)threads, config->sharedMemBytes, 0);
    if (result == CUDA_SUCCESS) {
        int clusters = blocks *
                       remora_device_value(context->device,
                                           CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 1) /
                       size;
        *num_clusters = blocks > 0 && clusters == 0 ? 1 : clusters;
    }
    return result;
}

/* The required size, or else the largest that the kernel allows. */
CUresult remora_cuOccupancyMaxPotentialClusterSize(int *cluster_size, CUfunction func,
                                                   const CUlaunchConfig *config)
{
    struct remora_context *context;
    uint32_t cluster[3] = {0, 0, 0};
    CUresult result = check(cluster_size, func, config, &context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const struct remora_kernel *kernel = remora_find_kernel(func);
    if (remora_kernel_attribute(kernel, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH) != 0) {
        result = remora_cluster_of(kernel, NULL, 0, cluster);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (cluster[0] != 0) {
        *cluster_size = (int)(cluster[0] * cluster[1] * cluster[2]);
    } else if (!has_clusters(context)) {
        *cluster_size = 1;
    } else {
        *cluster_size = (int)remora_cluster_blocks_max(kernel);
    }
    return remora_local(CUDA_SUCCESS);
}
