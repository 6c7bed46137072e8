/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What generated stubs ask of the client: one call's way to the server and back. The client
 * implements these functions; they may be called on any thread.
 */
#ifndef REMORA_CALL_H
#define REMORA_CALL_H

#include "cuda_types.h"
#include "remora_calls.h"

struct remora_call {
    enum remora_call_number number;
    /* From remora_call_begin: where the encoder writes Call.arguments, for example straight into
       the frame that will be sent. */
    struct remora_writer *arguments;
    /* From remora_call_sync: Answer.outputs; the bytes stay until remora_call_end. */
    struct remora_reader outputs;
    /* The client's own. */
    void *state;
};

/*
 * Begins a call: checks that the process may call (cuInit, a current context, no sticky error) and
 * gives `arguments`. After success exactly one of remora_call_async and remora_call_sync follows,
 * with nothing between them but the encoder; a writer that failed is found there.
 */
CUresult remora_call_begin(struct remora_call *call);

/* Ends a call that isn't waited for. */
CUresult remora_call_async(struct remora_call *call);

/* Ends a call and waits for its answer. After success remora_call_end follows. */
CUresult remora_call_sync(struct remora_call *call);

/*
 * Gives back the answer's memory. CUDA_SUCCESS if the outputs were well formed; otherwise the
 * server broke the protocol: ends the connection and answers what CUDA has for that.
 */
CUresult remora_call_end(struct remora_call *call, bool well_formed);

/* A handle that this process hasn't used yet, for an object on the current context's server. */
uint64_t remora_new_handle(void);

/*
 * The same for an object on the server of another object, by its handle, or of a device, by its
 * ordinal.
 */
uint64_t remora_new_handle_near(uint64_t handle);

/*
 * The wire's handle of a stream. Stream 0 is the legacy stream, or with per_thread the calling
 * thread's own, as CU_STREAM_PER_THREAD always is; that one may have to be created first.
 */
CUresult remora_stream(CUstream stream, bool per_thread, uint64_t *handle);

/* The wire's handle of a context; CUDA_ERROR_INVALID_CONTEXT if there is no such context. */
CUresult remora_context(CUcontext context, uint64_t *handle);

#endif
