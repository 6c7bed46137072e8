/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices can do with each other's memory. Kernels can't reach it: every device of a session
 * has a slab of its own. Copies between devices of one server are the server's affair.
 */
#include "context.h"
#include "remora_by_hand.h"

/* Checks that there are both devices. */
static CUresult check_devices(CUdevice first, CUdevice second)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_device_at(first) == NULL || remora_device_at(second) == NULL
                   ? CUDA_ERROR_INVALID_DEVICE
                   : CUDA_SUCCESS;
}

static CUresult no_peer(int *value, CUdevice first, CUdevice second)
{
    CUresult result = check_devices(first, second);
    if (result != CUDA_SUCCESS || value == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *value = 0;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDeviceCanAccessPeer(int *can_access_peer, CUdevice dev, CUdevice peer_dev)
{
    return no_peer(can_access_peer, dev, peer_dev);
}

CUresult remora_cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attrib,
                                        CUdevice src_device, CUdevice dst_device)
{
    bool known = attrib >= CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK &&
                 attrib <= CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED;
    return known ? no_peer(value, src_device, dst_device) : CUDA_ERROR_INVALID_VALUE;
}

static CUresult no_capabilities(unsigned int *capabilities, const CUatomicOperation *operations,
                                unsigned int count)
{
    if (capabilities == NULL || operations == NULL || count == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < count; i++) {
        if ((unsigned int)operations[i] > CU_ATOMIC_OPERATION_FLOAT_MAX) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    for (unsigned int i = 0; i < count; i++) {
        capabilities[i] = 0;
    }
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDeviceGetP2PAtomicCapabilities(unsigned int *capabilities,
                                                 const CUatomicOperation *operations,
                                                 unsigned int count, CUdevice src_device,
                                                 CUdevice dst_device)
{
    CUresult result = check_devices(src_device, dst_device);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (src_device == dst_device) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    return no_capabilities(capabilities, operations, count);
}

CUresult remora_cuDeviceGetHostAtomicCapabilities(unsigned int *capabilities,
                                                  const CUatomicOperation *operations,
                                                  unsigned int count, CUdevice dev)
{
    CUresult result = check_devices(dev, dev);
    return result == CUDA_SUCCESS ? no_capabilities(capabilities, operations, count) : result;
}

/* The current context, and another one that a program names. */
static CUresult find_peer(CUcontext named, struct remora_context **current,
                          struct remora_context **peer)
{
    CUresult result = remora_usable_context(current);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *peer = named == NULL ? NULL : remora_find_context(named);
    return *peer == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

CUresult remora_cuCtxEnablePeerAccess(CUcontext peer_context, unsigned int flags)
{
    struct remora_context *current;
    struct remora_context *peer;
    CUresult result = find_peer(peer_context, &current, &peer);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (peer == current) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return flags != 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
}

CUresult remora_cuCtxDisablePeerAccess(CUcontext peer_context)
{
    struct remora_context *current;
    struct remora_context *peer;
    CUresult result = find_peer(peer_context, &current, &peer);
    return result != CUDA_SUCCESS ? result : CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
}

/* Whether one side of a copy lies where the program says: in a device's memory, or elsewhere. */
static CUresult check_side(CUmemorytype type, CUdeviceptr address, CUcontext named)
{
    if (type != CU_MEMORYTYPE_DEVICE) {
        return CUDA_SUCCESS;
    }
    struct remora_context *context = named == NULL ? NULL : remora_find_context(named);
    if (context == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    const struct remora_device *device = remora_device_at(context->device);
    bool there = device != NULL && address - device->slab_address < device->slab_bytes;
    return there ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult check_sides(const CUDA_MEMCPY3D_PEER *copy)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || copy == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (copy->WidthInBytes == 0 || copy->Height == 0 || copy->Depth == 0) {
        return CUDA_SUCCESS;
    }
    result = check_side(copy->srcMemoryType, copy->srcDevice, copy->srcContext);
    return result != CUDA_SUCCESS
                   ? result
                   : check_side(copy->dstMemoryType, copy->dstDevice, copy->dstContext);
}

/* The addresses tell the devices, so what is left is a copy like any other. */
static CUDA_MEMCPY3D box_of(const CUDA_MEMCPY3D_PEER *copy)
{
    CUDA_MEMCPY3D box = {.srcXInBytes = copy->srcXInBytes,
                         .srcY = copy->srcY,
                         .srcZ = copy->srcZ,
                         .srcLOD = copy->srcLOD,
                         .srcMemoryType = copy->srcMemoryType,
                         .srcHost = copy->srcHost,
                         .srcDevice = copy->srcDevice,
                         .srcArray = copy->srcArray,
                         .srcPitch = copy->srcPitch,
                         .srcHeight = copy->srcHeight,
                         .dstXInBytes = copy->dstXInBytes,
                         .dstY = copy->dstY,
                         .dstZ = copy->dstZ,
                         .dstLOD = copy->dstLOD,
                         .dstMemoryType = copy->dstMemoryType,
                         .dstHost = copy->dstHost,
                         .dstDevice = copy->dstDevice,
                         .dstArray = copy->dstArray,
                         .dstPitch = copy->dstPitch,
                         .dstHeight = copy->dstHeight,
                         .WidthInBytes = copy->WidthInBytes,
                         .Height = copy->Height,
                         .Depth = copy->Depth};
    return box;
}

CUresult remora_cuMemcpy3DPeer(bool per_thread, const CUDA_MEMCPY3D_PEER *p_copy)
{
    CUresult result = check_sides(p_copy);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    CUDA_MEMCPY3D box = box_of(p_copy);
    return remora_cuMemcpy3D(per_thread, &box);
}

CUresult remora_cuMemcpy3DPeerAsync(bool per_thread, const CUDA_MEMCPY3D_PEER *p_copy,
                                    CUstream h_stream)
{
    CUresult result = check_sides(p_copy);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    CUDA_MEMCPY3D box = box_of(p_copy);
    return remora_cuMemcpy3DAsync(per_thread, &box, h_stream);
}
