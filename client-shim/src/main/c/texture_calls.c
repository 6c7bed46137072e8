/* SPDX-License-Identifier: Apache-2.0 */
/* Texture and surface objects. What they were made of is kept here to be asked for. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "context.h"
#include "handle_map.h"
#include "remora_by_hand.h"

struct image_object {
    CUDA_RESOURCE_DESC resource;
    CUDA_TEXTURE_DESC texture;
    bool is_texture;
};

static struct remora_handle_map objects = REMORA_HANDLE_MAP_INITIALIZER;

void remora_forget_textures(void)
{
    remora_handle_map_forget(&objects);
}

/* Devices number their objects each for itself; their numbers are far below 2^48. */
static uint64_t key_of(uint64_t object)
{
    const struct remora_context *context = remora_current();
    return object ^ (uint64_t)(context == NULL ? 0 : context->device + 1) << 48;
}

static CUresult remember(uint64_t object, const struct image_object *made_of)
{
    struct image_object *kept = malloc(sizeof *kept);
    if (kept == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *kept = *made_of;
    free(remora_handle_map_remove(&objects, key_of(object)));
    if (!remora_handle_map_put(&objects, key_of(object), kept)) {
        free(kept);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

static bool find(uint64_t object, bool is_texture, struct image_object *found)
{
    return object != 0 && remora_handle_map_copy(&objects, key_of(object), found, sizeof *found) &&
           found->is_texture == is_texture;
}

/* A resource's fields, of whatever kind it is. */
struct resource_fields {
    uint64_t address;
    int32_t format;
    uint32_t channels;
    uint64_t width;
    uint64_t height;
    uint64_t pitch;
    uint64_t bytes;
};

static struct resource_fields fields_of(const CUDA_RESOURCE_DESC *resource)
{
    struct resource_fields fields = {0};
    if (resource->resType == CU_RESOURCE_TYPE_ARRAY) {
        fields.address = (uint64_t)(uintptr_t)resource->res.array.hArray;
    } else if (resource->resType == CU_RESOURCE_TYPE_LINEAR) {
        fields.address = resource->res.linear.devPtr;
        fields.format = (int32_t)resource->res.linear.format;
        fields.channels = resource->res.linear.numChannels;
        fields.bytes = resource->res.linear.sizeInBytes;
    } else if (resource->resType == CU_RESOURCE_TYPE_PITCH2D) {
        fields.address = resource->res.pitch2D.devPtr;
        fields.format = (int32_t)resource->res.pitch2D.format;
        fields.channels = resource->res.pitch2D.numChannels;
        fields.width = resource->res.pitch2D.width;
        fields.height = resource->res.pitch2D.height;
        fields.pitch = resource->res.pitch2D.pitchInBytes;
    }
    return fields;
}

static void encode_texture(struct remora_writer *out, const CUDA_RESOURCE_DESC *resource,
                           const CUDA_TEXTURE_DESC *texture)
{
    struct resource_fields fields = fields_of(resource);
    int32_t modes[3];
    uint32_t border[4];
    for (int i = 0; i < 3; i++) {
        modes[i] = (int32_t)texture->addressMode[i];
    }
    memcpy(border, texture->borderColor, sizeof border);
    remora_encode_cuTexObjectCreate(out, (int32_t)resource->resType, fields.address, fields.format,
                                    fields.channels, fields.width, fields.height, fields.pitch,
                                    fields.bytes, modes, 3, (int32_t)texture->filterMode,
                                    texture->flags, texture->maxAnisotropy, border, 4);
}

CUresult remora_cuTexObjectCreate(CUtexObject *object, const CUDA_RESOURCE_DESC *resource,
                                  const CUDA_TEXTURE_DESC *texture,
                                  const CUDA_RESOURCE_VIEW_DESC *view)
{
    struct remora_call call = {.number = REMORA_CALL_CU_TEX_OBJECT_CREATE};
    uint64_t number = 0;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (object == NULL || resource == NULL || texture == NULL || resource->flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (view != NULL) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    encode_texture(call.arguments, resource, texture);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool well_formed = remora_decode_cuTexObjectCreate(&call.outputs, &number);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        struct image_object made_of = {*resource, *texture, true};
        result = remember(number, &made_of);
        *object = number;
    }
    return result;
}

CUresult remora_cuSurfObjectCreate(CUsurfObject *object, const CUDA_RESOURCE_DESC *resource)
{
    struct remora_call call = {.number = REMORA_CALL_CU_SURF_OBJECT_CREATE};
    uint64_t number = 0;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (object == NULL || resource == NULL || resource->flags != 0 ||
        resource->resType != CU_RESOURCE_TYPE_ARRAY) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuSurfObjectCreate(call.arguments,
                                     (uint64_t)(uintptr_t)resource->res.array.hArray);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool well_formed = remora_decode_cuSurfObjectCreate(&call.outputs, &number);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        struct image_object made_of = {.resource = *resource, .is_texture = false};
        result = remember(number, &made_of);
        *object = number;
    }
    return result;
}

CUresult remora_cuTexObjectDestroy(CUtexObject tex_object)
{
    struct remora_call call = {.number = REMORA_CALL_CU_TEX_OBJECT_DESTROY};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    free(remora_handle_map_remove(&objects, key_of(tex_object)));
    remora_encode_cuTexObjectDestroy(call.arguments, tex_object);
    return remora_call_async(&call);
}

CUresult remora_cuSurfObjectDestroy(CUsurfObject surf_object)
{
    struct remora_call call = {.number = REMORA_CALL_CU_SURF_OBJECT_DESTROY};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    free(remora_handle_map_remove(&objects, key_of(surf_object)));
    remora_encode_cuSurfObjectDestroy(call.arguments, surf_object);
    return remora_call_async(&call);
}

/* What is kept of an object; CUDA_ERROR_INVALID_VALUE without one, or without a place for it. */
static CUresult look_up(uint64_t object, bool is_texture, const void *place,
                        struct image_object *found)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool known = place != NULL && find(object, is_texture, found);
    return remora_local(known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}

CUresult remora_cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUtexObject tex_object)
{
    struct image_object found;
    CUresult result = look_up(tex_object, true, resource, &found);
    if (result == CUDA_SUCCESS) {
        *resource = found.resource;
    }
    return result;
}

CUresult remora_cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC *texture, CUtexObject tex_object)
{
    struct image_object found;
    CUresult result = look_up(tex_object, true, texture, &found);
    if (result == CUDA_SUCCESS) {
        *texture = found.texture;
    }
    return result;
}

/* No texture has a view, which is what CUDA answers then. */
CUresult remora_cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *view,
                                               CUtexObject tex_object)
{
    struct image_object found;
    CUresult result = look_up(tex_object, true, view, &found);
    return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
}

CUresult remora_cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUsurfObject surf_object)
{
    struct image_object found;
    CUresult result = look_up(surf_object, false, resource, &found);
    if (result == CUDA_SUCCESS) {
        *resource = found.resource;
    }
    return result;
}
