/* SPDX-License-Identifier: Apache-2.0 */
/* Context-local storage: what one thread puts another finds, and what destructors see. */
#include <pthread.h>
#include <stdint.h>

#include "context_storage.h"
#include "expect.h"

#define CONTEXT(n) ((CUcontext)(uintptr_t)(n))
#define KEY(n) ((void *)(uintptr_t)(0x1000 + 16 * (n)))
#define VALUE(n) ((void *)(uintptr_t)(0x20000 + (n)))
#define THREADS 4
#define ROUNDS 2000

static int destroyed;
static void *last_destroyed;

static void destroy(CUcontext context, void *key, void *value)
{
    void *found;
    EXPECT(context == CONTEXT(1));
    /* It is out of the storage, which may be used from here. */
    EXPECT(remora_context_storage_get(context, key, &found) == CUDA_ERROR_INVALID_HANDLE);
    last_destroyed = value;
    destroyed++;
}

static void destroy_and_put(CUcontext context, void *key, void *value)
{
    destroy(context, key, value);
    EXPECT(remora_context_storage_put(CONTEXT(2), key, value, NULL) == CUDA_SUCCESS);
}

static void one_thread(void)
{
    void *found = NULL;
    EXPECT(remora_context_storage_get(CONTEXT(1), KEY(1), &found) == CUDA_ERROR_INVALID_HANDLE);
    EXPECT(remora_context_storage_put(CONTEXT(1), KEY(1), VALUE(1), destroy) == CUDA_SUCCESS);
    EXPECT(remora_context_storage_get(CONTEXT(1), KEY(1), &found) == CUDA_SUCCESS);
    EXPECT(found == VALUE(1));
    EXPECT(remora_context_storage_get(CONTEXT(2), KEY(1), &found) == CUDA_ERROR_INVALID_HANDLE);
    EXPECT(remora_context_storage_put(CONTEXT(1), KEY(1), VALUE(2), destroy) == CUDA_SUCCESS);
    EXPECT(remora_context_storage_get(CONTEXT(1), KEY(1), &found) == CUDA_SUCCESS);
    EXPECT(found == VALUE(2));
    EXPECT(remora_context_storage_delete(CONTEXT(1), KEY(1)) == CUDA_SUCCESS);
    EXPECT(remora_context_storage_delete(CONTEXT(1), KEY(1)) == CUDA_ERROR_INVALID_HANDLE);
    EXPECT(remora_context_storage_get(CONTEXT(1), KEY(1), &found) == CUDA_ERROR_INVALID_HANDLE);
    EXPECT(destroyed == 0);
}

static void ends_of_contexts(void)
{
    void *found;
    EXPECT(remora_context_storage_put(CONTEXT(1), KEY(1), VALUE(1), destroy) == CUDA_SUCCESS);
    EXPECT(remora_context_storage_put(CONTEXT(2), KEY(2), VALUE(2), destroy) == CUDA_SUCCESS);
    EXPECT(remora_context_storage_put(CONTEXT(1), KEY(3), VALUE(3), destroy_and_put) ==
           CUDA_SUCCESS);
    EXPECT(remora_context_storage_put(CONTEXT(1), KEY(4), VALUE(4), NULL) == CUDA_SUCCESS);
    remora_context_storage_end(CONTEXT(1));
    EXPECT(destroyed == 2);
    EXPECT(last_destroyed == VALUE(1));
    EXPECT(remora_context_storage_get(CONTEXT(1), KEY(4), &found) == CUDA_ERROR_INVALID_HANDLE);
    EXPECT(remora_context_storage_get(CONTEXT(2), KEY(2), &found) == CUDA_SUCCESS);
    EXPECT(remora_context_storage_get(CONTEXT(2), KEY(3), &found) == CUDA_SUCCESS);
    EXPECT(found == VALUE(3));
    remora_context_storage_end(CONTEXT(1));
    EXPECT(destroyed == 2);
    EXPECT(remora_context_storage_delete(CONTEXT(2), KEY(2)) == CUDA_SUCCESS);
    EXPECT(remora_context_storage_delete(CONTEXT(2), KEY(3)) == CUDA_SUCCESS);
}

/* Each thread has keys of its own, and all look at one that comes and goes. */
static void *many_threads(void *argument)
{
    intptr_t number = (intptr_t)argument;
    for (int i = 0; i < ROUNDS; i++) {
        void *found = NULL;
        CUcontext context = CONTEXT(3 + number % 2);
        EXPECT(remora_context_storage_put(context, KEY(number), VALUE(i), NULL) == CUDA_SUCCESS);
        EXPECT(remora_context_storage_get(context, KEY(number), &found) == CUDA_SUCCESS);
        EXPECT(found == VALUE(i));
        CUresult shared = remora_context_storage_get(CONTEXT(5), KEY(100), &found);
        EXPECT(shared == CUDA_ERROR_INVALID_HANDLE ||
               (shared == CUDA_SUCCESS && found == VALUE(100)));
        if (number == 0) {
            remora_context_storage_put(CONTEXT(5), KEY(100), VALUE(100), NULL);
            EXPECT(remora_context_storage_delete(CONTEXT(5), KEY(100)) == CUDA_SUCCESS);
        }
        EXPECT(remora_context_storage_delete(context, KEY(number)) == CUDA_SUCCESS);
        EXPECT(remora_context_storage_get(context, KEY(number), &found) ==
               CUDA_ERROR_INVALID_HANDLE);
    }
    return NULL;
}

int main(void)
{
    one_thread();
    ends_of_contexts();
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++) {
        EXPECT(pthread_create(&threads[i], NULL, many_threads, (void *)i) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
    }
    printf("PASS\n");
    return 0;
}
