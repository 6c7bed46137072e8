/* SPDX-License-Identifier: Apache-2.0 */
/* Prints sizes and offsets of the structures of cuda_types.h, or of an installed cuda.h. */
#include <stddef.h>
#include <stdio.h>

#ifdef REMORA_LAYOUT_OF_CUDA_H
#include <cuda.h>
#else
#include "cuda_types.h"
#endif

#define SIZE(type) printf(#type " %zu\n", sizeof(type))
#define PLACE(type, field) printf(#type "." #field " %zu\n", offsetof(type, field))

int main(void)
{
    SIZE(CUresult);
    SIZE(CUdevice);
    SIZE(CUdeviceptr);
    SIZE(CUstream);
    SIZE(CUmemorytype);
    SIZE(CUdevice_attribute);
    SIZE(CUuuid);
    SIZE(CUdevprop);
    PLACE(CUdevprop, sharedMemPerBlock);
    PLACE(CUdevprop, textureAlign);
    SIZE(CUDA_MEMCPY2D);
    PLACE(CUDA_MEMCPY2D, srcHost);
    PLACE(CUDA_MEMCPY2D, srcDevice);
    PLACE(CUDA_MEMCPY2D, srcArray);
    PLACE(CUDA_MEMCPY2D, dstXInBytes);
    PLACE(CUDA_MEMCPY2D, dstArray);
    PLACE(CUDA_MEMCPY2D, WidthInBytes);
    PLACE(CUDA_MEMCPY2D, Height);
    SIZE(CUctxCreateParams);
    PLACE(CUctxCreateParams, numExecAffinityParams);
    PLACE(CUctxCreateParams, cigParams);
    SIZE(CUlaunchAttribute);
    PLACE(CUlaunchAttribute, value);
    SIZE(CUlaunchConfig);
    PLACE(CUlaunchConfig, sharedMemBytes);
    PLACE(CUlaunchConfig, hStream);
    PLACE(CUlaunchConfig, attrs);
    PLACE(CUlaunchConfig, numAttrs);
    SIZE(CUmemPoolProps);
    PLACE(CUmemPoolProps, maxSize);
    SIZE(CUmemAccessDesc);
    SIZE(CUDA_KERNEL_NODE_PARAMS_v1);
    SIZE(CUDA_KERNEL_NODE_PARAMS);
    PLACE(CUDA_KERNEL_NODE_PARAMS, kern);
    SIZE(CUDA_MEMSET_NODE_PARAMS);
    PLACE(CUDA_MEMSET_NODE_PARAMS, width);
    SIZE(CUDA_MEMCPY3D);
    PLACE(CUDA_MEMCPY3D, dstXInBytes);
    PLACE(CUDA_MEMCPY3D, Depth);
    SIZE(CUDA_HOST_NODE_PARAMS);
    SIZE(CUDA_GRAPH_INSTANTIATE_PARAMS);
    SIZE(CUgraphExecUpdateResultInfo);
    SIZE(CUgraphEdgeData);
    return 0;
}
