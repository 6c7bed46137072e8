/* SPDX-License-Identifier: Apache-2.0 */
#include "jit_options.h"

#include <string.h>

/* Whether the program gives the option to get something, so that its value means nothing here. */
static bool is_output(int32_t key)
{
    return key == CU_JIT_WALL_TIME || key == CU_JIT_INFO_LOG_BUFFER ||
           key == CU_JIT_ERROR_LOG_BUFFER;
}

CUresult remora_jit_options(unsigned int count, const CUjit_option *keys, void **values,
                            struct remora_jit_options *options)
{
    if (count > REMORA_OPTIONS_MAX || (count > 0 && (keys == NULL || values == NULL))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    options->count = count;
    options->outputs = values;
    for (unsigned int i = 0; i < count; i++) {
        options->keys[i] = (int32_t)keys[i];
        options->values[i] = is_output(options->keys[i]) ? 0 : (uint64_t)(uintptr_t)values[i];
    }
    return CUDA_SUCCESS;
}

/* Where an option is, or -1. */
static int place_of(const struct remora_jit_options *options, CUjit_option key)
{
    for (unsigned int i = 0; i < options->count; i++) {
        if (options->keys[i] == (int32_t)key) {
            return (int)i;
        }
    }
    return -1;
}

/* A C string, cut where the buffer ends; the size becomes the number of bytes written. */
static void give_log(const struct remora_jit_options *options, CUjit_option buffer_key,
                     CUjit_option size_key, struct remora_span text)
{
    int buffer_place = place_of(options, buffer_key);
    int size_place = place_of(options, size_key);
    if (buffer_place < 0 || size_place < 0) {
        return;
    }
    char *buffer = options->outputs[buffer_place];
    uint32_t room = (uint32_t)options->values[size_place];
    size_t written = 0;
    if (buffer != NULL && room > 0) {
        written = text.length < room ? text.length : room - 1;
        if (written > 0) {
            memcpy(buffer, text.data, written);
        }
        buffer[written] = '\0';
    }
    options->outputs[size_place] = (void *)(uintptr_t)written;
}

void remora_jit_outputs(const struct remora_jit_options *options, struct remora_span info_log,
                        struct remora_span error_log, float wall_time_millis)
{
    give_log(options, CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, info_log);
    give_log(options, CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, error_log);
    int time = place_of(options, CU_JIT_WALL_TIME);
    if (time >= 0) {
        memcpy(&options->outputs[time], &wall_time_millis, sizeof(wall_time_millis));
    }
}
