/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries: images for all devices. They are measured and hashed when the program loads them, and
 * the server hears of them when something in them is first looked up. Any thread.
 */
#ifndef REMORA_LIBRARY_H
#define REMORA_LIBRARY_H

#include <pthread.h>

#include "client.h"
#include "image.h"
#include "jit_options.h"

/* A module that stands for a library on one device. */
struct remora_library_module {
    uint64_t handle;
    CUdevice device;
    struct remora_library_module *next;
};

/* What one of the process's servers has made of a library. Under the library's lock. */
struct remora_library_home {
    /* Whether the server has said what becomes of the image, and that. */
    bool answered;
    CUresult answer;
    /* As the server knows it: another for each attempt. */
    uint64_t wire_handle;
};

struct remora_library {
    /* As the program knows it. */
    uint64_t handle;
    /* Held while the image is loaded, so that those who want something in it wait. */
    pthread_mutex_t lock;
    struct remora_image image;
    /* The bytes, if the program didn't promise to keep them; freed once they aren't needed. */
    void *copy;
    unsigned int option_count;
    int32_t options[REMORA_OPTIONS_MAX];
    struct remora_library_module *modules;
    size_t home_count;
    struct remora_library_home homes[];
};

/*
 * Makes a library of an image. Its bytes stay the caller's if `preserved`, otherwise they are
 * copied. NULL if there is no memory.
 */
struct remora_library *remora_make_library(const struct remora_image *image, bool preserved,
                                           unsigned int option_count, const int32_t *options);

/*
 * Has the server of a context load the library, if it didn't yet, and gives the handle by which that
 * server knows it. That the image can't be loaded is final; after any other failure the next call
 * tries again. `jit` may be NULL and counts only for the first.
 */
CUresult remora_ensure_library(struct remora_library *library, uint64_t context,
                               const struct remora_jit_options *jit, uint64_t *wire_handle);

/* The library that a program's handle names, or NULL. */
struct remora_library *remora_find_library(CUlibrary library);

/* Takes a library out and frees it; the handles by which servers know it, and how many do. */
size_t remora_end_library(struct remora_library *library,
                          uint64_t wire_handles[REMORA_SERVERS_MAX]);

/* In a fork's child: see remora_forget_session. */
void remora_forget_libraries(void);

#endif
