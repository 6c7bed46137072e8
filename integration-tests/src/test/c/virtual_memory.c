/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and memory that a program joins itself, as allocators do that grow in place. */
#include "check.h"

#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define WORDS 4096u

static size_t granule;
static const CUmemAllocationProp properties = {
    .type = CU_MEM_ALLOCATION_TYPE_PINNED,
    .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0},
};
static const CUmemAccessDesc both = {{CU_MEM_LOCATION_TYPE_DEVICE, 0},
                                     CU_MEM_ACCESS_FLAGS_PROT_READWRITE};

static unsigned int word_at(CUdeviceptr place)
{
    unsigned int word;
    CHECK(cuMemcpyDtoH_v2(&word, place, sizeof(word)));
    return word;
}

static size_t free_bytes(void)
{
    size_t free;
    size_t total;
    CHECK(cuMemGetInfo_v2(&free, &total));
    return free;
}

/* Two pieces side by side are one, which moves as a whole to other addresses. */
static void growing(void)
{
    CUdeviceptr old;
    CUdeviceptr place;
    CUmemGenericAllocationHandle first;
    CUmemGenericAllocationHandle second;
    CUmemGenericAllocationHandle same;
    CUmemAllocationProp found;
    unsigned long long access;
    size_t before = free_bytes();
    CHECK(cuMemAddressReserve(&old, 2 * granule, 0, 0, 0));
    CHECK(cuMemCreate(&first, granule, &properties, 0));
    CHECK(cuMemCreate(&second, granule, &properties, 0));
    REQUIRE(free_bytes() == before - 2 * granule);
    CHECK(cuMemMap(old, granule, 0, first, 0));
    CHECK(cuMemMap(old + granule, granule, 0, second, 0));
    ANSWERS(cuMemMap(old, granule, 0, second, 0), CUDA_ERROR_NOT_SUPPORTED);
    ANSWERS(cuMemsetD32_v2(old, 7, WORDS) != CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE
                                                          : cuCtxSynchronize(),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemSetAccess(old, granule, &both, 1));
    CHECK(cuMemSetAccess(old + granule, granule, &both, 1));
    CHECK(cuMemGetAccess(&access, &both.location, old + granule));
    REQUIRE(access == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    /* Over the edge of both. */
    CHECK(cuMemsetD32_v2(old + granule - 4 * WORDS, 7, 2 * WORDS));
    REQUIRE(word_at(old + granule - 4) == 7 && word_at(old + granule) == 7);
    REQUIRE(word_at(old + granule + 4 * WORDS) == 0);
    ANSWERS(cuMemFree_v2(old) != CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cuCtxSynchronize(),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemGetAllocationPropertiesFromHandle(&found, second));
    REQUIRE(memcmp(&found, &properties, sizeof(found)) == 0);
    CHECK(cuMemRetainAllocationHandle(&same, (void *)(uintptr_t)(old + granule + 9)));
    REQUIRE(same == second);
    CHECK(cuMemRelease(same));
    ANSWERS(cuMemAddressFree(old, 2 * granule), CUDA_ERROR_INVALID_VALUE);

    CHECK(cuMemUnmap(old, 2 * granule));
    CHECK(cuMemAddressReserve(&place, 4 * granule, 4 * granule, 0, 0));
    REQUIRE(place % (4 * granule) == 0);
    CHECK(cuMemMap(place, granule, 0, first, 0));
    CHECK(cuMemMap(place + granule, granule, 0, second, 0));
    CHECK(cuMemSetAccess(place, 2 * granule, &both, 1));
    CHECK(cuMemAddressFree(old, 2 * granule));
    REQUIRE(word_at(place + granule - 4) == 7 && word_at(place + granule + 4 * WORDS - 4) == 7);
    REQUIRE(word_at(place + granule - 4 * WORDS - 4) == 0);

    /* What is released stays until it is unmapped. */
    CHECK(cuMemRelease(first));
    CHECK(cuMemRelease(second));
    ANSWERS(cuMemRelease(second), CUDA_ERROR_INVALID_VALUE);
    REQUIRE(word_at(place + granule) == 7);
    REQUIRE(free_bytes() == before - 2 * granule);
    CHECK(cuMemUnmap(place, granule));
    REQUIRE(word_at(place + granule) == 7);
    CHECK(cuMemUnmap(place + granule, granule));
    CHECK(cuMemAddressFree(place, 4 * granule));
    REQUIRE(free_bytes() == before);
}

static void refusals(void)
{
    CUdeviceptr place;
    CUmemGenericAllocationHandle memory;
    CUmemAllocationProp other = properties;
    CUmemAccessDesc reading = both;
    size_t bytes;
    ANSWERS(cuMemAddressReserve(&place, granule + 1, 0, 0, 0), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemAddressReserve(&place, granule, 3, 0, 0), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemAddressReserve(&place, granule << 40, 0, 0, 0), CUDA_ERROR_OUT_OF_MEMORY);
    ANSWERS(cuMemCreate(&memory, granule - 1, &properties, 0), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemCreate(&memory, granule << 40, &properties, 0), CUDA_ERROR_OUT_OF_MEMORY);
    other.location.type = CU_MEM_LOCATION_TYPE_HOST;
    ANSWERS(cuMemCreate(&memory, granule, &other, 0), CUDA_ERROR_NOT_SUPPORTED);
    ANSWERS(cuMemGetAllocationGranularity(&bytes, &other, 0), CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuMemAddressReserve(&place, granule, 0, 0, 0));
    CHECK(cuMemCreate(&memory, granule, &properties, 0));
    ANSWERS(cuMemSetAccess(place, granule, &both, 1), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemUnmap(place, granule), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuMemMap(place + granule, granule, 0, memory, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemMap(place, granule, 0, memory, 0));
    reading.flags = CU_MEM_ACCESS_FLAGS_PROT_READ;
    ANSWERS(cuMemSetAccess(place, granule, &reading, 1), CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuMemUnmap(place, granule));
    CHECK(cuMemRelease(memory));
    CHECK(cuMemAddressFree(place, granule));
}

int main(void)
{
    int supported;
    use_first_device();
    CHECK(cuDeviceGetAttribute(&supported,
                               CU_DEVICE_ATTRIBUTE_VIRTUAL_ADDRESS_MANAGEMENT_SUPPORTED, 0));
    REQUIRE(supported == 1);
    CHECK(cuMemGetAllocationGranularity(&granule, &properties,
                                        CU_MEM_ALLOC_GRANULARITY_RECOMMENDED));
    REQUIRE(granule >= 4 * WORDS && (granule & (granule - 1)) == 0);
    growing();
    refusals();
    printf("mapped\n");
    return 0;
}
