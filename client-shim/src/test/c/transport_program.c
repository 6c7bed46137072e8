/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the driver API that does what its arguments say, one after the other, and prints each
 * result: init, info, memset[=COUNT], up=BYTES, down=BYTES, sync, await (until standard input ends).
 */
#include "remora_exports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADDRESS 4096

static CUresult init(void)
{
    CUcontext context;
    CUresult result = cuInit(0);
    if (result == CUDA_SUCCESS) {
        result = cuDevicePrimaryCtxRetain(&context, 0);
    }
    return result == CUDA_SUCCESS ? cuCtxSetCurrent(context) : result;
}

static CUresult memsets(size_t count)
{
    CUresult result = CUDA_SUCCESS;
    for (size_t i = 0; i < count && result == CUDA_SUCCESS; i++) {
        result = cuMemsetD8Async(ADDRESS, 1, 1, NULL);
    }
    return result;
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

static CUresult up(size_t bytes)
{
    uint8_t *memory = malloc(bytes);
    for (size_t i = 0; i < bytes; i++) {
        memory[i] = pattern(i);
    }
    CUresult result = cuMemcpyHtoD_v2(ADDRESS, memory, bytes);
    free(memory);
    return result;
}

/* Also says whether the bytes are those that the test's server sends. */
static CUresult down(size_t bytes)
{
    uint8_t *memory = calloc(1, bytes);
    CUresult result = cuMemcpyDtoH_v2(memory, ADDRESS, bytes);
    for (size_t i = 0; i < bytes && result == CUDA_SUCCESS; i++) {
        if (memory[i] != pattern(i)) {
            printf("byte %zu is wrong\n", i);
            break;
        }
    }
    free(memory);
    return result;
}

static CUresult await(void)
{
    char byte;
    printf("awaiting\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return CUDA_SUCCESS;
}

static CUresult act(const char *action)
{
    const char *number = strchr(action, '=');
    size_t count = number == NULL ? 1 : (size_t)atol(number + 1);
    size_t free_bytes;
    size_t total_bytes;
    switch (action[0]) {
    case 'i':
        return action[2] == 'i' ? init() : cuMemGetInfo_v2(&free_bytes, &total_bytes);
    case 'm':
        return memsets(count);
    case 'u':
        return up(count);
    case 'd':
        return down(count);
    case 's':
        return cuCtxSynchronize();
    default:
        return await();
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        printf("%s %d\n", argv[i], act(argv[i]));
        fflush(stdout);
    }
    return 0;
}
