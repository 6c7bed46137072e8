/* SPDX-License-Identifier: Apache-2.0 */
/* The first program of every introduction: c[i] = a[i] + b[i]. Its argument names the PTX. */
#include "check.h"

#define COUNT (1 << 20)

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    REQUIRE(file != NULL);
    char *text = calloc(1, 1 << 20);
    REQUIRE(text != NULL && fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static CUdeviceptr upload(const float *values)
{
    CUdeviceptr address;
    CHECK(cuMemAlloc_v2(&address, COUNT * sizeof(float)));
    CHECK(cuMemcpyHtoD_v2(address, values, COUNT * sizeof(float)));
    return address;
}

int main(int argc, char **argv)
{
    REQUIRE(argc == 2);
    use_first_device();
    char name[256];
    CHECK(cuDeviceGetName(name, sizeof name, 0));

    CUmodule module;
    CUfunction function;
    char *ptx = read_text(argv[1]);
    CHECK(cuModuleLoadData(&module, ptx));
    CHECK(cuModuleGetFunction(&function, module, "vectorAdd"));

    float *a = malloc(COUNT * sizeof *a);
    float *b = malloc(COUNT * sizeof *b);
    float *c = calloc(COUNT, sizeof *c);
    for (int i = 0; i < COUNT; i++) {
        a[i] = (float)i;
        b[i] = (float)(2 * i);
    }
    CUdeviceptr on_device[] = {upload(a), upload(b), upload(c)};
    int count = COUNT;
    void *parameters[] = {&on_device[0], &on_device[1], &on_device[2], &count};
    CHECK(cuLaunchKernel(function, COUNT / 256, 1, 1, 256, 1, 1, 0, NULL, parameters, NULL));
    CHECK(cuMemcpyDtoH_v2(c, on_device[2], COUNT * sizeof(float)));
    for (int i = 0; i < COUNT; i++) {
        REQUIRE(c[i] == a[i] + b[i]);
    }
    for (int i = 0; i < 3; i++) {
        CHECK(cuMemFree_v2(on_device[i]));
    }
    CHECK(cuModuleUnload(module));
    free(a);
    free(b);
    free(c);
    free(ptx);
    printf("%d sums are right on %s\n", COUNT, name);
    return 0;
}
