/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays, textures and surfaces by the driver API: descriptors, copies of ranges, rows and boxes in
 * every direction, what is refused, and that memory comes back.
 */
#include "check.h"

#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define WIDTH 13
#define HEIGHT 7
#define DEPTH 3

static const char kernels[] =
        ".version 7.0\n.target sm_75\n.address_size 64\n"
        ".visible .entry brighten(.param .u64 texture, .param .u64 surface) {\n"
        "  .reg .b64 %t, %s; .reg .b32 %x, %y, %v<5>; .reg .f32 %fx, %fy;\n"
        "  ld.param.u64 %t, [texture];\n"
        "  ld.param.u64 %s, [surface];\n"
        "  mov.u32 %x, %tid.x;\n"
        "  mov.u32 %y, %ctaid.x;\n"
        "  cvt.rn.f32.u32 %fx, %x;\n"
        "  cvt.rn.f32.u32 %fy, %y;\n"
        "  tex.2d.v4.u32.f32 {%v1, %v2, %v3, %v4}, [%t, {%fx, %fy}];\n"
        "  add.u32 %v1, %v1, 1000;\n"
        "  shl.b32 %x, %x, 2;\n"
        "  sust.b.2d.b32.trap [%s, {%x, %y}], {%v1};\n"
        "  ret;\n"
        "}\n";

static CUarray new_array(size_t width, size_t height, size_t depth, unsigned int flags)
{
    CUDA_ARRAY3D_DESCRIPTOR wanted = {width, height, depth, CU_AD_FORMAT_UNSIGNED_INT32, 1, flags};
    CUDA_ARRAY3D_DESCRIPTOR found;
    CUarray array = NULL;
    CHECK(cuArray3DCreate_v2(&array, &wanted));
    CHECK(cuArray3DGetDescriptor_v2(&found, array));
    REQUIRE(found.Width == width && found.Height == height && found.Depth == depth);
    REQUIRE(found.Format == CU_AD_FORMAT_UNSIGNED_INT32 && found.NumChannels == 1);
    REQUIRE(found.Flags == flags);
    return array;
}

static void fill(unsigned int *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = (unsigned int)(i * 2654435761u);
    }
}

static void ranges(void)
{
    unsigned int up[WIDTH * HEIGHT];
    unsigned int down[WIDTH * HEIGHT];
    CUDA_ARRAY_DESCRIPTOR wanted = {WIDTH, HEIGHT, CU_AD_FORMAT_UNSIGNED_INT32, 1};
    CUDA_ARRAY_DESCRIPTOR found;
    CUarray array;
    CUdeviceptr memory;
    CUstream stream;
    fill(up, WIDTH * HEIGHT);
    CHECK(cuArrayCreate_v2(&array, &wanted));
    CHECK(cuArrayGetDescriptor_v2(&found, array));
    REQUIRE(memcmp(&found, &wanted, sizeof(found)) == 0);
    CHECK(cuMemcpyHtoA_v2(array, 0, up, sizeof(up)));
    memset(down, 0, sizeof(down));
    CHECK(cuMemcpyAtoH_v2(down, array, 0, sizeof(down)));
    REQUIRE(memcmp(up, down, sizeof(up)) == 0);
    /* A part of the third row. */
    CHECK(cuMemcpyAtoH_v2(down, array, (2 * WIDTH + 3) * 4, 5 * 4));
    REQUIRE(memcmp(up + 2 * WIDTH + 3, down, 5 * 4) == 0);
    ANSWERS(cuMemcpyAtoH_v2(down, array, 4, WIDTH * 4), CUDA_ERROR_NOT_SUPPORTED);
    ANSWERS(cuMemcpyAtoH_v2(down, array, HEIGHT * WIDTH * 4, 4), CUDA_ERROR_INVALID_VALUE);

    CUarray other = new_array(WIDTH, HEIGHT, 0, 0);
    CHECK(cuMemAlloc_v2(&memory, sizeof(up)));
    CHECK(cuMemcpyAtoD_v2(memory, array, 0, sizeof(up)));
    CHECK(cuMemcpyDtoA_v2(other, WIDTH * 4, memory, (HEIGHT - 1) * WIDTH * 4));
    CHECK(cuMemcpyAtoA_v2(other, 0, array, 0, WIDTH * 4));
    CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CHECK(cuStreamSynchronize(NULL));
    CHECK(cuMemcpyAtoHAsync_v2(down, other, 0, sizeof(down), stream));
    CHECK(cuStreamSynchronize(stream));
    REQUIRE(memcmp(up, down, WIDTH * 4) == 0);
    REQUIRE(memcmp(up, down + WIDTH, (HEIGHT - 1) * WIDTH * 4) == 0);
    CHECK(cuMemcpyHtoAAsync_v2(other, 0, up, sizeof(up), stream));
    CHECK(cuMemcpyAtoHAsync_v2(down, other, 0, sizeof(down), stream));
    CHECK(cuStreamSynchronize(stream));
    REQUIRE(memcmp(up, down, sizeof(up)) == 0);
    CHECK(cuStreamDestroy_v2(stream));
    CHECK(cuMemFree_v2(memory));
    CHECK(cuArrayDestroy(other));
    CHECK(cuArrayDestroy(array));
    ANSWERS(cuArrayDestroy(array), CUDA_ERROR_INVALID_HANDLE);
    ANSWERS(cuArrayGetDescriptor_v2(&found, array), CUDA_ERROR_INVALID_HANDLE);
}

static void boxes(void)
{
    unsigned int up[WIDTH * HEIGHT * DEPTH];
    unsigned int down[WIDTH * HEIGHT * DEPTH];
    CUarray array = new_array(WIDTH, HEIGHT, DEPTH, 0);
    CUdeviceptr memory;
    fill(up, WIDTH * HEIGHT * DEPTH);
    CUDA_MEMCPY3D copy = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                          .srcHost = up,
                          .srcPitch = WIDTH * 4,
                          .srcHeight = HEIGHT,
                          .dstMemoryType = CU_MEMORYTYPE_ARRAY,
                          .dstArray = array,
                          .WidthInBytes = WIDTH * 4,
                          .Height = HEIGHT,
                          .Depth = DEPTH};
    CHECK(cuMemcpy3D_v2(&copy));
    /* The inner part, packed to device memory, and back. */
    CHECK(cuMemAlloc_v2(&memory, sizeof(up)));
    CUDA_MEMCPY3D inner = {.srcXInBytes = 8,
                           .srcY = 1,
                           .srcZ = 1,
                           .srcMemoryType = CU_MEMORYTYPE_ARRAY,
                           .srcArray = array,
                           .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                           .dstDevice = memory,
                           .dstPitch = 20,
                           .dstHeight = 4,
                           .WidthInBytes = 20,
                           .Height = 4,
                           .Depth = 2};
    CHECK(cuMemcpy3DAsync_v2(&inner, NULL));
    CHECK(cuMemcpyDtoH_v2(down, memory, 5 * 4 * 2 * 4));
    for (size_t z = 0; z < 2; z++) {
        for (size_t y = 0; y < 4; y++) {
            for (size_t x = 0; x < 5; x++) {
                size_t from = ((z + 1) * HEIGHT + y + 1) * WIDTH + x + 2;
                REQUIRE(down[(z * 4 + y) * 5 + x] == up[from]);
            }
        }
    }
    copy.dstZ = 1;
    ANSWERS(cuMemcpy3D_v2(&copy), CUDA_ERROR_INVALID_VALUE);
    copy.dstZ = 0;
    copy.dstXInBytes = 4;
    ANSWERS(cuMemcpy3D_v2(&copy), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemcpy3D_v2(NULL), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemFree_v2(memory));
    CHECK(cuArrayDestroy(array));
}

static CUDA_RESOURCE_DESC resource_of(CUarray array)
{
    CUDA_RESOURCE_DESC resource;
    memset(&resource, 0, sizeof(resource));
    resource.resType = CU_RESOURCE_TYPE_ARRAY;
    resource.res.array.hArray = array;
    return resource;
}

static void kernels_read_and_write(void)
{
    unsigned int up[WIDTH * HEIGHT];
    unsigned int down[WIDTH * HEIGHT];
    CUmodule module;
    CUfunction function;
    CUtexObject texture;
    CUsurfObject surface;
    CUDA_RESOURCE_DESC found;
    CUDA_TEXTURE_DESC how;
    CUDA_TEXTURE_DESC asked;
    CUarray source = new_array(WIDTH, HEIGHT, 0, 0);
    CUarray target = new_array(WIDTH, HEIGHT, 0, CUDA_ARRAY3D_SURFACE_LDST);
    CUDA_RESOURCE_DESC from = resource_of(source);
    CUDA_RESOURCE_DESC to = resource_of(target);
    memset(&how, 0, sizeof(how));
    how.flags = 1;
    fill(up, WIDTH * HEIGHT);
    CHECK(cuModuleLoadData(&module, kernels));
    CHECK(cuModuleGetFunction(&function, module, "brighten"));
    CHECK(cuMemcpyHtoA_v2(source, 0, up, sizeof(up)));
    CHECK(cuTexObjectCreate(&texture, &from, &how, NULL));
    CHECK(cuSurfObjectCreate(&surface, &to));
    void *arguments[] = {&texture, &surface};
    CHECK(cuLaunchKernel(function, HEIGHT, 1, 1, WIDTH, 1, 1, 0, NULL, arguments, NULL));
    /* What was launched keeps what it uses. */
    CHECK(cuTexObjectDestroy(texture));
    CHECK(cuTexObjectCreate(&texture, &from, &how, NULL));
    CHECK(cuMemcpyAtoH_v2(down, target, 0, sizeof(down)));
    for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
        REQUIRE(down[i] == up[i] + 1000);
    }
    CHECK(cuTexObjectGetResourceDesc(&found, texture));
    REQUIRE(found.resType == CU_RESOURCE_TYPE_ARRAY && found.res.array.hArray == source);
    CHECK(cuTexObjectGetTextureDesc(&asked, texture));
    REQUIRE(memcmp(&asked, &how, sizeof(how)) == 0);
    CHECK(cuSurfObjectGetResourceDesc(&found, surface));
    REQUIRE(found.res.array.hArray == target);
    ANSWERS(cuSurfObjectGetResourceDesc(&found, texture), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuTexObjectDestroy(texture));
    CHECK(cuSurfObjectDestroy(surface));
    ANSWERS(cuTexObjectGetResourceDesc(&found, texture), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuSurfObjectCreate(&surface, &from), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuArrayDestroy(source));
    ANSWERS(cuTexObjectCreate(&texture, &from, &how, NULL), CUDA_ERROR_INVALID_HANDLE);
    CHECK(cuArrayDestroy(target));
    CHECK(cuModuleUnload(module));
}

static void refusals(void)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {WIDTH, HEIGHT, 0, CU_AD_FORMAT_FLOAT, 1, 0};
    CUDA_RESOURCE_DESC linear;
    CUDA_TEXTURE_DESC how;
    CUtexObject texture;
    CUdeviceptr memory;
    CUarray array;
    ANSWERS(cuArray3DCreate_v2(NULL, &shape), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuArray3DCreate_v2(&array, NULL), CUDA_ERROR_INVALID_VALUE);
    shape.NumChannels = 3;
    ANSWERS(cuArray3DCreate_v2(&array, &shape), CUDA_ERROR_INVALID_VALUE);
    shape.NumChannels = 4;
    shape.Flags = 0x40;
    ANSWERS(cuArray3DCreate_v2(&array, &shape), CUDA_ERROR_NOT_SUPPORTED);
    shape.Flags = 0;
    shape.Width = (size_t)1 << 28;
    shape.Height = (size_t)1 << 28;
    ANSWERS(cuArray3DCreate_v2(&array, &shape), CUDA_ERROR_OUT_OF_MEMORY);
    shape.Width = (size_t)-1;
    ANSWERS(cuArray3DCreate_v2(&array, &shape), CUDA_ERROR_INVALID_VALUE);

    CHECK(cuMemAlloc_v2(&memory, 1024));
    memset(&how, 0, sizeof(how));
    memset(&linear, 0, sizeof(linear));
    linear.resType = CU_RESOURCE_TYPE_LINEAR;
    linear.res.linear.devPtr = memory;
    linear.res.linear.format = CU_AD_FORMAT_FLOAT;
    linear.res.linear.numChannels = 1;
    linear.res.linear.sizeInBytes = 1025 + 3;
    ANSWERS(cuTexObjectCreate(&texture, &linear, &how, NULL), CUDA_ERROR_INVALID_VALUE);
    linear.res.linear.sizeInBytes = 1024;
    CHECK(cuTexObjectCreate(&texture, &linear, &how, NULL));
    CHECK(cuTexObjectDestroy(texture));
    linear.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
    ANSWERS(cuTexObjectCreate(&texture, &linear, &how, NULL), CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuMemFree_v2(memory));
}

static size_t free_memory(void)
{
    size_t available;
    size_t total;
    CHECK(cuMemGetInfo_v2(&available, &total));
    return available;
}

int main(void)
{
    use_first_device();
    size_t before = free_memory();
    CUarray large = new_array(4096, 1024, 0, 0);
    REQUIRE(before - free_memory() >= 4096 * 1024 * 4);
    CHECK(cuArrayDestroy(large));
    ranges();
    boxes();
    kernels_read_and_write();
    refusals();
    CHECK(cuCtxSynchronize());
    REQUIRE(free_memory() == before);
    printf("imaged\n");
    return 0;
}
