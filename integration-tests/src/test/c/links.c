/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linking two PTX texts, of which one needs a function and a variable of the other: from memory,
 * from files, with logs, and with an error.
 * Usage: links FOLDER
 */
#include "check.h"

#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define HEAD ".version 7.0\n.target sm_75\n.address_size 64\n"

static const char caller[] =
    HEAD ".extern .func (.param .b32 out) twice(.param .b32 in);\n"
         ".extern .global .align 4 .u32 offset;\n"
         ".visible .entry compute(.param .u64 to, .param .u32 value) {\n"
         "  .reg .b64 %a; .reg .b32 %v, %o;\n"
         "  ld.param.u64 %a, [to];\n"
         "  ld.param.u32 %v, [value];\n"
         "  {\n"
         "    .param .b32 in; .param .b32 out;\n"
         "    st.param.b32 [in], %v;\n"
         "    call (out), twice, (in);\n"
         "    ld.param.b32 %v, [out];\n"
         "  }\n"
         "  ld.global.u32 %o, [offset];\n"
         "  add.u32 %v, %v, %o;\n"
         "  st.global.u32 [%a], %v;\n"
         "  ret;\n"
         "}\n";

static const char callee[] = HEAD ".visible .global .align 4 .u32 offset = 7;\n"
                                  ".visible .func (.param .b32 out) twice(.param .b32 in) {\n"
                                  "  .reg .b32 %v;\n"
                                  "  ld.param.b32 %v, [in];\n"
                                  "  add.u32 %v, %v, %v;\n"
                                  "  st.param.b32 [out], %v;\n"
                                  "  ret;\n"
                                  "}\n";

static char *text(const char *words)
{
    return (char *)(uintptr_t)words;
}

static void require_result(CUfunction function, unsigned int value)
{
    CUdeviceptr place;
    unsigned int found = 0;
    CHECK(cuMemAlloc_v2(&place, sizeof(found)));
    void *arguments[] = {&place, &value};
    CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, arguments, NULL));
    CHECK(cuMemcpyDtoH_v2(&found, place, sizeof(found)));
    REQUIRE(found == 2 * value + 7);
    CHECK(cuMemFree_v2(place));
}

static void from_memory(void)
{
    CUlinkState state;
    CUmodule module;
    CUfunction function;
    CUlibrary library;
    CUkernel kernel;
    void *image = NULL;
    size_t size = 0;
    char info[256];
    char error[256];
    CUjit_option keys[] = {CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
                           CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                           CU_JIT_WALL_TIME};
    void *values[] = {info, (void *)sizeof(info), error, (void *)sizeof(error), NULL};
    memset(info, 'x', sizeof(info));
    memset(error, 'x', sizeof(error));
    CHECK(cuLinkCreate_v2(5, keys, values, &state));
    ANSWERS(cuLinkComplete(state, &image, &size), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuLinkAddData_v2(state, CU_JIT_INPUT_CUBIN, text(caller), sizeof(caller), "cubin", 0,
                             NULL, NULL),
            CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuLinkAddData_v2(state, CU_JIT_INPUT_PTX, text(caller), sizeof(caller), "caller.ptx", 0,
                           NULL, NULL));
    CHECK(cuLinkAddData_v2(state, CU_JIT_INPUT_PTX, text(callee), strlen(callee), NULL, 0, NULL,
                           NULL));
    CHECK(cuLinkComplete(state, &image, &size));
    REQUIRE(image != NULL && size > sizeof(caller) + strlen(callee));
    REQUIRE(memchr(info, '\0', sizeof(info)) != NULL && error[0] == '\0');
    float millis;
    memcpy(&millis, &values[4], sizeof(millis));
    REQUIRE(millis >= 0);
    CHECK(cuModuleLoadData(&module, image));
    CHECK(cuLibraryLoadData(&library, image, NULL, NULL, 0, NULL, NULL, 0));
    CHECK(cuLibraryGetKernel(&kernel, library, "compute"));
    CHECK(cuLinkDestroy(state));
    ANSWERS(cuLinkDestroy(state), CUDA_ERROR_INVALID_HANDLE);
    CHECK(cuModuleGetFunction(&function, module, "compute"));
    require_result(function, 100);
    require_result((CUfunction)kernel, 1000);
    CHECK(cuLibraryUnload(library));
    CHECK(cuModuleUnload(module));
}

static void write_file(const char *name, const char *words)
{
    FILE *file = fopen(name, "w");
    REQUIRE(file != NULL && fputs(words, file) >= 0 && fclose(file) == 0);
}

static void from_files(const char *folder)
{
    char first[4096];
    char second[4096];
    CUlinkState state;
    CUmodule module;
    CUfunction function;
    void *image;
    snprintf(first, sizeof(first), "%s/caller.ptx", folder);
    snprintf(second, sizeof(second), "%s/callee.ptx", folder);
    write_file(first, caller);
    write_file(second, callee);
    CHECK(cuLinkCreate_v2(0, NULL, NULL, &state));
    ANSWERS(cuLinkAddFile_v2(state, CU_JIT_INPUT_PTX, "/nowhere/there.ptx", 0, NULL, NULL),
            CUDA_ERROR_FILE_NOT_FOUND);
    CHECK(cuLinkAddFile_v2(state, CU_JIT_INPUT_PTX, first, 0, NULL, NULL));
    CHECK(cuLinkAddFile_v2(state, CU_JIT_INPUT_PTX, second, 0, NULL, NULL));
    CHECK(cuLinkComplete(state, &image, NULL));
    CHECK(cuModuleLoadData(&module, image));
    CHECK(cuLinkDestroy(state));
    CHECK(cuModuleGetFunction(&function, module, "compute"));
    require_result(function, 3);
    CHECK(cuModuleUnload(module));
}

/* What is missing is named where the program looks for it. */
static void unresolved(void)
{
    CUlinkState state;
    void *image;
    char error[512] = "";
    CUjit_option keys[] = {CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, CU_JIT_ERROR_LOG_BUFFER};
    void *values[] = {(void *)sizeof(error), error};
    CHECK(cuLinkCreate_v2(2, keys, values, &state));
    CHECK(cuLinkAddData_v2(state, CU_JIT_INPUT_PTX, text(caller), sizeof(caller), "lonely.ptx", 0,
                           NULL, NULL));
    ANSWERS(cuLinkComplete(state, &image, NULL), CUDA_ERROR_INVALID_PTX);
    REQUIRE(strstr(error, "twice") != NULL || strstr(error, "offset") != NULL);
    REQUIRE((size_t)values[0] == strlen(error));
    CHECK(cuLinkDestroy(state));
}

int main(int count, char **arguments)
{
    REQUIRE(count == 2);
    use_first_device();
    from_memory();
    from_files(arguments[1]);
    unresolved();
    printf("linked\n");
    return 0;
}
