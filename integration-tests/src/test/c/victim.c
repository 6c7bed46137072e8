/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes streams, events, memory and a module, copies, fills and launches, gives some of it back, and
 * begins again, until somebody kills it. Its argument names the PTX of small.cu.
 */
#include "check.h"

#define BYTES ((size_t)3 << 20)

static void one_round(CUmodule module, char *host)
{
    CUfunction increment;
    CUstream stream;
    CUevent event;
    CUdeviceptr kept;
    CUdeviceptr given_back;
    CHECK(cuModuleGetFunction(&increment, module, "increment"));
    CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CHECK(cuEventCreate(&event, 0));
    CHECK(cuMemAlloc_v2(&kept, BYTES));
    CHECK(cuMemAlloc_v2(&given_back, BYTES / 3));
    CHECK(cuMemcpyHtoDAsync_v2(kept, host, BYTES, stream));
    CHECK(cuMemsetD8Async(given_back, 7, BYTES / 3, stream));
    int count = 1;
    int step = 1;
    void *parameters[] = {&kept, &count, &step};
    for (int i = 0; i < 50; i++) {
        CHECK(cuLaunchKernel(increment, 1, 1, 1, 1, 1, 1, 0, stream, parameters, NULL));
    }
    CHECK(cuEventRecord(event, stream));
    CHECK(cuMemcpyDtoH_v2(host, kept, BYTES));
    CHECK(cuEventSynchronize(event));
    CHECK(cuMemFree_v2(given_back));
    CHECK(cuStreamDestroy_v2(stream));
}

int main(int argc, char **argv)
{
    REQUIRE(argc == 2);
    char *host = calloc(1, BYTES);
    REQUIRE(host != NULL);
    for (;;) {
        use_first_device();
        CUmodule module;
        CHECK(cuModuleLoad(&module, argv[1]));
        for (int i = 0; i < 20; i++) {
            one_round(module, host);
        }
        CHECK(cuDevicePrimaryCtxReset_v2(0));
    }
}
