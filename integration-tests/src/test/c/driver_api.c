/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of the driver API that the client knows more of than their names: contexts, modules and
 * libraries, launches of every form, host memory and addresses.
 * Usage: driver_api vector_add.ptx
 */
#include "check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define COUNT 1000

/* A variable, and two kernels. */
static const char ptx[] = ".version 7.0\n"
                          ".target sm_75\n"
                          ".address_size 64\n"
                          ".visible .global .align 4 .u32 number = 42;\n"
                          ".visible .entry store(.param .u64 out, .param .u32 value) {\n"
                          "  .reg .b64 %d; .reg .b32 %v; .reg .b32 %n;\n"
                          "  ld.param.u64 %d, [out];\n"
                          "  ld.param.u32 %v, [value];\n"
                          "  ld.global.u32 %n, [number];\n"
                          "  add.u32 %v, %v, %n;\n"
                          "  st.global.u32 [%d], %v;\n"
                          "  ret;\n"
                          "}\n"
                          ".visible .entry nothing() { ret; }\n";

static CUdevice device;
static CUcontext primary;

static void devices(void)
{
    int count;
    int major;
    int minor;
    int value;
    char name[8];
    char bus[32];
    CUdevice found;
    CUuuid uuid;
    CUdevprop properties;
    ANSWERS(cuDeviceGetCount(&count), CUDA_ERROR_NOT_INITIALIZED);
    ANSWERS(cuCtxGetCurrent(&primary), CUDA_ERROR_NOT_INITIALIZED);
    CHECK(cuDriverGetVersion(&value));
    REQUIRE(value >= 12000);
    ANSWERS(cuDeviceGetCount(&count), CUDA_ERROR_NOT_INITIALIZED);
    CHECK(cuInit(0));
    CHECK(cuInit(0));
    CHECK(cuDeviceGetCount(&count));
    REQUIRE(count >= 1);
    ANSWERS(cuDeviceGet(&device, count), CUDA_ERROR_INVALID_DEVICE);
    ANSWERS(cuDeviceGet(&device, -1), CUDA_ERROR_INVALID_DEVICE);
    CHECK(cuDeviceGet(&device, 0));
    CHECK(cuDeviceGetName(name, sizeof(name), device));
    REQUIRE(strlen(name) == sizeof(name) - 1);
    CHECK(cuDeviceGetUuid_v2(&uuid, device));
    CHECK(cuDeviceComputeCapability(&major, &minor, device));
    CHECK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device));
    REQUIRE(value == major);
    ANSWERS(cuDeviceGetAttribute(&value, (CUdevice_attribute)9999, device),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuDeviceGetPCIBusId(bus, sizeof(bus), device));
    CHECK(cuDeviceGetByPCIBusId(&found, bus));
    REQUIRE(found == device);
    CHECK(cuDeviceGetByPCIBusId(&found, bus + strlen("0000:")));
    ANSWERS(cuDeviceGetPCIBusId(bus, 5, device), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuDeviceGetByPCIBusId(&found, "nowhere"), CUDA_ERROR_INVALID_DEVICE);
    CHECK(cuDeviceGetProperties(&properties, device));
    CHECK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, device));
    REQUIRE(properties.SIMDWidth == value);
}

static void contexts(void)
{
    CUcontext created;
    CUcontext other;
    CUcontext current;
    CUdevice of;
    unsigned int flags;
    unsigned long long id;
    unsigned long long other_id;
    int active;
    size_t limit;
    CUdeviceptr address;
    CUfunc_cache cache;
    ANSWERS(cuMemAlloc_v2(&address, 4), CUDA_ERROR_INVALID_CONTEXT);
    ANSWERS(cuCtxPopCurrent_v2(&current), CUDA_ERROR_INVALID_CONTEXT);
    CHECK(cuDevicePrimaryCtxGetState(device, &flags, &active));
    REQUIRE(active == 0);
    CHECK(cuDevicePrimaryCtxRetain(&primary, device));
    CHECK(cuDevicePrimaryCtxGetState(device, &flags, &active));
    REQUIRE(active == 1);
    CHECK(cuCtxCreate_v2(&created, CU_CTX_SCHED_YIELD, device));
    CHECK(cuCtxCreate_v4(&other, NULL, 0, device));
    CHECK(cuCtxGetCurrent(&current));
    REQUIRE(current == other && other != created && created != primary);
    CHECK(cuCtxGetDevice(&of));
    REQUIRE(of == device);
    CHECK(cuCtxGetDevice_v2(&of, created));
    CHECK(cuCtxGetId(created, &id));
    CHECK(cuCtxGetId(NULL, &other_id));
    REQUIRE(id != other_id);
    CHECK(cuCtxPopCurrent_v2(&current));
    REQUIRE(current == other);
    CHECK(cuCtxGetFlags(&flags));
    REQUIRE(flags == CU_CTX_SCHED_YIELD);
    CHECK(cuCtxGetLimit(&limit, CU_LIMIT_STACK_SIZE));
    CHECK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, limit + 1024));
    CHECK(cuCtxPushCurrent_v2(other));
    size_t unchanged;
    CHECK(cuCtxGetLimit(&unchanged, CU_LIMIT_STACK_SIZE));
    REQUIRE(unchanged == limit);
    ANSWERS(cuCtxGetLimit(&limit, (CUlimit)77), CUDA_ERROR_UNSUPPORTED_LIMIT);
    CHECK(cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, 9 << 20));
    ANSWERS(cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, (size_t)1 << 60), CUDA_ERROR_OUT_OF_MEMORY);
    CHECK(cuCtxGetLimit(&limit, CU_LIMIT_MALLOC_HEAP_SIZE));
    REQUIRE(limit == 9 << 20);
    CHECK(cuCtxSetCacheConfig(CU_FUNC_CACHE_PREFER_L1));
    CHECK(cuProfilerStart());
    CHECK(cuProfilerStop());
    CHECK(cuCtxGetCacheConfig(&cache));
    REQUIRE(cache == CU_FUNC_CACHE_PREFER_L1);
    CHECK(cuMemAlloc_v2(&address, 4));
    CHECK(cuCtxSynchronize_v2(created));
    CHECK(cuCtxDestroy_v2(other));
    CHECK(cuCtxGetCurrent(&current));
    REQUIRE(current == created);
    ANSWERS(cuCtxSetCurrent(other), CUDA_ERROR_INVALID_CONTEXT);
    CHECK(cuCtxDestroy_v2(created));
    CHECK(cuCtxGetCurrent(&current));
    REQUIRE(current == NULL);
    ANSWERS(cuCtxDestroy_v2(primary), CUDA_ERROR_INVALID_CONTEXT);
    for (int i = 0; i < 40; i++) {
        CHECK(cuCtxPushCurrent_v2(primary));
    }
    for (int i = 0; i < 40; i++) {
        CHECK(cuCtxPopCurrent_v2(&current));
        REQUIRE(current == primary);
    }
    CHECK(cuCtxSetCurrent(primary));
}

static uint32_t read_word(CUdeviceptr address)
{
    uint32_t word = 0;
    CHECK(cuMemcpyDtoH_v2(&word, address, sizeof(word)));
    return word;
}

static void modules(const char *file)
{
    CUmodule module;
    CUmodule same;
    CUfunction function;
    CUfunction again;
    CUdeviceptr out;
    CUdeviceptr number;
    size_t bytes;
    char log[512] = "";
    unsigned int count;
    CUfunction all[4] = {NULL};
    const char *name;
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, (void *)(uintptr_t)sizeof(log)};
    CHECK(cuModuleLoad(&module, file));
    CHECK(cuModuleGetFunction(&function, module, "vectorAdd"));
    CHECK(cuModuleGetFunction(&again, module, "vectorAdd"));
    REQUIRE(function == again);
    ANSWERS(cuModuleGetFunction(&again, module, "vectorAd"), CUDA_ERROR_NOT_FOUND);
    CHECK(cuModuleUnload(module));
    ANSWERS(cuFuncGetName(&name, function), CUDA_ERROR_INVALID_HANDLE);
    ANSWERS(cuModuleLoad(&module, "/no/such/file"), CUDA_ERROR_FILE_NOT_FOUND);
    ANSWERS(cuModuleLoadDataEx(&module, ".version 7.0\n.target sm_75\nwrong\n", 2, options, values),
            CUDA_ERROR_INVALID_PTX);
    REQUIRE(strlen(log) > 0 && (size_t)(uintptr_t)values[1] == strlen(log));

    CHECK(cuModuleLoadData(&module, ptx));
    CHECK(cuModuleGetGlobal_v2(&number, &bytes, module, "number"));
    REQUIRE(bytes == 4 && read_word(number) == 42);
    CHECK(cuModuleGetFunctionCount(&count, module));
    CHECK(cuModuleEnumerateFunctions(all, 4, module));
    REQUIRE(count == 2 && all[0] != NULL && all[1] != NULL && all[2] == NULL);
    CHECK(cuModuleGetFunction(&function, module, "store"));
    REQUIRE(function == all[0] || function == all[1]);
    CHECK(cuFuncGetModule(&same, function));
    REQUIRE(same == module);
    CHECK(cuMemAlloc_v2(&out, 4));
    uint32_t value = 58;
    void *parameters[] = {&out, &value};
    CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    REQUIRE(read_word(out) == 100);
    CHECK(cuMemFree_v2(out));
    CHECK(cuModuleUnload(module));
}

static void libraries(void)
{
    CUlibrary library;
    CUkernel kernel;
    CUkernel kernels[2];
    CUfunction function;
    CUmodule module;
    CUmodule again;
    CUlibrary owner;
    CUdeviceptr number;
    unsigned int count;
    const char *name;
    size_t offset;
    size_t size;
    int value;
    /* The image may go once the call has returned. */
    char *copy = malloc(sizeof(ptx));
    REQUIRE(copy != NULL);
    memcpy(copy, ptx, sizeof(ptx));
    CHECK(cuLibraryLoadData(&library, copy, NULL, NULL, 0, NULL, NULL, 0));
    memset(copy, 'x', sizeof(ptx) - 1);
    free(copy);
    CHECK(cuLibraryGetKernel(&kernel, library, "store"));
    ANSWERS(cuLibraryGetKernel(&kernels[0], library, "stor"), CUDA_ERROR_NOT_FOUND);
    CHECK(cuKernelGetFunction(&function, kernel));
    REQUIRE((void *)function == (void *)kernel);
    CHECK(cuKernelGetLibrary(&owner, kernel));
    REQUIRE(owner == library);
    CHECK(cuKernelGetName(&name, kernel));
    REQUIRE(strcmp(name, "store") == 0);
    CHECK(cuKernelGetParamInfo(kernel, 1, &offset, &size));
    REQUIRE(offset == 8 && size == 4);
    ANSWERS(cuFuncGetParamInfo(function, 2, &offset, &size), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuKernelGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, kernel, device));
    REQUIRE(value > 0);
    CHECK(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 50, kernel,
                               device));
    CHECK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                             function));
    REQUIRE(value == 50);
    CHECK(cuLibraryGetGlobal(&number, NULL, library, "number"));
    REQUIRE(read_word(number) == 42);
    CHECK(cuLibraryGetKernelCount(&count, library));
    CHECK(cuLibraryEnumerateKernels(kernels, 2, library));
    REQUIRE(count == 2 && (kernels[0] == kernel || kernels[1] == kernel));
    CHECK(cuLibraryGetModule(&module, library));
    CHECK(cuFuncGetModule(&again, function));
    REQUIRE(module == again);
    CHECK(cuModuleGetFunction(&function, module, "nothing"));
    CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CHECK(cuCtxSynchronize());
    CHECK(cuLibraryUnload(library));
    ANSWERS(cuLibraryUnload(library), CUDA_ERROR_INVALID_HANDLE);
    ANSWERS(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
            CUDA_ERROR_INVALID_HANDLE);

    /* A bad image is found when something is looked up in it. */
    CUlibraryOption preserved = CU_LIBRARY_BINARY_IS_PRESERVED;
    CHECK(cuLibraryLoadData(&library, "not PTX", NULL, NULL, 0, &preserved, NULL, 1));
    ANSWERS(cuLibraryGetKernel(&kernel, library, "store"), CUDA_ERROR_INVALID_PTX);
    ANSWERS(cuLibraryGetKernel(&kernel, library, "store"), CUDA_ERROR_INVALID_PTX);
    CHECK(cuLibraryUnload(library));
}

static void launches(void)
{
    CUmodule module;
    CUfunction function;
    CUdeviceptr out;
    CHECK(cuModuleLoadData(&module, ptx));
    CHECK(cuModuleGetFunction(&function, module, "store"));
    CHECK(cuMemAlloc_v2(&out, 4));
    struct {
        CUdeviceptr out;
        uint32_t value;
    } packed = {out, 1};
    size_t bytes = 12;
    void *extra[] = {(void *)1, &packed, (void *)2, &bytes, NULL};
    CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra));
    REQUIRE(read_word(out) == 43);
    bytes = 11;
    ANSWERS(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra),
            CUDA_ERROR_INVALID_VALUE);
    uint32_t value = 2;
    void *parameters[] = {&out, &value};
    CHECK(cuLaunchCooperativeKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters));
    REQUIRE(read_word(out) == 44);
    CUlaunchAttribute attribute = {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE};
    attribute.value.pad[0] = 1;
    CUlaunchConfig config = {1, 1, 1, 1, 1, 1, 0, NULL, &attribute, 1};
    value = 3;
    CHECK(cuLaunchKernelEx(&config, function, parameters, NULL));
    REQUIRE(read_word(out) == 45);
    attribute.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT;
    ANSWERS(cuLaunchKernelEx(&config, function, parameters, NULL), CUDA_ERROR_NOT_SUPPORTED);
    int clusters = 0;
    config.numAttrs = 0;
    CHECK(cuOccupancyMaxActiveClusters(&clusters, function, &config));
    REQUIRE(clusters > 0);
    CHECK(cuOccupancyMaxPotentialClusterSize(&clusters, function, &config));
    REQUIRE(clusters == 8);
    CUlaunchAttribute pair = {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION};
    memcpy(&pair.value, (uint32_t[]){2, 1, 1}, 12);
    config.attrs = &pair;
    config.numAttrs = 1;
    CHECK(cuOccupancyMaxActiveClusters(&clusters, function, &config));
    REQUIRE(clusters > 0);
    ANSWERS(cuLaunchKernelEx(&config, function, parameters, NULL),
            CUDA_ERROR_INVALID_CLUSTER_SIZE);
    config.gridDimX = 2;
    CHECK(cuLaunchKernelEx(&config, function, parameters, NULL));
    ANSWERS(cuLaunchKernel(function, 0, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuLaunchKernel(function, 1, 1, 1, 1 << 20, 1, 1, 0, NULL, parameters, NULL),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemFree_v2(out));
    CHECK(cuModuleUnload(module));
}

static void host_memory(void)
{
    void *memory;
    unsigned int flags;
    CUdeviceptr address;
    CUdeviceptr device_memory;
    CUmemorytype type = 0;
    CUcontext of = NULL;
    int ordinal = 7;
    bool mapped = true;
    CUpointer_attribute attributes[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                        CU_POINTER_ATTRIBUTE_CONTEXT,
                                        CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
                                        CU_POINTER_ATTRIBUTE_MAPPED};
    void *data[] = {&type, &of, &ordinal, &mapped};
    static char own[8192];
    CHECK(cuMemHostAlloc(&memory, 10000, 1));
    CHECK(cuMemHostGetFlags(&flags, (char *)memory + 9999));
    REQUIRE(flags == 1);
    ANSWERS(cuMemHostGetDevicePointer_v2(&address, own, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuPointerGetAttributes(4, attributes, data, (CUdeviceptr)(uintptr_t)memory + 5));
    REQUIRE(type == CU_MEMORYTYPE_HOST && of == primary && ordinal == device && !mapped);
    CHECK(cuMemFreeHost(memory));
    ANSWERS(cuMemFreeHost(memory), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemHostRegister_v2(own, sizeof(own), 0));
    ANSWERS(cuMemHostRegister_v2(own + 100, 8, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    ANSWERS(cuMemFreeHost(own), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemHostUnregister(own));
    ANSWERS(cuMemHostUnregister(own), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    CHECK(cuMemAlloc_v2(&device_memory, COUNT));
    CHECK(cuPointerGetAttributes(4, attributes, data, device_memory + COUNT - 1));
    REQUIRE(type == CU_MEMORYTYPE_DEVICE && of == primary && ordinal == device && mapped);
    CHECK(cuPointerGetAttribute(&address, CU_POINTER_ATTRIBUTE_RANGE_START_ADDR,
                                device_memory + 9));
    REQUIRE(address == device_memory);
    CHECK(cuPointerGetAttributes(4, attributes, data, (CUdeviceptr)(uintptr_t)own));
    REQUIRE(type == 0 && of == NULL && ordinal == -2 && !mapped);
    ANSWERS(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                  (CUdeviceptr)(uintptr_t)own),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemFree_v2(device_memory));
}

/* Asked again and again, as launchers of kernels do, until the memory is freed. */
static void facts_about_pointers(void)
{
    CUdeviceptr memory;
    CUdeviceptr address;
    CUmemorytype type;
    int ordinal;
    CHECK(cuMemAlloc_v2(&memory, COUNT));
    for (int i = 0; i < COUNT; i++) {
        CHECK(cuPointerGetAttribute(&address, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, memory + 8));
        REQUIRE(address == memory + 8);
        CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, memory + 8));
        CHECK(cuPointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, memory + 8));
        REQUIRE(type == CU_MEMORYTYPE_DEVICE && ordinal == device);
    }
    CHECK(cuMemFree_v2(memory));
    ANSWERS(cuPointerGetAttribute(&address, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, memory + 8),
            CUDA_ERROR_INVALID_VALUE);
}

static void events(void)
{
    CUevent event;
    ANSWERS(cuEventCreate(&event, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING),
            CUDA_ERROR_NOT_SUPPORTED);
    ANSWERS(cuEventCreate(&event, 8), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuEventCreate(NULL, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    CHECK(cuEventRecord(event, NULL));
    CHECK(cuEventSynchronize(event));
    CHECK(cuEventQuery(event));
    CHECK(cuEventDestroy_v2(event));
}

/* A reset takes everything away, and the context can be used again. */
/* What doesn't need the server, or another name for what does. */
static void small_answers(void)
{
    int value = 7;
    unsigned int capability = 7;
    CUatomicOperation operation = CU_ATOMIC_OPERATION_INTEGER_ADD;
    CUexecAffinityParam *affinity = (CUexecAffinityParam *)&value;
    CHECK(cuDeviceGetExecAffinitySupport(&value, CU_EXEC_AFFINITY_TYPE_SM_COUNT, device));
    REQUIRE(value == 0);
    ANSWERS(cuDeviceGetExecAffinitySupport(&value, CU_EXEC_AFFINITY_TYPE_SM_COUNT, -1),
            CUDA_ERROR_INVALID_DEVICE);
    ANSWERS(cuDeviceGetExecAffinitySupport(&value, (CUexecAffinityType)1, device),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuCtxGetExecAffinity(affinity, CU_EXEC_AFFINITY_TYPE_SM_COUNT),
            CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY);
    ANSWERS(cuCtxGetExecAffinity(NULL, CU_EXEC_AFFINITY_TYPE_SM_COUNT), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuCtxResetPersistingL2Cache());
    CHECK(cuDeviceGetHostAtomicCapabilities(&capability, &operation, 1, device));
    REQUIRE(capability == 0);
    ANSWERS(cuDeviceGetHostAtomicCapabilities(&capability, &operation, 0, device),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuDeviceGetHostAtomicCapabilities(&capability, &operation, 1, -1),
            CUDA_ERROR_INVALID_DEVICE);
}

static void pools_by_location(void)
{
    CUmemoryPool standard;
    CUmemoryPool pool;
    CUmemoryPool found;
    CUmemLocation here = {CU_MEM_LOCATION_TYPE_DEVICE, device};
    CUmemLocation host = {CU_MEM_LOCATION_TYPE_HOST, 0};
    CUmemPoolProps props = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED, .location = here};
    CHECK(cuMemGetDefaultMemPool(&standard, &here, CU_MEM_ALLOCATION_TYPE_PINNED));
    CHECK(cuDeviceGetDefaultMemPool(&found, device));
    REQUIRE(found == standard);
    CHECK(cuMemPoolCreate(&pool, &props));
    CHECK(cuMemSetMemPool(&here, CU_MEM_ALLOCATION_TYPE_PINNED, pool));
    CHECK(cuMemGetMemPool(&found, &here, CU_MEM_ALLOCATION_TYPE_PINNED));
    REQUIRE(found == pool);
    CHECK(cuMemPoolDestroy(pool));
    CHECK(cuMemGetMemPool(&found, &here, CU_MEM_ALLOCATION_TYPE_PINNED));
    REQUIRE(found == standard);
    ANSWERS(cuMemGetMemPool(&found, &host, CU_MEM_ALLOCATION_TYPE_PINNED),
            CUDA_ERROR_NOT_SUPPORTED);
    ANSWERS(cuMemGetDefaultMemPool(&found, &here, (CUmemAllocationType)2),
            CUDA_ERROR_NOT_SUPPORTED);
    ANSWERS(cuMemGetMemPool(&found, NULL, CU_MEM_ALLOCATION_TYPE_PINNED),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemSetMemPool(&here, (CUmemAllocationType)0, pool), CUDA_ERROR_INVALID_VALUE);
}

static void reset(void)
{
    CUdeviceptr address;
    CUstream stream;
    unsigned int flags;
    int active;
    uint32_t word = 0;
    CHECK(cuStreamCreate(&stream, 1));
    CHECK(cuMemAlloc_v2(&address, 4));
    CHECK(cuMemcpyHtoD_v2_ptds(address, &word, 4));
    CHECK(cuDevicePrimaryCtxReset_v2(device));
    ANSWERS(cuStreamGetFlags(stream, &flags), CUDA_ERROR_INVALID_HANDLE);
    CHECK(cuMemAlloc_v2(&address, 4));
    /* The thread's own stream was taken away as well, and there is another. */
    word = 5;
    CHECK(cuMemcpyHtoD_v2_ptds(address, &word, 4));
    word = 0;
    CHECK(cuMemcpyDtoH_v2_ptds(&word, address, 4));
    REQUIRE(word == 5);
    CHECK(cuDevicePrimaryCtxRelease_v2(device));
    CHECK(cuDevicePrimaryCtxGetState(device, &flags, &active));
    REQUIRE(active == 0);
    ANSWERS(cuMemAlloc_v2(&address, 4), CUDA_ERROR_CONTEXT_IS_DESTROYED);
    ANSWERS(cuDevicePrimaryCtxRelease_v2(device), CUDA_ERROR_INVALID_CONTEXT);
    CHECK(cuDevicePrimaryCtxRetain(&primary, device));
    CHECK(cuMemAlloc_v2(&address, 4));
}

int main(int count, char **arguments)
{
    REQUIRE(count == 2);
    devices();
    contexts();
    modules(arguments[1]);
    libraries();
    launches();
    host_memory();
    facts_about_pointers();
    events();
    small_answers();
    pools_by_location();
    reset();
    printf("answered\n");
    return 0;
}
