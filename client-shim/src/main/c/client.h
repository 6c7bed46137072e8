/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the calls that are written by hand ask of the client, beyond call.h: the session and what
 * the server said of itself, copies, host callbacks, words for people, and counters. Implemented by
 * the transport half; the last section names what the API half gives it in return. All functions
 * may be called on any thread unless they say otherwise.
 */
#ifndef REMORA_CLIENT_H
#define REMORA_CLIENT_H

#include "call.h"

/* ---- the session ---------------------------------------------------------------------------- */

/* A process has sessions on so many servers at most. */
#define REMORA_SERVERS_MAX 64u

/* Answer.result where the server lacks the image; never to be shown to a program. */
#define REMORA_IMAGE_NEEDED ((CUresult)100001)

/* The first handle that a client may choose; below it are primary contexts and special streams. */
#define REMORA_FIRST_HANDLE 65536u

/*
 * Finds the settings, connects and shakes hands; once for a process, whoever calls first: others
 * wait for that. A failure has been told in one line on stderr, and is final: later calls answer
 * the same result at once. In the child of a fork everything begins anew.
 */
CUresult remora_start(void);

/*
 * Whether calls can be made now: CUDA_SUCCESS; CUDA_ERROR_NOT_INITIALIZED before remora_start and
 * in the child of a fork; what remora_start failed with; CUDA_ERROR_DEVICE_UNAVAILABLE once the
 * connection is lost; CUDA_ERROR_DEINITIALIZED at the end of the process. Cheap, takes no lock.
 */
CUresult remora_ready(void);

/* An attribute or limit, by its number in CUDA. */
struct remora_value {
    int32_t id;
    int64_t value;
};

/* One device as the tenant sees it. Strings end with 0; values are sorted by id. */
struct remora_device {
    char name[256];
    uint8_t uuid[16];
    uint64_t total_memory_bytes;
    /* e.g. 0000:01:00.0 */
    char pci_bus_id[32];
    int stream_priority_least;
    int stream_priority_greatest;
    const struct remora_value *attributes;
    size_t attribute_count;
    /* CUlimit -> value in a new context. */
    const struct remora_value *limits;
    size_t limit_count;
    uint64_t slab_address;
    uint64_t slab_bytes;
    /* "software" or "cuda". */
    char kind[16];
};

/* What the server said in its welcome. */
struct remora_welcome {
    /* As cuDriverGetVersion answers it, e.g. 13000. */
    int driver_version;
    char server_version[64];
    char session_id[64];
    char tenant[128];
    const struct remora_device *devices;
    size_t device_count;
};

/*
 * The welcome, which doesn't change and is never freed; NULL before remora_start has succeeded. It
 * remains after the connection is lost.
 */
const struct remora_welcome *remora_welcome(void);

/*
 * Whether there are sessions on several servers. Doesn't change between remora_start and the end of
 * the process, or of a fork's child until it starts.
 */
extern bool remora_several;

/* How many servers there are; 0 without a session. */
size_t remora_server_count(void);

/*
 * Which of them has something: by a handle, where a number below REMORA_FIRST_HANDLE is a device's
 * ordinal or its primary context; or by an address, which is -1 for one of the process's own.
 */
size_t remora_home(uint64_t handle);
int remora_home_of_address(uint64_t address);

/* The device in whose slab an address lies, or -1. */
int remora_device_of_address(uint64_t address);

/* The same for a device's ordinal; the first server for one that there isn't. */
size_t remora_home_of_device(uint64_t ordinal);

/* The value with an id, or NULL. */
const struct remora_value *remora_find_value(const struct remora_value *values, size_t count,
                                             int32_t id);

/* ---- calls ---------------------------------------------------------------------------------- */

/*
 * As remora_call_begin, for a call that needs no current context or brings its own: `context` is
 * the wire's handle, 0 for none. remora_call_begin is this with remora_current_context's.
 */
CUresult remora_call_begin_in(struct remora_call *call, uint64_t context);

/*
 * What remora_call_sync may answer besides a CUresult is REMORA_IMAGE_NEEDED; remora_call_end
 * doesn't follow then. A call that would have succeeded may answer the error of an earlier
 * asynchronous one; it then has no outputs and remora_call_end doesn't follow.
 */

/* Whether one of the servers knows a call; the others answer CUDA_ERROR_NOT_SUPPORTED. */
bool remora_can_call(size_t server, uint32_t number);

/*
 * What the API half has to do before a call travels, in the calling thread and without a lock, and
 * after a host function has run, before the server hears that it has. What a call answers instead
 * of CUDA_SUCCESS the call's begin answers.
 */
struct remora_hooks {
    CUresult (*before_call)(enum remora_call_number number, uint64_t context);
    void (*after_host_function)(void);
};

/* Sets the process's hooks, for good. */
void remora_set_hooks(const struct remora_hooks *hooks);

/* The process's hooks, or NULL. */
const struct remora_hooks *remora_hooks(void);

/*
 * Between these the calls of a thread are the client's own, made within a call of the program or
 * within a fault of its code: hooks aren't called, what comes for the program (failures of earlier
 * calls, what kernels printed) stays for its next call, and the outputs of a call that it is
 * looking at stay. False: out of memory, or begun already.
 */
bool remora_own_calls_begin(void);
void remora_own_calls_end(void);

/* Whether the thread is between the begin and the end of a call: it can't begin another. */
bool remora_within_call(void);

/*
 * Takes back a call that was begun, instead of ending it: for an encoder that finds that it can't
 * go on. Nothing is sent.
 */
void remora_call_cancel(struct remora_call *call);

/* Sends what lies here. Calls that aren't waited for are sent within about a millisecond anyway. */
void remora_flush(void);

/* ---- copies --------------------------------------------------------------------------------- */

/*
 * Host memory: `height` rows of `width` bytes, `pitch` bytes apart. A plain range is one row. Its
 * bytes are numbered row by row, without what lies between rows; chunk_offset counts like this.
 */
struct remora_rows {
    uint8_t *start;
    size_t width;
    size_t pitch;
    size_t height;
};

/* One row. */
static inline struct remora_rows remora_range(const void *start, size_t bytes)
{
    struct remora_rows rows = {(uint8_t *)(uintptr_t)start, bytes, bytes, 1};
    return rows;
}

/* A part of an upload, which is one call. */
struct remora_chunk {
    /* NULL: encode the call's _tail form, the client sends the bytes behind it. */
    const void *data;
    size_t length;
    /* Of the chunk in the copy. */
    uint64_t offset;
};

/*
 * Encodes one chunk's call; `request` is the caller's own. It must encode nothing behind the tail
 * and may not call the client. For example
 *     if (chunk->data == NULL)
 *         remora_encode_cuMemcpyHtoD_tail(out, dst, chunk->length, bytes, chunk->offset);
 *     else
 *         remora_encode_cuMemcpyHtoD(out, dst, chunk->data, chunk->length, bytes, chunk->offset);
 */
typedef void remora_chunk_encoder(struct remora_writer *out, const struct remora_chunk *chunk,
                                  const void *request);

/*
 * Sends host memory: small copies in the frame that is being filled, larger ones in chunks straight
 * from where they lie. Returns when the memory may be changed, without waiting for the server; zero
 * bytes send nothing.
 */
CUresult remora_upload(enum remora_call_number number, uint64_t context, struct remora_rows from,
                       remora_chunk_encoder *encode, const void *request);

/* Encodes the call that asks for the bytes of a download. */
typedef void remora_request_encoder(struct remora_writer *out, const void *request);

/*
 * Fills host memory with what the answers of a call bring: cuMemcpyDtoH, cuMemcpyDtoHAsync,
 * remoraCopyRowsToHost or remoraGraphOutput. Waits until all is there.
 */
CUresult remora_download(enum remora_call_number number, uint64_t context, struct remora_rows to,
                         remora_request_encoder *encode, const void *request);

/*
 * As remora_download, but doesn't wait: the memory, which must stay, is filled before a later call
 * that waits for the stream returns. A failure is told then, too. The request is sent soon.
 */
CUresult remora_download_later(enum remora_call_number number, uint64_t context,
                               struct remora_rows to, remora_request_encoder *encode,
                               const void *request);

/* SHA-256 of a module image. False: out of memory. */
bool remora_sha256(const void *bytes, size_t length, uint8_t digest[32]);

/* ---- host callbacks ------------------------------------------------------------------------- */

/* Runs on the client's callback thread. `status` is the stream's CUresult. */
typedef void remora_host_function(void *data, CUresult status);

/*
 * Keeps a function until a stream gets to it, for cuLaunchHostFunc and cuStreamAddCallback; the
 * token goes with the call to the server that `near` is of, a handle. It runs at most once.
 * CUDA_ERROR_OUT_OF_MEMORY if there is no room or no thread can be created.
 */
CUresult remora_callback_register(uint64_t near, remora_host_function *function, void *data,
                                  uint64_t *token);

/*
 * As remora_callback_register for a function of a graph, which runs as often as launches reach it.
 * It is kept for the life of the session: who knows which of the graphs that a server has still
 * ask for it?
 */
CUresult remora_callback_register_lasting(remora_host_function *function, void *data,
                                          uint64_t *token);

/* A stream that stands still at a function that was called and isn't done. */
struct remora_held {
    size_t server;
    uint64_t sequence;
};

/* Runs on the client's callback thread, and must not block it. */
typedef void remora_held_function(void *data, CUresult status, struct remora_held held);

/*
 * As remora_callback_register, but the stream doesn't go on when the function returns: only when
 * remora_release_held is called, on any thread.
 */
CUresult remora_callback_register_held(uint64_t near, remora_held_function *function, void *data,
                                       uint64_t *token);

/*
 * Lets a stream go on; after a failure the program is told of it by its next waiting call on that
 * server, as one of the call with `number`. May wait until the connection is there.
 */
void remora_release_held(struct remora_held held, CUresult result, uint32_t number,
                         const char *detail);

/*
 * Runs a function on the callback thread soon, for which no stream waits: `held` is of no use. False
 * if that can't be.
 */
bool remora_callback_soon(remora_held_function *function, void *data);

/* Forgets a function whose call could not be made. It doesn't run. */
void remora_callback_forget(uint64_t near, uint64_t token);

/* Whether the calling thread is the one that runs host functions. */
bool remora_on_callback_thread(void);

/* ---- words for people ----------------------------------------------------------------------- */

/*
 * Prints "remora: ..." and a new line on stderr in one write, unless a line of this kind was printed
 * by this process: `kind` is any short string, e.g. a call's name. After some hundred kinds nothing
 * is printed any more.
 */
void remora_say_once(const char *kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The server's words for the failure that the calling thread's latest call answered, e.g. the line
 * of a PTX error; "" if there were none. Valid until the thread's next call.
 */
const char *remora_failure_detail(void);

/* ---- counters ------------------------------------------------------------------------------- */

/* Numbers of calls are below this. */
#define REMORA_CALL_NUMBERS 1088u

/* Why a copy between two servers goes through this process. */
enum remora_detour {
    /* It is too small to be worth anything else. */
    REMORA_DETOUR_SMALL,
    /* The source's server belongs to no pool. */
    REMORA_DETOUR_NO_POOL,
    /* A server is too old to know of another way. */
    REMORA_DETOUR_OLDER,
    /* The target's server doesn't reach the source's. */
    REMORA_DETOUR_UNREACHABLE,
    /* The source's server has refused the ticket. */
    REMORA_DETOUR_REFUSED,
    /* It has broken off. */
    REMORA_DETOUR_BROKEN_OFF,
    /* There are too many such copies at once. */
    REMORA_DETOUR_BUSY,
    REMORA_DETOURS
};

struct remora_call_statistics {
    uint64_t calls;
    /* Those of them that waited for an answer, and for how long in all threads together. */
    uint64_t waits;
    uint64_t blocked_nanos;
};

struct remora_statistics {
    uint64_t local_calls;
    uint64_t frames_sent;
    uint64_t bytes_sent;
    uint64_t bytes_received;
    /* Time that callers were blocked because too much was under way. */
    uint64_t credit_nanos;
    /* How often the session went on after its connection was cut. */
    uint64_t resumes;
    /* How many servers there are. */
    uint64_t servers;
    /* Copies between two of them that went from one to the other. */
    uint64_t direct_copies;
    uint64_t direct_bytes;
    /* Those that went through this process, and why. */
    uint64_t bridged_copies;
    uint64_t bridged_bytes;
    uint64_t detours[REMORA_DETOURS];
    /* By number. */
    struct remora_call_statistics calls[REMORA_CALL_NUMBERS];
};

/*
 * A copy of the counters; they start at zero with the session. At the end of the process they are
 * also appended to the file named by REMORA_STATS_FILE, see statistics.c.
 */
void remora_statistics(struct remora_statistics *out);

/* Counts a call that the client answered itself. */
void remora_count_local(void);

/* Counts a copy between two servers that has gone from one to the other. */
void remora_count_direct(uint64_t bytes);

/* Counts one that has gone through this process. */
void remora_count_bridged(uint64_t bytes, enum remora_detour why);

/* ---- what the API half provides ------------------------------------------------------------- */

/*
 * The wire's handle of the calling thread's current context, for remora_call_begin. Otherwise what
 * the call is to answer: CUDA_ERROR_INVALID_CONTEXT without one, CUDA_ERROR_CONTEXT_IS_DESTROYED.
 * Is called before every call, so it must be cheap; whether the process has a session at all is
 * checked by the client, before this.
 */
CUresult remora_current_context(uint64_t *handle);

/*
 * For calls that aren't waited for, after they were made: while there is a capture their errors are
 * asked for at once, as CUDA tells them, since what can't be captured makes the capture invalid.
 * Answers `result` if that is a failure or there is no capture.
 */
CUresult remora_confirm_captured(CUresult result);

/*
 * One of several servers is lost: what waits for it and concerns others has to go on. Called with
 * that connection's lock held, so no call can be made from here.
 */
void remora_server_lost(size_t server);

/*
 * In the child of a fork, when the session belongs to the parent: forgets every context, stream,
 * function and so on, so that cuInit can begin anew. The only thread is the one that forked;
 * another may have held any of the API half's locks, so locks are to be initialised, not taken, and
 * nothing is to be freed. No call can be made from here.
 */
void remora_forget_session(void);

#endif
