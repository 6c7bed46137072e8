/* SPDX-License-Identifier: Apache-2.0 */
/* The names that an enumerating call answers. */
#ifndef REMORA_NAMES_H
#define REMORA_NAMES_H

#include "call.h"

struct remora_names {
    size_t count;
    /* Each ends with 0. */
    char **at;
    char *text;
};

/* A generated decoder of names. */
typedef bool remora_names_decoder(struct remora_reader *in, struct remora_span *names,
                                  size_t capacity, size_t *count);

/*
 * Waits for the answer of a call that was begun and encoded, and copies at most `capacity` names.
 * Whatever it answers, remora_free_names may follow.
 */
CUresult remora_receive_names(struct remora_call *call, size_t capacity,
                              remora_names_decoder *decode, struct remora_names *names);

void remora_free_names(struct remora_names *names);

#endif
