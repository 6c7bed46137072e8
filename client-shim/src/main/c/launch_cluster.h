/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster of a launch: its own, or the one that the kernel asks for. */
#ifndef REMORA_LAUNCH_CLUSTER_H
#define REMORA_LAUNCH_CLUSTER_H

#include "function.h"

/* Most blocks of a cluster on any GPU that has clusters, and of one that the program allows. */
#define REMORA_CLUSTER_BLOCKS_PORTABLE 8
#define REMORA_CLUSTER_BLOCKS_MAX 16

/* An attribute of a kernel as it was told or set; 0 if it isn't known. */
static inline int remora_kernel_attribute(const struct remora_kernel *kernel,
                                          CUfunction_attribute attribute)
{
    return atomic_load_explicit(&kernel->attributes[attribute], memory_order_relaxed);
}

/* Most blocks of a cluster of this kernel. */
uint32_t remora_cluster_blocks_max(const struct remora_kernel *kernel);

/*
 * The extent in blocks of a launch with these attributes; all 0 for a launch without clusters.
 * CUDA_ERROR_INVALID_CLUSTER_SIZE if the kernel can't run so. The grid isn't looked at.
 */
CUresult remora_cluster_of(const struct remora_kernel *kernel, const CUlaunchAttribute *attributes,
                           unsigned int count, uint32_t cluster[3]);

/* The checks that CUDA makes at once. As remora_cluster_of, and the grid is of whole clusters. */
CUresult remora_check_cluster(const struct remora_kernel *kernel,
                              const CUlaunchAttribute *attributes, unsigned int count,
                              const unsigned int grid[3]);

/* Whether a kernel says anything of clusters; few do. */
static inline bool remora_knows_clusters(const struct remora_kernel *kernel)
{
    return remora_kernel_attribute(kernel, CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET) != 0 ||
           remora_kernel_attribute(kernel, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH) != 0;
}

#endif
