/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that host and device share, in a program of the driver API: what it is told of it, and its
 * own handler of faults. Its argument names the PTX of vectorAdd.
 */
#define _GNU_SOURCE
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 100000

#define ANSWERS(call, expected) REQUIRE((call) == (expected))

static CUfunction vector_add;
static sigjmp_buf escape;
static volatile sig_atomic_t faults;

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

static float *shared(size_t count)
{
    CUdeviceptr address;
    CHECK(cuMemAllocManaged(&address, count * sizeof(float), 1));
    return (float *)(uintptr_t)address;
}

static void add(float *a, float *b, float *c, int count)
{
    void *parameters[] = {&a, &b, &c, &count};
    CHECK(cuLaunchKernel(vector_add, (unsigned)(count + 255) / 256, 1, 1, 256, 1, 1, 0, NULL,
                         parameters, NULL));
}

static CUdeviceptr at(const void *pointer)
{
    return (CUdeviceptr)(uintptr_t)pointer;
}

static void sums(void)
{
    float *a = shared(COUNT);
    float *b = shared(COUNT);
    float *c = shared(COUNT);
    for (int i = 0; i < COUNT; i++) {
        a[i] = (float)i;
        b[i] = 1;
    }
    add(a, b, c, COUNT);
    CHECK(cuCtxSynchronize());
    for (int i = 0; i < COUNT; i++) {
        REQUIRE(c[i] == (float)(i + 1));
    }
    /* The sum is the next addend, and nothing is waited for but by the look at it. */
    add(c, b, a, COUNT);
    add(a, b, c, COUNT);
    REQUIRE(c[COUNT - 1] == COUNT + 2);
    CHECK(cuMemFree_v2(at(a)));
    CHECK(cuMemFree_v2(at(b)));
    ANSWERS(cuMemFree_v2(at(c + 1)), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemFree_v2(at(c)));
}

static void what_is_told(void)
{
    CUdeviceptr base;
    size_t size;
    unsigned managed = 0;
    CUmemorytype type = 0;
    float *host = NULL;
    int value = -1;
    float *memory = shared(1000);
    CUpointer_attribute attributes[] = {CU_POINTER_ATTRIBUTE_IS_MANAGED,
                                        CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                        CU_POINTER_ATTRIBUTE_HOST_POINTER};
    void *data[] = {&managed, &type, &host};
    CHECK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, 0));
    REQUIRE(value == 1);
    CHECK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS, 0));
    REQUIRE(value == 0);
    CHECK(cuMemGetAddressRange_v2(&base, &size, at(memory + 999)));
    REQUIRE(base == at(memory) && size == 4000);
    CHECK(cuPointerGetAttributes(3, attributes, data, at(memory + 5)));
    REQUIRE(managed == 1 && type == CU_MEMORYTYPE_DEVICE && host == memory + 5);
    ANSWERS(cuMemFreeHost(memory), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemAllocManaged(&base, 4, 4), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemAllocManaged(&base, 0, 1), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemFree_v2(at(memory)));
    ANSWERS(cuMemAdvise(at(memory), 4, CU_MEM_ADVISE_SET_READ_MOSTLY, 0), CUDA_ERROR_INVALID_VALUE);
}

static void mapped(void)
{
    void *memory;
    CUdeviceptr address;
    CHECK(cuMemHostAlloc(&memory, COUNT, 2));
    CHECK(cuMemHostGetDevicePointer_v2(&address, memory, 0));
    memset(memory, 1, COUNT);
    CHECK(cuMemsetD8_v2(address + 10, 2, 10));
    REQUIRE(((char *)memory)[9] == 1 && ((char *)memory)[10] == 2);
    ANSWERS(cuMemFree_v2(address), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemFreeHost(memory));
    ANSWERS(cuMemFreeHost(memory), CUDA_ERROR_INVALID_VALUE);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    faults++;
    siglongjmp(escape, 1);
}

/* The program's handler gets its own faults, also if it was set later, and none of the memory's. */
static void own_handler(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    static volatile char *nowhere = (volatile char *)16;
    float *memory = shared(1000);
    sigemptyset(&action.sa_mask);
    for (int round = 1; round <= 3; round++) {
        CHECK(sigaction(SIGSEGV, &action, NULL) == 0 ? CUDA_SUCCESS : CUDA_ERROR_UNKNOWN);
        memory[0] = 1;
        add(memory, memory, memory, 1000);
        REQUIRE(memory[0] == 2);
        if (sigsetjmp(escape, 1) == 0) {
            *nowhere = 1;
        }
        REQUIRE(faults == round);
        memory[1] = 5;
        REQUIRE(faults == round && memory[1] == 5);
    }
    CHECK(cuMemFree_v2(at(memory)));
    if (sigsetjmp(escape, 1) == 0) {
        memory[0] = 1;
    }
    REQUIRE(faults == 4);
}

/* As CUDA's own, the memory isn't there in the child of a fork, and the parent's stays whole. */
static void forked(void)
{
    float *memory = shared(1000);
    memory[0] = 3;
    pid_t child = fork();
    if (child == 0) {
        if (sigsetjmp(escape, 1) == 0) {
            memory[0] = 4;
            _exit(1);
        }
        _exit(faults == 5 ? 0 : 2);
    }
    int status;
    REQUIRE(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    add(memory, memory, memory, 1000);
    REQUIRE(memory[0] == 6);
    CHECK(cuMemFree_v2(at(memory)));
}

/* Memory ends with its context. */
static void context_ends(void)
{
    CUcontext context;
    CUdeviceptr address;
    int before = (int)faults;
    CHECK(cuCtxCreate_v2(&context, 0, 0));
    CHECK(cuMemAllocManaged(&address, 1 << 20, 1));
    volatile char *memory = (volatile char *)(uintptr_t)address;
    memory[5] = 1;
    CHECK(cuMemsetD8_v2(address, 7, 6));
    REQUIRE(memory[5] == 7 && memory[6] == 0);
    CHECK(cuCtxDestroy_v2(context));
    if (sigsetjmp(escape, 1) == 0) {
        memory[0] = 1;
    }
    REQUIRE(faults == before + 1);
}

int main(int argc, char **argv)
{
    REQUIRE(argc == 2);
    use_first_device();
    load(argv[1]);
    sums();
    what_is_told();
    mapped();
    own_handler();
    forked();
    context_ends();
    printf("shared\n");
    return 0;
}
