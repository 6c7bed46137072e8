/* SPDX-License-Identifier: Apache-2.0 */
/* What the generated cases of the codec test and its program know of each other. */
#ifndef REMORA_CODEC_TEST_H
#define REMORA_CODEC_TEST_H

#include "wire.h"

struct decode_case {
    const char *name;
    bool (*decode)(struct remora_reader *in);
    const uint8_t *bytes;
    size_t length;
};

/* Generated. */
extern const struct decode_case decode_cases[];
extern const size_t decode_case_count;
void encode_all(void);

/* A writer in the middle of Call.arguments. */
struct remora_writer *begin_case(void);

/* Ends the arguments and prints the message, with the payload behind it. */
void end_case(const char *name, const void *payload, size_t payload_bytes);

float float_of(uint32_t bits);

/* Print a value that was decoded, or while reading garbage only look at it. */
void print_LONG(uint64_t value);
void print_INT(uint32_t value);
void print_BOOLEAN(bool value);
void print_FLOAT(float value);
void print_span(struct remora_span value);

#endif
