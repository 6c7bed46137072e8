/* SPDX-License-Identifier: Apache-2.0 */
#include "launch_cluster.h"

#include <string.h>

/* What the kernel asks for, in `cluster`. False for one that can't be. */
static bool required(const struct remora_kernel *kernel, uint32_t cluster[3])
{
    int positive = 0;
    for (int i = 0; i < 3; i++) {
        int extent = remora_kernel_attribute(
                kernel, (CUfunction_attribute)(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH + i));
        positive += extent > 0;
        cluster[i] = (uint32_t)extent;
    }
    return positive == 0 || positive == 3;
}

uint32_t remora_cluster_blocks_max(const struct remora_kernel *kernel)
{
    bool is_large_allowed =
            remora_kernel_attribute(kernel,
                                    CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED) != 0;
    uint32_t most = is_large_allowed ? REMORA_CLUSTER_BLOCKS_MAX : REMORA_CLUSTER_BLOCKS_PORTABLE;
    return kernel->cluster_blocks_max != 0 && kernel->cluster_blocks_max < most
                   ? kernel->cluster_blocks_max
                   : most;
}

/* Whether there are so many blocks, at most, in a cluster of this extent. */
static bool has_at_most(const uint32_t cluster[3], uint64_t most)
{
    uint64_t blocks = 1;
    for (int i = 0; i < 3; i++) {
        if (cluster[i] > most) {
            return false;
        }
        blocks *= cluster[i];
    }
    return blocks <= most;
}

CUresult remora_cluster_of(const struct remora_kernel *kernel, const CUlaunchAttribute *attributes,
                           unsigned int count, uint32_t cluster[3])
{
    uint32_t wanted[3];
    if (!required(kernel, cluster)) {
        return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    }
    for (unsigned int i = 0; i < count; i++) {
        if (attributes[i].id != CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
            continue;
        }
        memcpy(wanted, &attributes[i].value, sizeof(wanted));
        if (wanted[0] == 0 || wanted[1] == 0 || wanted[2] == 0 ||
            (cluster[0] != 0 && memcmp(wanted, cluster, sizeof(wanted)) != 0)) {
            return CUDA_ERROR_INVALID_CLUSTER_SIZE;
        }
        memcpy(cluster, wanted, sizeof(wanted));
    }
    bool is_missing =
            cluster[0] == 0 &&
            remora_kernel_attribute(kernel, CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET) != 0;
    return is_missing || !has_at_most(cluster, remora_cluster_blocks_max(kernel))
                   ? CUDA_ERROR_INVALID_CLUSTER_SIZE
                   : CUDA_SUCCESS;
}

CUresult remora_check_cluster(const struct remora_kernel *kernel,
                              const CUlaunchAttribute *attributes, unsigned int count,
                              const unsigned int grid[3])
{
    uint32_t cluster[3];
    CUresult result = remora_cluster_of(kernel, attributes, count, cluster);
    for (int i = 0; i < 3 && result == CUDA_SUCCESS && cluster[0] != 0; i++) {
        if (grid[i] % cluster[i] != 0) {
            result = CUDA_ERROR_INVALID_CLUSTER_SIZE;
        }
    }
    return result;
}
