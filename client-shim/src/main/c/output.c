/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "output.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX (4u << 20)

struct remora_output_text {
    struct remora_output_text *next;
    size_t length;
    uint8_t bytes[];
};

void remora_output_init(struct remora_output *output)
{
    pthread_mutex_init(&output->arrivals, NULL);
    pthread_mutex_init(&output->writing, NULL);
    output->first = NULL;
    output->last = &output->first;
    output->bytes = 0;
    atomic_init(&output->used, false);
    atomic_init(&output->much, false);
}

bool remora_output_arrived(struct remora_output *output, struct remora_span text)
{
    if (text.length == 0) {
        return true;
    }
    struct remora_output_text *kept = malloc(sizeof(*kept) + text.length);
    if (kept == NULL) {
        return false;
    }
    kept->next = NULL;
    kept->length = text.length;
    memcpy(kept->bytes, text.data, text.length);
    pthread_mutex_lock(&output->arrivals);
    *output->last = kept;
    output->last = &kept->next;
    output->bytes += text.length;
    atomic_store(&output->much, output->bytes > BYTES_MAX);
    atomic_store(&output->used, true);
    pthread_mutex_unlock(&output->arrivals);
    return true;
}

static struct remora_output_text *next(struct remora_output *output)
{
    pthread_mutex_lock(&output->arrivals);
    struct remora_output_text *text = output->first;
    if (text != NULL) {
        output->first = text->next;
        if (output->first == NULL) {
            output->last = &output->first;
        }
        output->bytes -= text->length;
        atomic_store(&output->much, output->bytes > BYTES_MAX);
    }
    pthread_mutex_unlock(&output->arrivals);
    return text;
}

/* Through the program's own buffer, so that its lines and these keep their order. */
void remora_output_write(struct remora_output *output)
{
    if (!atomic_load_explicit(&output->used, memory_order_acquire)) {
        return;
    }
    pthread_mutex_lock(&output->writing);
    bool wrote = false;
    struct remora_output_text *text;
    while ((text = next(output)) != NULL) {
        fwrite(text->bytes, 1, text->length, stdout);
        wrote = true;
        free(text);
    }
    if (wrote) {
        fflush(stdout);
    }
    pthread_mutex_unlock(&output->writing);
}

void remora_output_relieve(struct remora_output *output)
{
    if (atomic_load_explicit(&output->much, memory_order_relaxed)) {
        remora_output_write(output);
    }
}

void remora_output_discard(struct remora_output *output)
{
    struct remora_output_text *text;
    while ((text = next(output)) != NULL) {
        free(text);
    }
    pthread_mutex_destroy(&output->arrivals);
    pthread_mutex_destroy(&output->writing);
}
