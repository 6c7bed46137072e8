/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include "cancellation.h"
#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES_MAX 2048
#define KINDS_MAX 256

static const char PREFIX[] = "remora: ";

static pthread_mutex_t kinds_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t kinds[KINDS_MAX];
static size_t kind_count;

static void write_all(const char *bytes, size_t length)
{
    while (length != 0) {
        ssize_t written = write(STDERR_FILENO, bytes, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            /* Whoever closed stderr doesn't want to read this. */
            return;
        }
        bytes += written;
        length -= (size_t)written;
    }
}

static void say(const char *format, va_list arguments)
{
    char line[LINE_BYTES_MAX];
    size_t length = sizeof PREFIX - 1;
    memcpy(line, PREFIX, length);
    int written = vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    if (written < 0) {
        return;
    }
    size_t room = sizeof line - length - 2;
    length += (size_t)written < room ? (size_t)written : room;
    /* The words may be the server's: one line stays one line and moves no cursor. */
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = ' ';
        }
    }
    line[length++] = '\n';
    int saved = errno;
    int cancel = remora_hold_cancellation();
    write_all(line, length);
    remora_release_cancellation(cancel);
    errno = saved;
}

void remora_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

bool remora_words(char words[REMORA_WORDS_BYTES_MAX], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(words, REMORA_WORDS_BYTES_MAX, format, arguments) < 0) {
        words[0] = 0;
    }
    va_end(arguments);
    return false;
}

/* FNV-1a: kinds are told apart by 64 bits, so their texts needn't be kept. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text != 0; text++) {
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    }
    return hash;
}

static bool is_new(const char *kind)
{
    uint64_t hash = hash_of(kind);
    bool found = false;
    pthread_mutex_lock(&kinds_lock);
    for (size_t i = 0; i < kind_count && !found; i++) {
        found = kinds[i] == hash;
    }
    bool added = !found && kind_count < KINDS_MAX;
    if (added) {
        kinds[kind_count++] = hash;
    }
    pthread_mutex_unlock(&kinds_lock);
    return added;
}

void remora_say_once(const char *kind, const char *format, ...)
{
    if (is_new(kind)) {
        va_list arguments;
        va_start(arguments, format);
        say(format, arguments);
        va_end(arguments);
    }
}

void remora_report_after_fork(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    kinds_lock = fresh;
}
