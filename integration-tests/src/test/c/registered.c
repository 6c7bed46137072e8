/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host memory that the program has allocated itself and kernels use by a device pointer. Its
 * argument names the PTX of vectorAdd.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWERS(call, expected) REQUIRE((call) == (expected))
#define PAGE ((size_t)4096)
#define BYTES (64 * PAGE)
#define COUNT (BYTES / sizeof(float))

static CUfunction vector_add;
static CUstream stream;

static void load(const char *path)
{
    static char ptx[1 << 20];
    CUmodule module;
    FILE *file = fopen(path, "r");
    REQUIRE(file != NULL && fread(ptx, 1, sizeof ptx - 1, file) > 0);
    fclose(file);
    CHECK(cuModuleLoadData(&module, ptx));
    CHECK(cuModuleGetFunction(&vector_add, module, "vectorAdd"));
}

static CUdeviceptr at(const void *pointer)
{
    return (CUdeviceptr)(uintptr_t)pointer;
}

static float *aligned(size_t bytes)
{
    void *memory;
    REQUIRE(posix_memalign(&memory, PAGE, bytes) == 0);
    return memory;
}

static CUdeviceptr registered(float *memory, size_t bytes)
{
    CUdeviceptr address;
    CHECK(cuMemHostRegister_v2(memory, bytes, 2));
    CHECK(cuMemHostGetDevicePointer_v2(&address, memory, 0));
    return address;
}

static void add(CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, int count)
{
    void *parameters[] = {&a, &b, &c, &count};
    CHECK(cuLaunchKernel(vector_add, (unsigned)(count + 255) / 256, 1, 1, 256, 1, 1, 0, stream,
                         parameters, NULL));
}

static size_t free_bytes(void)
{
    size_t free;
    size_t total;
    CHECK(cuMemGetInfo_v2(&free, &total));
    return free;
}

static void kernels_and_program_see_each_others_writes(void)
{
    size_t before = free_bytes();
    float *a = aligned(BYTES);
    float *b = aligned(BYTES);
    for (size_t i = 0; i < COUNT; i++) {
        a[i] = (float)i;
        b[i] = 1;
    }
    CUdeviceptr there_a = registered(a, BYTES);
    CUdeviceptr there_b = registered(b, BYTES);
    REQUIRE(there_a != at(a));
    /* Nothing is waited for but by the look at the sum. */
    add(there_a, there_b, there_b, COUNT);
    REQUIRE(b[COUNT - 1] == (float)COUNT);
    b[0] = 100;
    add(there_a, there_b, there_a, COUNT);
    REQUIRE(a[0] == 100 && a[1] == 3 && a[COUNT - 1] == 2 * (float)COUNT - 1);
    add(there_a, there_a, there_a, COUNT);
    /* What kernels wrote last is there when the memory is the program's alone again. */
    CHECK(cuMemHostUnregister(a));
    REQUIRE(a[0] == 200 && a[COUNT - 1] == 4 * (float)COUNT - 2);
    ANSWERS(cuMemHostUnregister(a), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    a[0] = 5;
    REQUIRE(write(STDERR_FILENO, a, 0) == 0 && a[0] == 5);
    CHECK(cuMemHostUnregister(b));
    REQUIRE(b[0] == 100);
    free(a);
    free(b);
    CHECK(cuCtxSynchronize());
    REQUIRE(free_bytes() == before);
}

static void what_is_told(void)
{
    float *memory = aligned(2 * PAGE);
    CUdeviceptr there = registered(memory, 2 * PAGE);
    CUdeviceptr again;
    CUdeviceptr device_pointer = 0;
    float *host = NULL;
    unsigned int type = 0;
    CHECK(cuMemHostGetDevicePointer_v2(&again, memory + 3, 0));
    REQUIRE(again == there + 12);
    CHECK(cuPointerGetAttribute(&device_pointer, CU_POINTER_ATTRIBUTE_DEVICE_POINTER,
                                at(memory + 3)));
    REQUIRE(device_pointer == there + 12);
    CHECK(cuPointerGetAttribute(&host, CU_POINTER_ATTRIBUTE_HOST_POINTER, there + 8));
    REQUIRE(host == memory + 2);
    CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, at(memory)));
    REQUIRE(type == CU_MEMORYTYPE_HOST);
    ANSWERS(cuMemFree_v2(there), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemFreeHost(memory), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemHostUnregister(memory));
    free(memory);
}

/* Copies by the program's address and by the kernels' are copies of the same memory. */
static void copies(void)
{
    float *memory = aligned(BYTES);
    float back[4] = {0};
    CUdeviceptr device;
    CHECK(cuMemAlloc_v2(&device, BYTES));
    memset(memory, 0, BYTES);
    CUdeviceptr there = registered(memory, BYTES);
    CHECK(cuMemsetD32_v2(there, 0x40000000, COUNT)); /* 2.0f */
    CHECK(cuMemcpyHtoD_v2(device, memory, BYTES));
    CHECK(cuMemcpyDtoH_v2(back, device + 16, sizeof(back)));
    REQUIRE(back[0] == 2 && back[3] == 2);
    memory[1] = 3;
    CHECK(cuMemcpyHtoDAsync_v2(device, memory, 16, stream));
    CHECK(cuMemsetD32Async(device + 8, 0, 1, stream));
    CHECK(cuMemcpyDtoHAsync_v2(memory + 8, device, 16, stream));
    CHECK(cuStreamSynchronize(stream));
    REQUIRE(memory[8] == 2 && memory[9] == 3 && memory[10] == 0);
    CHECK(cuMemsetD32_v2(there, 0, 4));
    CHECK(cuMemcpy(at(memory + 100), at(memory), 16));
    REQUIRE(memory[100] == 0 && memory[99] == 2);
    CHECK(cuMemcpyDtoH_v2(back, there + 32, sizeof(back)));
    REQUIRE(back[0] == 2 && back[1] == 3);
    ANSWERS(cuMemcpyHtoD_v2(device, memory + COUNT - 1, 8), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemsetD8_v2(there, 1, BYTES));
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                          .srcHost = memory,
                          .srcPitch = 64,
                          .srcXInBytes = 4,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = device,
                          .dstPitch = 32,
                          .WidthInBytes = 16,
                          .Height = 3};
    CHECK(cuMemcpy2D_v2(&rows));
    CHECK(cuMemcpyDtoH_v2(back, device + 64, sizeof(back)));
    unsigned char ones[16];
    memset(ones, 1, sizeof(ones));
    REQUIRE(memcmp(back, ones, sizeof(ones)) == 0);
    CHECK(cuMemHostUnregister(memory));
    REQUIRE(((unsigned char *)memory)[BYTES - 1] == 1);
    free(memory);
    CHECK(cuMemFree_v2(device));
}

static void captured(void)
{
    CUgraph graph;
    CUgraphExec exec;
    float *memory = aligned(PAGE);
    memset(memory, 0, PAGE);
    CUdeviceptr there = registered(memory, PAGE);
    memory[0] = 1;
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    add(there, there, there, 4);
    CHECK(cuStreamEndCapture(stream, &graph));
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, stream));
    CHECK(cuGraphLaunch(exec, stream));
    REQUIRE(memory[0] == 4);
    memory[0] = 10;
    CHECK(cuGraphLaunch(exec, stream));
    REQUIRE(memory[0] == 20);
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
    CHECK(cuMemHostUnregister(memory));
    free(memory);
}

/* Pinned memory of CUDA's own has its pages to itself, whatever its size. */
static void pinned(void)
{
    void *memory;
    CUdeviceptr there;
    CHECK(cuMemHostAlloc(&memory, 100, 0));
    memset(memory, 3, 100);
    CHECK(cuMemHostGetDevicePointer_v2(&there, memory, 0));
    CHECK(cuMemsetD8_v2(there + 10, 2, 10));
    REQUIRE(((char *)memory)[9] == 3 && ((char *)memory)[10] == 2);
    CHECK(cuMemFreeHost(memory));
}

static void refusals(void)
{
    CUdeviceptr address = 1;
    char *memory = (char *)aligned(3 * PAGE);
    memset(memory, 7, 3 * PAGE);
    /* A part of a page at the begin, and one at the end. */
    CHECK(cuMemHostRegister_v2(memory + 8, PAGE - 8, 2));
    ANSWERS(cuMemHostGetDevicePointer_v2(&address, memory + 8, 0), CUDA_ERROR_NOT_SUPPORTED);
    REQUIRE(address == 0);
    CHECK(cuMemHostRegister_v2(memory + PAGE, PAGE + 1, 2));
    ANSWERS(cuMemHostGetDevicePointer_v2(&address, memory + PAGE, 0), CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuMemHostUnregister(memory + 8));
    CHECK(cuMemHostUnregister(memory + PAGE));
    REQUIRE(memory[0] == 7 && memory[3 * PAGE - 1] == 7);
    free(memory);
    /* What another process can see. */
    memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    CHECK(cuMemHostRegister_v2(memory, PAGE, 2));
    ANSWERS(cuMemHostGetDevicePointer_v2(&address, memory, 0), CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuMemHostUnregister(memory));
    munmap(memory, PAGE);
    /* The stack. */
    char local[3 * PAGE];
    char *page = (char *)(((uintptr_t)local + PAGE - 1) / PAGE * PAGE);
    CHECK(cuMemHostRegister_v2(page, PAGE, 2));
    ANSWERS(cuMemHostGetDevicePointer_v2(&address, page, 0), CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuMemHostUnregister(page));
    ANSWERS(cuMemHostGetDevicePointer_v2(&address, page, 0), CUDA_ERROR_INVALID_VALUE);
}

static atomic_bool stop;

/* Each writes where nobody else does, while the memory changes its kind. */
static void *write_own_part(void *part)
{
    volatile unsigned int *word = part;
    while (!atomic_load(&stop)) {
        unsigned int now = *word + 1;
        *word = now;
        if (*word != now) {
            return part;
        }
    }
    return NULL;
}

static void no_write_is_lost_at_the_changes(void)
{
    char *memory = (char *)aligned(BYTES);
    pthread_t writers[2];
    void *failed;
    memset(memory, 0, BYTES);
    for (size_t i = 0; i < 2; i++) {
        REQUIRE(pthread_create(&writers[i], NULL, write_own_part, memory + i * PAGE) == 0);
    }
    for (int round = 0; round < 50; round++) {
        registered((float *)memory, BYTES);
        CHECK(cuMemHostUnregister(memory));
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < 2; i++) {
        REQUIRE(pthread_join(writers[i], &failed) == 0 && failed == NULL);
    }
    free(memory);
}

/* Memory of a context that ends is the program's alone again. */
static void the_context_ends(void)
{
    CUcontext before;
    CUcontext other;
    CUdevice device;
    float *memory = aligned(PAGE);
    memset(memory, 0, PAGE);
    CHECK(cuCtxGetCurrent(&before));
    CHECK(cuCtxGetDevice(&device));
    CHECK(cuCtxCreate_v2(&other, 0, device));
    CUdeviceptr there = registered(memory, PAGE);
    CHECK(cuMemsetD8_v2(there, 9, PAGE));
    CHECK(cuCtxDestroy_v2(other));
    CHECK(cuCtxSetCurrent(before));
    REQUIRE(((char *)memory)[0] == 9 && ((char *)memory)[PAGE - 1] == 9);
    CHECK(cuMemHostUnregister(memory));
    there = registered(memory, PAGE);
    CHECK(cuMemsetD8_v2(there, 8, PAGE));
    CHECK(cuDevicePrimaryCtxReset_v2(device));
    REQUIRE(((char *)memory)[0] == 8 && ((char *)memory)[PAGE - 1] == 8);
    CHECK(cuMemHostUnregister(memory));
    free(memory);
}

/* In a child the memory isn't there, and other memory is. */
static void child(void)
{
    char *memory = (char *)aligned(PAGE);
    char *other = (char *)aligned(PAGE);
    memory[0] = 1;
    other[0] = 2;
    registered((float *)memory, PAGE);
    pid_t process = fork();
    if (process == 0) {
        _exit(other[0] == 2 ? 0 : 1);
    }
    int status;
    REQUIRE(waitpid(process, &status, 0) == process && status == 0);
    REQUIRE(memory[0] == 1);
    CHECK(cuMemHostUnregister(memory));
    free(memory);
    free(other);
}

int main(int count, char **arguments)
{
    REQUIRE(count == 2);
    REQUIRE(sysconf(_SC_PAGESIZE) == (long)PAGE);
    use_first_device();
    load(arguments[1]);
    CHECK(cuStreamCreate(&stream, 1));
    kernels_and_program_see_each_others_writes();
    what_is_told();
    copies();
    captured();
    pinned();
    refusals();
    no_write_is_lost_at_the_changes();
    child();
    the_context_ends();
    puts("registered");
    return 0;
}
