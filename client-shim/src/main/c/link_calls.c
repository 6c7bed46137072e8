/* SPDX-License-Identifier: Apache-2.0 */
/* Linking: the inputs are kept here, and the server links them when the program asks for it. */
#define _POSIX_C_SOURCE 200809L

#include "link_calls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "handle_map.h"
#include "image_load.h"
#include "jit_options.h"
#include "link_set.h"
#include "remora_by_hand.h"

struct link {
    pthread_mutex_t lock;
    struct remora_link_set set;
    /* CUDA wants the program's arrays to stay until the end, since the logs go there. */
    struct remora_jit_options options;
    bool complete;
};

static struct remora_handle_map links = REMORA_HANDLE_MAP_INITIALIZER;

CUresult remora_cuLinkCreate(unsigned int num_options, CUjit_option *options, void **option_values,
                             CUlinkState *state_out)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct link *link = malloc(sizeof(*link));
    if (state_out == NULL || link == NULL) {
        free(link);
        return state_out == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_OUT_OF_MEMORY;
    }
    pthread_mutex_init(&link->lock, NULL);
    remora_link_set_init(&link->set);
    link->complete = false;
    uint64_t handle = remora_new_handle();
    result = remora_jit_options(num_options, options, option_values, &link->options);
    if (result == CUDA_SUCCESS && !remora_handle_map_put(&links, handle, link)) {
        result = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (result != CUDA_SUCCESS) {
        pthread_mutex_destroy(&link->lock);
        free(link);
        return result;
    }
    *state_out = (CUlinkState)(uintptr_t)handle;
    return remora_local(CUDA_SUCCESS);
}

static struct link *find(CUlinkState state)
{
    return remora_handle_map_get(&links, (uint64_t)(uintptr_t)state);
}

static CUresult check_type(CUjitInputType type)
{
    if (type == CU_JIT_INPUT_PTX || type == CU_JIT_INPUT_FATBINARY) {
        return CUDA_SUCCESS;
    }
    if ((unsigned int)type > CU_JIT_INPUT_NVVM) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    remora_say_once("cuLinkAddData",
                    "cuLinkAddData: %s can't be linked here, only PTX and fatbins with PTX: "
                    "compile by nvcc -ptx, or with -gencode arch=compute_75,code=compute_75",
                    type == CU_JIT_INPUT_CUBIN     ? "machine code (a cubin)"
                    : type == CU_JIT_INPUT_OBJECT  ? "an object file"
                    : type == CU_JIT_INPUT_LIBRARY ? "a library"
                                                   : "NVVM code");
    return CUDA_ERROR_NOT_SUPPORTED;
}

/* Options of one input are hints for it, as they are for the whole: they are only looked at. */
static CUresult add(CUlinkState state, CUjitInputType type, const void *bytes, size_t length,
                    const char *name, unsigned int option_count, const CUjit_option *options,
                    void **values)
{
    struct remora_jit_options unused;
    struct link *link = find(state);
    if (link == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    CUresult result = check_type(type);
    if (result == CUDA_SUCCESS) {
        result = remora_jit_options(option_count, options, values, &unused);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    pthread_mutex_lock(&link->lock);
    if (link->complete) {
        result = CUDA_ERROR_INVALID_VALUE;
    } else if (!remora_link_set_add(&link->set, name, bytes, length)) {
        result = CUDA_ERROR_OUT_OF_MEMORY;
    }
    pthread_mutex_unlock(&link->lock);
    return remora_local(result);
}

CUresult remora_cuLinkAddData(CUlinkState state, CUjitInputType type, void *data, size_t size,
                              const char *name, unsigned int num_options, CUjit_option *options,
                              void **option_values)
{
    if (data == NULL || size == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return add(state, type, data, size, name == NULL ? "" : name, num_options, options,
               option_values);
}

CUresult remora_cuLinkAddFile(CUlinkState state, CUjitInputType type, const char *path,
                              unsigned int num_options, CUjit_option *options,
                              void **option_values)
{
    struct remora_image file;
    if (path == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_image_from_file(path, &file);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = add(state, type, file.bytes, file.length, path, num_options, options, option_values);
    remora_image_end(&file);
    return result;
}

static void encode_link(struct remora_writer *out, const struct remora_image *image,
                        const void *request)
{
    const struct remora_jit_options *options = request;
    remora_encode_remoraLink(out, options->keys, options->count, options->values, options->count,
                             image->sha256, sizeof(image->sha256), image->length);
}

static struct remora_span span_of(const char *text)
{
    return (struct remora_span){(const uint8_t *)text, strlen(text)};
}

/* Has the server link the image, and gives the program the logs. */
static CUresult link_image(struct link *link, const struct remora_context *context)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_LINK};
    struct remora_image image = {link->set.image, link->set.image_bytes, {0}, NULL};
    if (!remora_sha256(image.bytes, image.length, image.sha256)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    CUresult result =
            remora_load_image(&call, context->handle, &image, encode_link, &link->options);
    if (result != CUDA_SUCCESS) {
        remora_jit_outputs(&link->options, span_of(""), span_of(remora_failure_detail()), 0);
        return result;
    }
    struct remora_span info_log = {NULL, 0};
    float millis = 0;
    bool well_formed = remora_decode_remoraLink(&call.outputs, &info_log, &millis);
    if (well_formed) {
        remora_jit_outputs(&link->options, info_log, span_of(""), millis);
    }
    return remora_call_end(&call, well_formed);
}

static CUresult complete(struct link *link, const struct remora_context *context)
{
    if (link->complete) {
        return CUDA_SUCCESS;
    }
    if (link->set.first == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!remora_link_set_image(&link->set)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    CUresult result = link_image(link, context);
    link->complete = result == CUDA_SUCCESS;
    return result;
}

CUresult remora_cuLinkComplete(CUlinkState state, void **cubin_out, size_t *size_out)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct link *link = find(state);
    if (link == NULL || cubin_out == NULL) {
        return link == NULL ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    pthread_mutex_lock(&link->lock);
    result = complete(link, context);
    if (result == CUDA_SUCCESS) {
        *cubin_out = link->set.image;
        if (size_out != NULL) {
            *size_out = link->set.image_bytes;
        }
    }
    pthread_mutex_unlock(&link->lock);
    return result;
}

CUresult remora_cuLinkDestroy(CUlinkState state)
{
    struct link *link = remora_handle_map_remove(&links, (uint64_t)(uintptr_t)state);
    if (link == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    remora_link_set_free(&link->set);
    pthread_mutex_destroy(&link->lock);
    free(link);
    return remora_local(CUDA_SUCCESS);
}

void remora_forget_links(void)
{
    remora_handle_map_forget(&links);
}
