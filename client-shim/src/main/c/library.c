/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "library.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "function.h"
#include "handle_map.h"
#include "image_load.h"

static struct remora_handle_map libraries = REMORA_HANDLE_MAP_INITIALIZER;

struct load {
    const struct remora_library *library;
    uint64_t context;
    uint64_t wire_handle;
    const struct remora_jit_options *jit;
};

static void free_library(struct remora_library *library)
{
    while (library->modules != NULL) {
        struct remora_library_module *module = library->modules;
        library->modules = module->next;
        remora_kernels_end(module->handle);
        free(module);
    }
    pthread_mutex_destroy(&library->lock);
    free(library->copy);
    free(library);
}

struct remora_library *remora_make_library(const struct remora_image *image, bool preserved,
                                           unsigned int option_count, const int32_t *options)
{
    size_t homes = remora_server_count();
    struct remora_library *library =
            calloc(1, sizeof(*library) + homes * sizeof(library->homes[0]));
    if (library == NULL) {
        return NULL;
    }
    library->home_count = homes;
    pthread_mutex_init(&library->lock, NULL);
    library->handle = remora_new_handle();
    library->image = *image;
    library->image.owned = NULL;
    library->option_count = option_count;
    for (unsigned int i = 0; i < option_count; i++) {
        library->options[i] = options[i];
    }
    bool made = true;
    if (!preserved) {
        library->copy = malloc(image->length);
        made = library->copy != NULL;
        if (made) {
            memcpy(library->copy, image->bytes, image->length);
            library->image.bytes = library->copy;
        }
    }
    if (!made || !remora_handle_map_put(&libraries, library->handle, library)) {
        free_library(library);
        return NULL;
    }
    return library;
}

static void encode_load(struct remora_writer *out, const struct remora_image *image,
                        const void *request)
{
    const struct load *load = request;
    const struct remora_library *library = load->library;
    static const struct remora_jit_options none;
    const struct remora_jit_options *jit = load->jit == NULL ? &none : load->jit;
    /* No library option that Remora knows has a value. */
    static const uint64_t values[REMORA_OPTIONS_MAX];
    remora_encode_cuLibraryLoadData(out, load->wire_handle, jit->keys, jit->count, jit->values,
                                    jit->count, library->options, library->option_count, values,
                                    library->option_count, image->sha256, sizeof(image->sha256),
                                    image->length);
}

static struct remora_span span_of(const char *text)
{
    return (struct remora_span){(const uint8_t *)text, strlen(text)};
}

static CUresult load(const struct load *request)
{
    const struct remora_jit_options *jit = request->jit;
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_LOAD_DATA};
    CUresult result = remora_load_image(&call, request->context, &request->library->image,
                                        encode_load, request);
    if (result != CUDA_SUCCESS) {
        if (jit != NULL) {
            remora_jit_outputs(jit, span_of(""), span_of(remora_failure_detail()), 0);
        }
        return result;
    }
    struct remora_span info_log = {NULL, 0};
    float millis = 0;
    bool well_formed = remora_decode_cuLibraryLoadData(&call.outputs, &info_log, &millis);
    if (well_formed && jit != NULL) {
        remora_jit_outputs(jit, info_log, span_of(""), millis);
    }
    return remora_call_end(&call, well_formed);
}

/* Other failures may be those of an earlier call, or pass. */
static bool is_about_image(CUresult result)
{
    return result == CUDA_ERROR_INVALID_IMAGE || result == CUDA_ERROR_INVALID_PTX ||
           result == CUDA_ERROR_NO_BINARY_FOR_GPU || result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION ||
           result == CUDA_ERROR_JIT_COMPILER_NOT_FOUND || result == CUDA_ERROR_INVALID_SOURCE ||
           result == CUDA_ERROR_NOT_SUPPORTED;
}

CUresult remora_ensure_library(struct remora_library *library, uint64_t context,
                               const struct remora_jit_options *jit, uint64_t *wire_handle)
{
    struct remora_library_home *home = &library->homes[remora_home(context)];
    pthread_mutex_lock(&library->lock);
    if (!home->answered) {
        home->wire_handle = remora_new_handle_near(context);
        struct load request = {library, context, home->wire_handle, jit};
        home->answer = load(&request);
        home->answered = home->answer == CUDA_SUCCESS || is_about_image(home->answer);
    }
    if (home->answered && library->home_count == 1) {
        /* Nobody else will want it. */
        library->image.bytes = NULL;
        free(library->copy);
        library->copy = NULL;
    }
    CUresult result = home->answer;
    *wire_handle = home->wire_handle;
    pthread_mutex_unlock(&library->lock);
    return result;
}

struct remora_library *remora_find_library(CUlibrary library)
{
    return remora_handle_map_get(&libraries, (uint64_t)(uintptr_t)library);
}

size_t remora_end_library(struct remora_library *library,
                          uint64_t wire_handles[REMORA_SERVERS_MAX])
{
    size_t known = 0;
    for (size_t i = 0; i < library->home_count; i++) {
        const struct remora_library_home *home = &library->homes[i];
        if (home->answered && home->answer == CUDA_SUCCESS) {
            wire_handles[known++] = home->wire_handle;
        }
    }
    remora_handle_map_remove(&libraries, library->handle);
    remora_kernels_end(library->handle);
    free_library(library);
    return known;
}

void remora_forget_libraries(void)
{
    remora_handle_map_forget(&libraries);
}
