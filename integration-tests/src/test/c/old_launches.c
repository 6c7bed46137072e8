/* SPDX-License-Identifier: Apache-2.0 */
/* Launching and sharing contexts as programs did before CUDA 4.0. */
#include "check.h"

#include <stdint.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))

/* Adds an integer and a float, and what block and grid it has. */
static const char ptx[] = ".version 7.0\n"
                          ".target sm_75\n"
                          ".address_size 64\n"
                          ".visible .entry add(.param .u64 out, .param .u32 a, .param .f32 b) {\n"
                          "  .reg .b64 %d; .reg .b32 %r<6>; .reg .f32 %f;\n"
                          "  ld.param.u64 %d, [out];\n"
                          "  ld.param.u32 %r1, [a];\n"
                          "  ld.param.f32 %f, [b];\n"
                          "  cvt.rzi.u32.f32 %r2, %f;\n"
                          "  add.u32 %r1, %r1, %r2;\n"
                          "  mov.u32 %r2, %ntid.x;\n"
                          "  mov.u32 %r3, %nctaid.x;\n"
                          "  mov.u32 %r4, %nctaid.y;\n"
                          "  mad.lo.u32 %r1, %r2, 1000, %r1;\n"
                          "  mad.lo.u32 %r1, %r3, 10000, %r1;\n"
                          "  mad.lo.u32 %r1, %r4, 100000, %r1;\n"
                          "  st.global.u32 [%d], %r1;\n"
                          "  ret;\n"
                          "}\n"
                          ".visible .entry nothing() { ret; }\n";

static uint32_t read_word(CUdeviceptr address)
{
    uint32_t word = 0;
    CHECK(cuMemcpyDtoH_v2(&word, address, sizeof(word)));
    return word;
}

static void launches(void)
{
    CUmodule module;
    CUfunction function;
    CUfunction nothing;
    CUdeviceptr out;
    CUstream stream;
    CHECK(cuModuleLoadData(&module, ptx));
    CHECK(cuModuleGetFunction(&function, module, "add"));
    CHECK(cuModuleGetFunction(&nothing, module, "nothing"));
    CHECK(cuMemAlloc_v2(&out, 4));
    CHECK(cuStreamCreate(&stream, 1));

    ANSWERS(cuLaunch(function), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuFuncSetBlockShape(function, 0, 1, 1), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuFuncSetBlockShape(NULL, 1, 1, 1), CUDA_ERROR_INVALID_HANDLE);
    CHECK(cuFuncSetBlockShape(function, 2, 1, 1));
    CHECK(cuFuncSetSharedSize(function, 64));
    CHECK(cuParamSetv(function, 0, &out, sizeof(out)));
    CHECK(cuParamSeti(function, 8, 7));
    CHECK(cuParamSetf(function, 12, 50.5f));
    ANSWERS(cuParamSeti(function, 13, 7), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuParamSeti(function, -1, 7), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuParamSetv(function, 0, &out, 17), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuParamSetSize(function, 12));
    ANSWERS(cuLaunch(function), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuParamSetSize(function, 16));
    CHECK(cuLaunch(function));
    REQUIRE(read_word(out) == 112057);
    CHECK(cuLaunchGrid(function, 3, 2));
    REQUIRE(read_word(out) == 232057);
    /* What was set stays until it is set anew. */
    CHECK(cuParamSeti(function, 8, 8));
    CHECK(cuFuncSetBlockShape(function, 4, 1, 1));
    CHECK(cuLaunchGridAsync(function, 1, 1, stream));
    CHECK(cuStreamSynchronize(stream));
    REQUIRE(read_word(out) == 114058);
    ANSWERS(cuLaunchGrid(function, 0, 1), CUDA_ERROR_INVALID_VALUE);

    CHECK(cuFuncSetBlockShape(nothing, 1, 1, 1));
    CHECK(cuLaunch(nothing));
    CHECK(cuStreamDestroy_v2(stream));
    CHECK(cuMemFree_v2(out));
    CHECK(cuModuleUnload(module));
    ANSWERS(cuLaunch(function), CUDA_ERROR_INVALID_HANDLE);
}

static void contexts(void)
{
    CUcontext primary;
    CUcontext created;
    CUcontext same;
    CHECK(cuCtxGetCurrent(&primary));
    CHECK(cuCtxCreate_v2(&created, 0, 0));
    CHECK(cuCtxAttach(&same, 0));
    REQUIRE(same == created);
    ANSWERS(cuCtxAttach(&same, 1), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuCtxDetach(primary), CUDA_ERROR_INVALID_CONTEXT);
    CHECK(cuCtxDetach(created));
    CHECK(cuCtxGetCurrent(&same));
    REQUIRE(same == created);
    /* The last one destroys it. */
    CHECK(cuCtxDetach(created));
    CHECK(cuCtxGetCurrent(&same));
    REQUIRE(same == primary);
    ANSWERS(cuCtxSetCurrent(created), CUDA_ERROR_INVALID_CONTEXT);

    unsigned int flags;
    int active;
    CHECK(cuCtxAttach(&same, 0));
    REQUIRE(same == primary);
    CHECK(cuCtxDetach(primary));
    CHECK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    REQUIRE(active == 1);
    CHECK(cuCtxDetach(primary));
    CHECK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    REQUIRE(active == 0);
}

int main(void)
{
    use_first_device();
    launches();
    contexts();
    printf("launched\n");
    return 0;
}
