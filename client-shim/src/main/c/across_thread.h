/* SPDX-License-Identifier: Apache-2.0 */
/* What is common to copies and waits between two servers: a thread, and streams of the client's own. */
#ifndef REMORA_ACROSS_THREAD_H
#define REMORA_ACROSS_THREAD_H

#include <pthread.h>

#include "client.h"

/* What the thread is to do; part of a larger structure, which `run` frees. */
struct remora_job {
    struct remora_job *next;
    void (*run)(struct remora_job *job);
};

/* A stream of the client's own on a device, in a context that no program can reset. */
struct remora_lane {
    CUdevice device;
    uint64_t context;
    uint64_t stream;
    struct remora_lane *next;
};

/* Guards jobs, idle lanes and gates, and is held for nothing else. */
extern pthread_mutex_t remora_across_lock;

/* Makes sure that there is the thread. CUDA_ERROR_OUT_OF_MEMORY */
CUresult remora_across_start(void);

/* Leaves the thread a job; with the lock held. */
void remora_across_post(struct remora_job *job);

/*
 * Takes a lane that has nothing to do, without the lock: else a wait could be behind one that it is
 * needed for.
 */
CUresult remora_take_lane(CUdevice device, struct remora_lane **taken);

/* Gives one back that has nothing to do any more; with the lock held, and without. */
void remora_put_lane(struct remora_lane *lane);
void remora_give_lane(struct remora_lane *lane);

/* Waits for what is on a stream. */
CUresult remora_await_stream(uint64_t context, uint64_t stream);

/* In a fork's child: see remora_forget_session. */
void remora_forget_across_thread(void);

/* What a stream's server has: the stream, or for 0 the current context. */
uint64_t remora_near_stream(uint64_t stream);

/* A function of the client's own on a stream, which runs whatever has happened there before. */
CUresult remora_call_back(uint64_t context, uint64_t stream, uint64_t token);

#endif
