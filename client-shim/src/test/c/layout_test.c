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

static void pools_and_graphs(void)
{
    SIZE(CUmemLocation);
    PLACE(CUmemLocation, id);
    SIZE(CUmemPoolProps);
    PLACE(CUmemPoolProps, handleTypes);
    PLACE(CUmemPoolProps, location);
    PLACE(CUmemPoolProps, maxSize);
    PLACE(CUmemPoolProps, usage);
    SIZE(CUmemAccessDesc);
    PLACE(CUmemAccessDesc, flags);
    SIZE(CUDA_KERNEL_NODE_PARAMS_v1);
    PLACE(CUDA_KERNEL_NODE_PARAMS_v1, sharedMemBytes);
    PLACE(CUDA_KERNEL_NODE_PARAMS_v1, kernelParams);
    PLACE(CUDA_KERNEL_NODE_PARAMS_v1, extra);
    SIZE(CUDA_KERNEL_NODE_PARAMS);
    PLACE(CUDA_KERNEL_NODE_PARAMS, kernelParams);
    PLACE(CUDA_KERNEL_NODE_PARAMS, kern);
    PLACE(CUDA_KERNEL_NODE_PARAMS, ctx);
    SIZE(CUDA_MEMSET_NODE_PARAMS);
    PLACE(CUDA_MEMSET_NODE_PARAMS, value);
    PLACE(CUDA_MEMSET_NODE_PARAMS, elementSize);
    PLACE(CUDA_MEMSET_NODE_PARAMS, width);
    PLACE(CUDA_MEMSET_NODE_PARAMS, height);
    SIZE(CUDA_MEMCPY3D);
    PLACE(CUDA_MEMCPY3D, srcMemoryType);
    PLACE(CUDA_MEMCPY3D, srcDevice);
    PLACE(CUDA_MEMCPY3D, srcPitch);
    PLACE(CUDA_MEMCPY3D, srcHeight);
    PLACE(CUDA_MEMCPY3D, dstXInBytes);
    PLACE(CUDA_MEMCPY3D, dstMemoryType);
    PLACE(CUDA_MEMCPY3D, dstDevice);
    PLACE(CUDA_MEMCPY3D, dstHeight);
    PLACE(CUDA_MEMCPY3D, WidthInBytes);
    PLACE(CUDA_MEMCPY3D, Depth);
    SIZE(CUstreamBatchMemOpParams);
    PLACE(CUstreamBatchMemOpParams, waitValue.flags);
    SIZE(CUDA_BATCH_MEM_OP_NODE_PARAMS);
    PLACE(CUDA_BATCH_MEM_OP_NODE_PARAMS, flags);
    SIZE(CUmemcpyAttributes);
    PLACE(CUmemcpyAttributes, flags);
    SIZE(CUDA_MEMCPY3D_BATCH_OP);
    PLACE(CUDA_MEMCPY3D_BATCH_OP, extent);
    PLACE(CUDA_MEMCPY3D_BATCH_OP, flags);
    PLACE(CUmemcpy3DOperand, op.ptr.locHint);
    PLACE(CUmemcpy3DOperand, op.array.offset);
    SIZE(CUDA_CONDITIONAL_NODE_PARAMS);
    PLACE(CUDA_CONDITIONAL_NODE_PARAMS, phGraph_out);
    PLACE(CUDA_CONDITIONAL_NODE_PARAMS, ctx);
    SIZE(CUDA_MEMCPY3D_PEER);
    PLACE(CUDA_MEMCPY3D_PEER, srcContext);
    PLACE(CUDA_MEMCPY3D_PEER, dstContext);
    PLACE(CUDA_MEMCPY3D_PEER, Depth);
    SIZE(CUDA_HOST_NODE_PARAMS);
    PLACE(CUDA_HOST_NODE_PARAMS, userData);
    SIZE(CUDA_GRAPH_INSTANTIATE_PARAMS);
    PLACE(CUDA_GRAPH_INSTANTIATE_PARAMS, hUploadStream);
    PLACE(CUDA_GRAPH_INSTANTIATE_PARAMS, result_out);
    SIZE(CUgraphExecUpdateResultInfo);
    PLACE(CUgraphExecUpdateResultInfo, errorFromNode);
    SIZE(CUgraphEdgeData);
    PLACE(CUgraphEdgeData, type);
}

static void images(void)
{
    SIZE(CUDA_ARRAY_DESCRIPTOR);
    PLACE(CUDA_ARRAY_DESCRIPTOR, Format);
    PLACE(CUDA_ARRAY_DESCRIPTOR, NumChannels);
    SIZE(CUDA_ARRAY3D_DESCRIPTOR);
    PLACE(CUDA_ARRAY3D_DESCRIPTOR, Depth);
    PLACE(CUDA_ARRAY3D_DESCRIPTOR, Flags);
    SIZE(CUDA_RESOURCE_DESC);
    PLACE(CUDA_RESOURCE_DESC, res.array.hArray);
    PLACE(CUDA_RESOURCE_DESC, res.linear.sizeInBytes);
    PLACE(CUDA_RESOURCE_DESC, res.pitch2D.numChannels);
    PLACE(CUDA_RESOURCE_DESC, res.pitch2D.pitchInBytes);
    PLACE(CUDA_RESOURCE_DESC, flags);
    SIZE(CUDA_TEXTURE_DESC);
    PLACE(CUDA_TEXTURE_DESC, filterMode);
    PLACE(CUDA_TEXTURE_DESC, maxAnisotropy);
    PLACE(CUDA_TEXTURE_DESC, borderColor);
    SIZE(CUtexObject);
    SIZE(CUsurfObject);
}

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
    pools_and_graphs();
    images();
    return 0;
}
