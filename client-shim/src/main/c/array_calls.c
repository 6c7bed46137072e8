/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays: creating and describing them. */
#define _POSIX_C_SOURCE 200809L

#include "array.h"

#include <stdlib.h>

#include "context.h"
#include "handle_map.h"
#include "remora_by_hand.h"

static struct remora_handle_map arrays = REMORA_HANDLE_MAP_INITIALIZER;

bool remora_find_array(CUarray array, struct remora_array *found)
{
    return array != NULL &&
           remora_handle_map_copy(&arrays, (uint64_t)(uintptr_t)array, found, sizeof *found);
}

void remora_forget_arrays(void)
{
    remora_handle_map_forget(&arrays);
}

static uint64_t at_least_one(uint64_t number)
{
    return number == 0 ? 1 : number;
}

/* What the server said of a new array. One that ended with its context may have been there. */
static CUresult remember(const CUDA_ARRAY3D_DESCRIPTOR *shape, uint64_t address, uint64_t pitch,
                         uint64_t texel_bytes)
{
    struct remora_array *array = malloc(sizeof *array);
    if (array == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    array->shape = *shape;
    array->address = address;
    array->pitch = pitch;
    array->row_bytes = shape->Width * texel_bytes;
    array->rows = at_least_one(shape->Height);
    array->slices = at_least_one(shape->Depth);
    free(remora_handle_map_remove(&arrays, address));
    if (!remora_handle_map_put(&arrays, address, array)) {
        free(array);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

/* Bytes of a texel, once the server has accepted the format. */
static uint64_t texel_bytes(const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
    switch (shape->Format) {
    case CU_AD_FORMAT_UNSIGNED_INT8:
    case CU_AD_FORMAT_SIGNED_INT8:
        return shape->NumChannels;
    case CU_AD_FORMAT_UNSIGNED_INT16:
    case CU_AD_FORMAT_SIGNED_INT16:
    case CU_AD_FORMAT_HALF:
        return 2 * (uint64_t)shape->NumChannels;
    default:
        return 4 * (uint64_t)shape->NumChannels;
    }
}

static CUresult create(CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
    struct remora_call call = {.number = REMORA_CALL_CU_ARRAY3_D_CREATE};
    uint64_t address = 0;
    uint64_t pitch = 0;
    uint64_t slice_pitch = 0;
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuArray3DCreate(call.arguments, shape->Width, shape->Height, shape->Depth,
                                  (int32_t)shape->Format, shape->NumChannels, shape->Flags);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool well_formed =
            remora_decode_cuArray3DCreate(&call.outputs, &address, &pitch, &slice_pitch);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        result = remember(shape, address, pitch, texel_bytes(shape));
    }
    if (result == CUDA_SUCCESS) {
        *handle = (CUarray)(uintptr_t)address;
    }
    return result;
}

CUresult remora_cuArray3DCreate(CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR *allocate_array)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (handle == NULL || allocate_array == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return create(handle, allocate_array);
}

CUresult remora_cuArrayCreate(CUarray *handle, const CUDA_ARRAY_DESCRIPTOR *allocate_array)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (handle == NULL || allocate_array == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUDA_ARRAY3D_DESCRIPTOR shape = {.Width = allocate_array->Width,
                                     .Height = allocate_array->Height,
                                     .Format = allocate_array->Format,
                                     .NumChannels = allocate_array->NumChannels};
    return create(handle, &shape);
}

CUresult remora_cuArrayGetDescriptor(CUDA_ARRAY_DESCRIPTOR *descriptor, CUarray h_array)
{
    struct remora_array array;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (descriptor == NULL || !remora_find_array(h_array, &array)) {
        return remora_local(descriptor == NULL ? CUDA_ERROR_INVALID_VALUE
                                               : CUDA_ERROR_INVALID_HANDLE);
    }
    descriptor->Width = array.shape.Width;
    descriptor->Height = array.shape.Height;
    descriptor->Format = array.shape.Format;
    descriptor->NumChannels = array.shape.NumChannels;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuArray3DGetDescriptor(CUDA_ARRAY3D_DESCRIPTOR *descriptor, CUarray h_array)
{
    struct remora_array array;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (descriptor == NULL || !remora_find_array(h_array, &array)) {
        return remora_local(descriptor == NULL ? CUDA_ERROR_INVALID_VALUE
                                               : CUDA_ERROR_INVALID_HANDLE);
    }
    *descriptor = array.shape;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuArrayDestroy(CUarray h_array)
{
    struct remora_call call = {.number = REMORA_CALL_CU_ARRAY_DESTROY};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    void *array = remora_handle_map_remove(&arrays, (uint64_t)(uintptr_t)h_array);
    if (array == NULL) {
        remora_call_cancel(&call);
        return CUDA_ERROR_INVALID_HANDLE;
    }
    free(array);
    remora_encode_cuArrayDestroy(call.arguments, (uint64_t)(uintptr_t)h_array);
    return remora_call_async(&call);
}
