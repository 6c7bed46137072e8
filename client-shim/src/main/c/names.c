/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

static bool copy(const struct remora_span *spans, size_t count, struct remora_names *names)
{
    size_t bytes = 1;
    for (size_t i = 0; i < count; i++) {
        bytes += spans[i].length + 1;
    }
    names->text = malloc(bytes);
    names->at = malloc((count + 1) * sizeof(*names->at));
    if (names->text == NULL || names->at == NULL) {
        return false;
    }
    char *end = names->text;
    for (size_t i = 0; i < count; i++) {
        names->at[i] = end;
        if (spans[i].length > 0) {
            memcpy(end, spans[i].data, spans[i].length);
        }
        end += spans[i].length;
        *end++ = '\0';
    }
    names->count = count;
    return true;
}

CUresult remora_receive_names(struct remora_call *call, size_t capacity,
                              remora_names_decoder *decode, struct remora_names *names)
{
    *names = (struct remora_names){0, NULL, NULL};
    CUresult result = remora_call_sync(call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    /* A name takes two bytes of the answer at least, so the answer bounds what is allocated. */
    size_t possible = remora_remaining(&call->outputs) / 2;
    size_t room = capacity < possible ? capacity : possible;
    struct remora_span *spans = malloc((room + 1) * sizeof(*spans));
    size_t count = 0;
    bool well_formed = spans != NULL && decode(&call->outputs, spans, room, &count);
    bool copied = well_formed && copy(spans, count < room ? count : room, names);
    free(spans);
    result = remora_call_end(call, well_formed || spans == NULL);
    return result == CUDA_SUCCESS && !copied ? CUDA_ERROR_OUT_OF_MEMORY : result;
}

void remora_free_names(struct remora_names *names)
{
    free(names->at);
    free(names->text);
}
