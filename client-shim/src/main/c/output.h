/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kernels have printed, on its way to the program's standard output. Whoever handles the
 * server's frames brings it; a thread whose waiting call returns writes it, as CUDA does. What nobody
 * waits for is written once there is much of it, by the thread that would read more from the server:
 * a program whose output isn't read slows its kernels' and uses no more memory.
 */
#ifndef REMORA_OUTPUT_H
#define REMORA_OUTPUT_H

#include <pthread.h>
#include <stdatomic.h>

#include "wire.h"

struct remora_output_text;

struct remora_output {
    /* Guards the texts; never held while writing. */
    pthread_mutex_t arrivals;
    /* Held while writing, so that who finds nothing waiting knows that all is written. */
    pthread_mutex_t writing;
    struct remora_output_text *first;
    struct remora_output_text **last;
    size_t bytes;
    /* For good, once something was printed: until then waiting calls cost nothing here. */
    atomic_bool used;
    atomic_bool much;
};

void remora_output_init(struct remora_output *output);

/* A text has come. False: there is no memory left for it. */
bool remora_output_arrived(struct remora_output *output, struct remora_span text);

/* Writes all that has come; returns when it is written, whoever did it. Takes no other lock. */
void remora_output_write(struct remora_output *output);

/* As remora_output_write, if there is so much that no more should be read before. */
void remora_output_relieve(struct remora_output *output);

/* Frees everything, and writes nothing. */
void remora_output_discard(struct remora_output *output);

#endif
