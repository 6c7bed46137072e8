/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "remora_errors.h"

/* More than a viewer in a browser takes. */
#define FILE_BYTES_MAX (INT64_C(1) << 29)

static const char END[] = "\n]\n";
#define END_BYTES ((off_t)(sizeof END - 1))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int fd = -1;

static const char *path(void)
{
    const char *named = secure_getenv("REMORA_TRACE_FILE");
    return named == NULL || *named == 0 ? NULL : named;
}

bool remora_trace_file_wanted(void)
{
    return path() != NULL;
}

struct remora_trace_thread remora_trace_thread_self(void)
{
    struct remora_trace_thread self = {.process = getpid(), .number = syscall(SYS_gettid)};
    if (pthread_getname_np(pthread_self(), self.name, sizeof self.name) != 0) {
        self.name[0] = 0;
    }
    return self;
}

/* ---- text ----------------------------------------------------------------------------------- */

/* A name that the program chose, without what would end the string. */
static void print_name(FILE *out, const char *kind, const struct remora_trace_thread *thread,
                       const char *name)
{
    fprintf(out, ",\n{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%ld,\"tid\":%ld,\"args\":{\"name\":\"",
            kind, thread->process, thread->number);
    for (; *name != 0; name++) {
        unsigned char letter = (unsigned char)*name;
        fputc(letter < 0x20 || letter > 0x7e || letter == '"' || letter == '\\' ? '_' : letter,
              out);
    }
    fputs("\"}}", out);
}

static const char *class_name(enum remora_trace_class kind)
{
    switch (kind) {
    case REMORA_TRACE_LOCAL:
        return "local";
    case REMORA_TRACE_ASYNC:
        return "async";
    case REMORA_TRACE_SYNC:
        return "sync";
    case REMORA_TRACE_NOT_FORWARDED:
        return "not forwarded";
    default:
        return "remora";
    }
}

static void print_micros(FILE *out, const char *key, uint64_t nanos)
{
    fprintf(out, ",\"%s\":%llu.%03u", key, (unsigned long long)(nanos / 1000),
            (unsigned)(nanos % 1000));
}

static void print_count(FILE *out, const char *key, uint64_t count)
{
    if (count != 0) {
        fprintf(out, ",\"%s\":%llu", key, (unsigned long long)count);
    }
}

static void print_event(FILE *out, const struct remora_trace_thread *thread,
                        const struct remora_trace_event *event)
{
    const struct remora_tally *cost = &event->cost;
    fprintf(out, ",\n{\"ph\":\"X\",\"name\":\"%s\",\"cat\":\"%s\",\"pid\":%ld,\"tid\":%ld",
            event->name, class_name(event->kind), thread->process, thread->number);
    print_micros(out, "ts", (uint64_t)event->start);
    print_micros(out, "dur", (uint64_t)event->nanos);
    fprintf(out, ",\"args\":{\"waited\":%s", cost->waits != 0 ? "true" : "false");
    if (cost->waits != 0) {
        print_micros(out, "waited_us", cost->waited_nanos);
    }
    if (cost->credit_nanos != 0) {
        print_micros(out, "too_much_under_way_us", cost->credit_nanos);
    }
    print_count(out, "sent_calls", cost->sent_calls);
    print_count(out, "sent_bytes", cost->sent_bytes);
    print_count(out, "received_bytes", cost->received_bytes);
    if (event->result != CUDA_SUCCESS) {
        const struct remora_error *error = remora_find_error((int)event->result);
        fprintf(out, ",\"result\":\"%s\"", error == NULL ? "unknown" : error->name);
    }
    fputs("}}", out);
}

/* Every event begins with a comma, which the first of a file loses. */
static char *text_of(struct remora_trace_thread *thread, const struct remora_trace_event *events,
                     size_t count, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (out == NULL) {
        return NULL;
    }
    if (!thread->named) {
        print_name(out, "process_name", thread, program_invocation_short_name);
        print_name(out, "thread_name", thread, thread->name);
    }
    for (size_t i = 0; i < count; i++) {
        print_event(out, thread, &events[i]);
    }
    fputs(END, out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- the file ------------------------------------------------------------------------------- */

static bool write_all(const char *bytes, size_t length, off_t at)
{
    while (length != 0) {
        ssize_t written = pwrite(fd, bytes, length, at);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes += written;
        at += written;
        length -= (size_t)written;
    }
    return true;
}

/* Where the array's end is; -1 if the file is no trace. `empty`: the array has nothing yet. */
static off_t find_end(bool *empty)
{
    char tail[sizeof END];
    struct stat status;
    *empty = true;
    if (fstat(fd, &status) != 0) {
        return -1;
    }
    if (status.st_size == 0) {
        return write_all("[", 1, 0) ? 1 : -1;
    }
    off_t end = status.st_size - END_BYTES;
    if (end < 1 || pread(fd, tail, sizeof tail, end - 1) != (ssize_t)sizeof tail
        || memcmp(tail + 1, END, sizeof END - 1) != 0) {
        errno = EINVAL;
        return -1;
    }
    *empty = tail[0] == '[';
    return end;
}

/* With the lock held. The file is locked against the other processes of the command. */
static bool append(const char *text, size_t length)
{
    bool empty;
    if (fd < 0) {
        fd = open(path(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR) {
    }
    off_t end = fd < 0 ? -1 : find_end(&empty);
    if (end < 0) {
        remora_say_once("trace", "The trace can't be written to %s: %s.", path(),
                        errno == EINVAL ? "there is something else in it" : strerror(errno));
        return false;
    }
    if (end + (off_t)length > FILE_BYTES_MAX) {
        remora_say_once("trace", "The trace %s is full: what comes now isn't in it.", path());
        return false;
    }
    size_t skipped = empty ? 1 : 0;
    if (!write_all(text + skipped, length - skipped, end)) {
        remora_say_once("trace", "The trace can't be written to %s: %s.", path(), strerror(errno));
        return false;
    }
    return true;
}

bool remora_trace_file_append(struct remora_trace_thread *thread,
                              const struct remora_trace_event *events, size_t count)
{
    size_t length = 0;
    char *text = text_of(thread, events, count, &length);
    if (text == NULL) {
        return true;
    }
    thread->named = true;
    pthread_mutex_lock(&lock);
    bool good = append(text, length);
    if (fd >= 0) {
        flock(fd, LOCK_UN);
    }
    pthread_mutex_unlock(&lock);
    free(text);
    return good;
}

void remora_trace_file_after_fork(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    if (fd >= 0) {
        close(fd);
        fd = -1;
    }
}
