/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people on stderr. */
#ifndef REMORA_REPORT_H
#define REMORA_REPORT_H

#include <stdbool.h>

/* Room for one sentence that explains a failure. */
#define REMORA_WORDS_BYTES_MAX 1024

/* Prints "remora: ..." and a new line in one write, so that lines of several threads stay whole. */
void remora_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Keeps a sentence, cut where there is no room for more. Always false, to be returned at once. */
bool remora_words(char words[REMORA_WORDS_BYTES_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* In the child of a fork: another thread may have held the lock. */
void remora_report_after_fork(void);

#endif
