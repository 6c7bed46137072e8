/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client makes of a FunctionInfo, how it lays a launch's parameters out, and which launch
 * attributes it takes. No server: the few functions of the client that are needed are here.
 */
#include <string.h>

#include "expect.h"
#include "function.h"
#include "launch_attributes.h"
#include "launch_cluster.h"
#include "launch_parameters.h"
#include "jit_options.h"

static int clusters;
static int twins_made;
bool remora_several;

size_t remora_home(uint64_t handle)
{
    return (size_t)(handle >> 48);
}

CUresult remora_make_kernel_twin(struct remora_kernel *kernel, uint64_t context,
                                 struct remora_kernel **twin)
{
    struct remora_span nothing = {NULL, 0};
    uint64_t handle = context + 1000 + (uint64_t)++twins_made;
    CUresult result = remora_add_kernel_twin(kernel, handle, nothing);
    *twin = remora_find_kernel((void *)(uintptr_t)handle);
    return result;
}

uint64_t remora_current_handle(void)
{
    return 0;
}

int remora_device_value(CUdevice device, CUdevice_attribute attribute, int otherwise)
{
    return device == 0 && attribute == CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH ? clusters : otherwise;
}

static void add_pair(struct remora_writer *out, uint32_t field, int64_t first, uint64_t second)
{
    size_t start = remora_begin_message(out, field);
    remora_write_varint(out, 1, (uint64_t)first);
    remora_write_varint(out, 2, second);
    remora_end_message(out, start);
}

static struct remora_span span_of(const struct remora_writer *writer)
{
    return (struct remora_span){writer->data, writer->length};
}

static struct remora_kernel *kernel_of(uint64_t handle, const struct remora_writer *info)
{
    EXPECT(remora_add_kernel(handle, 70000, false, "kernel", span_of(info)) == CUDA_SUCCESS);
    struct remora_kernel *kernel = remora_find_kernel((void *)(uintptr_t)handle);
    EXPECT(kernel != NULL && kernel->handle == handle);
    return kernel;
}

static void function_info_is_kept(void)
{
    struct remora_writer info;
    remora_writer_init(&info);
    add_pair(&info, 1, CU_FUNC_ATTRIBUTE_NUM_REGS, 40);
    add_pair(&info, 1, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, (uint64_t)(int64_t)-1);
    add_pair(&info, 1, 1000, 1);
    add_pair(&info, 1, -5, 1);
    add_pair(&info, 2, 0, 1);
    add_pair(&info, 2, 8, 8);
    add_pair(&info, 2, 16, 3);
    remora_write_string(&info, 3, "kernel");
    remora_write_present_varint(&info, 99, 5);
    struct remora_kernel *kernel = kernel_of(70001, &info);
    EXPECT(kernel->known_attributes == (1u << CU_FUNC_ATTRIBUTE_NUM_REGS |
                                        1u << CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT));
    EXPECT(kernel->attributes[CU_FUNC_ATTRIBUTE_NUM_REGS] == 40);
    EXPECT(kernel->attributes[CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT] == -1);
    EXPECT(kernel->parameter_count == 3 && kernel->parameter_bytes == 19 && kernel->has_gaps);
    EXPECT(remora_find_kernel_named(70000, "kernel") == kernel);
    EXPECT(remora_find_kernel_named(70000, "kerne") == NULL);
    EXPECT(remora_find_kernel_named(70009, "kernel") == NULL);

    /* Cut off anywhere it is refused or shorter, never misread. */
    for (size_t length = 0; length < info.length; length++) {
        struct remora_span cut = {info.data, length};
        CUresult result = remora_add_kernel(80000 + length, 70002, false, "cut", cut);
        EXPECT(result == CUDA_SUCCESS || result == CUDA_ERROR_UNKNOWN);
    }
    remora_kernels_end(70002);
    EXPECT(remora_find_kernel_named(70002, "cut") == NULL);

    remora_writer_reset(&info);
    add_pair(&info, 2, 65000, 1000);
    EXPECT(remora_add_kernel(70003, 70002, false, "large", span_of(&info)) == CUDA_ERROR_UNKNOWN);
    remora_kernels_end(70000);
    EXPECT(remora_find_kernel((void *)(uintptr_t)70001) == NULL);
    remora_writer_free(&info);
}

static void library_kernels_have_twins_on_other_servers(void)
{
    struct remora_span nothing = {NULL, 0};
    uint64_t there = (uint64_t)2 << 48 | 65536;
    EXPECT(remora_add_kernel(70001, 70000, true, "kernel", nothing) == CUDA_SUCCESS);
    struct remora_kernel *kernel = remora_find_kernel((void *)(uintptr_t)70001);
    struct remora_kernel *found = kernel;
    EXPECT(remora_kernel_in(&found, there) == CUDA_SUCCESS && found == kernel);
    remora_several = true;
    EXPECT(remora_kernel_in(&found, 3) == CUDA_SUCCESS && found == kernel && twins_made == 0);
    EXPECT(remora_kernel_in(&found, there) == CUDA_SUCCESS && found != kernel);
    EXPECT(remora_home(found->handle) == 2 && twins_made == 1);
    struct remora_kernel *again = kernel;
    EXPECT(remora_kernel_in(&again, there) == CUDA_SUCCESS && again == found && twins_made == 1);
    EXPECT(remora_find_kernel_named(70000, "kernel") == kernel);
    remora_kernels_end(70000);
    EXPECT(remora_find_kernel((void *)(uintptr_t)(there + 1001)) == NULL);
    remora_several = false;
}

static void parameters_are_laid_out(void)
{
    struct remora_writer info;
    remora_writer_init(&info);
    add_pair(&info, 2, 0, 1);
    add_pair(&info, 2, 4, 4);
    add_pair(&info, 2, 8, 8);
    add_pair(&info, 2, 16, 3);
    struct remora_kernel *kernel = kernel_of(70001, &info);
    uint8_t buffer[32];
    char letter = 'x';
    uint32_t word = 0x01020304;
    uint64_t address = 0x1122334455667788;
    char three[] = {7, 8, 9};
    void *parameters[] = {&letter, &word, &address, three};
    const void *laid_out = NULL;
    memset(buffer, 0xee, sizeof(buffer));
    EXPECT(remora_lay_out_parameters(kernel, parameters, NULL, buffer, &laid_out) == CUDA_SUCCESS);
    static const uint8_t expected[] = {'x',  0,    0,    0,    4,    3,    2,    1, 0x88, 0x77,
                                       0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 7,    8, 9};
    EXPECT(laid_out == buffer && memcmp(buffer, expected, sizeof(expected)) == 0);
    EXPECT(buffer[19] == 0xee);
    EXPECT(remora_lay_out_parameters(kernel, NULL, NULL, buffer, &laid_out) ==
           CUDA_ERROR_INVALID_VALUE);
    parameters[2] = NULL;
    EXPECT(remora_lay_out_parameters(kernel, parameters, NULL, buffer, &laid_out) ==
           CUDA_ERROR_INVALID_VALUE);

    size_t size = sizeof(expected);
    void *extra[] = {(void *)1, (void *)expected, (void *)2, &size, NULL};
    EXPECT(remora_lay_out_parameters(kernel, NULL, extra, buffer, &laid_out) == CUDA_SUCCESS);
    EXPECT(laid_out == expected);
    EXPECT(remora_lay_out_parameters(kernel, parameters, extra, buffer, &laid_out) ==
           CUDA_ERROR_INVALID_VALUE);
    size--;
    EXPECT(remora_lay_out_parameters(kernel, NULL, extra, buffer, &laid_out) ==
           CUDA_ERROR_INVALID_VALUE);
    extra[0] = (void *)7;
    EXPECT(remora_lay_out_parameters(kernel, NULL, extra, buffer, &laid_out) ==
           CUDA_ERROR_INVALID_VALUE);
    void *nothing[] = {NULL};
    EXPECT(remora_lay_out_parameters(kernel, NULL, nothing, buffer, &laid_out) ==
           CUDA_ERROR_INVALID_VALUE);
    remora_kernels_end(70000);

    remora_writer_reset(&info);
    kernel = kernel_of(70002, &info);
    EXPECT(remora_lay_out_parameters(kernel, NULL, NULL, buffer, &laid_out) == CUDA_SUCCESS);
    EXPECT(remora_lay_out_parameters(kernel, NULL, nothing, buffer, &laid_out) == CUDA_SUCCESS);
    remora_kernels_end(70000);
    remora_writer_free(&info);
}

static void launch_attributes_are_encoded(void)
{
    static struct remora_launch_attributes encoded;
    struct remora_context context = {.device = 0};
    CUlaunchAttribute attributes[3];
    const uint32_t three_dimensions[] = {2, 1, 1};
    memset(attributes, 0, sizeof(attributes));
    attributes[0].id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
    attributes[0].value.pad[0] = 1;
    attributes[1].id = CU_LAUNCH_ATTRIBUTE_IGNORE;
    attributes[2].id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    memcpy(&attributes[2].value, three_dimensions, sizeof(three_dimensions));
    EXPECT(remora_encode_launch_attributes(&context, attributes, 2, &encoded) == CUDA_SUCCESS);
    EXPECT(encoded.count == 2 && encoded.spans[0].length == 8 && encoded.spans[1].length == 0);
    EXPECT(memcmp(encoded.spans[0].data, "\010\002\022\004\001\000\000\000", 8) == 0);
    EXPECT(remora_encode_launch_attributes(&context, attributes, 3, &encoded) ==
           CUDA_ERROR_NOT_SUPPORTED);
    clusters = 1;
    EXPECT(remora_encode_launch_attributes(&context, attributes, 3, &encoded) == CUDA_SUCCESS);
    EXPECT(encoded.spans[2].length == 2 + 2 + 12);
    attributes[1].id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT;
    EXPECT(remora_encode_launch_attributes(&context, attributes, 3, &encoded) ==
           CUDA_ERROR_NOT_SUPPORTED);
    attributes[1].id = (CUlaunchAttributeID)100;
    EXPECT(remora_encode_launch_attributes(&context, attributes, 3, &encoded) == CUDA_SUCCESS);
    EXPECT(encoded.spans[1].length == 2 + 2 + 64);
    EXPECT(remora_encode_launch_attributes(&context, NULL, 1, &encoded) ==
           CUDA_ERROR_INVALID_VALUE);
    EXPECT(remora_encode_launch_attributes(&context, attributes, 65, &encoded) ==
           CUDA_ERROR_INVALID_VALUE);
    EXPECT(remora_encode_launch_attributes(&context, NULL, 0, &encoded) == CUDA_SUCCESS);
}

static CUresult cluster_of(const struct remora_kernel *kernel, uint32_t x, uint32_t y, uint32_t z)
{
    const uint32_t wanted[] = {x, y, z};
    const unsigned int grid[] = {16, 6, 1};
    CUlaunchAttribute attributes[2];
    memset(attributes, 0, sizeof(attributes));
    attributes[0].id = CU_LAUNCH_ATTRIBUTE_IGNORE;
    attributes[1].id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    memcpy(&attributes[1].value, wanted, sizeof(wanted));
    return remora_check_cluster(kernel, attributes, x + y + z == 0 ? 1 : 2, grid);
}

static void set(struct remora_kernel *kernel, CUfunction_attribute attribute, int value)
{
    atomic_store(&kernel->attributes[attribute], value);
}

static void clusters_are_checked(void)
{
    static struct remora_kernel kernel;
    EXPECT(!remora_knows_clusters(&kernel) && cluster_of(&kernel, 0, 0, 0) == CUDA_SUCCESS);
    EXPECT(cluster_of(&kernel, 4, 2, 1) == CUDA_SUCCESS);
    EXPECT(cluster_of(&kernel, 3, 1, 1) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    EXPECT(cluster_of(&kernel, 1, 4, 1) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    EXPECT(cluster_of(&kernel, 2, 2, 0) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    EXPECT(cluster_of(&kernel, 16, 1, 1) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    EXPECT(cluster_of(&kernel, 0x80000000u, 2, 1) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    set(&kernel, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1);
    EXPECT(cluster_of(&kernel, 16, 1, 1) == CUDA_SUCCESS);
    EXPECT(cluster_of(&kernel, 16, 2, 1) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    kernel.cluster_blocks_max = 4;
    EXPECT(remora_cluster_blocks_max(&kernel) == 4 && cluster_of(&kernel, 4, 1, 1) == CUDA_SUCCESS);
    EXPECT(cluster_of(&kernel, 4, 2, 1) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    set(&kernel, CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET, 1);
    EXPECT(remora_knows_clusters(&kernel));
    EXPECT(cluster_of(&kernel, 0, 0, 0) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    set(&kernel, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, 2);
    EXPECT(cluster_of(&kernel, 0, 0, 0) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
    set(&kernel, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT, 1);
    set(&kernel, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH, 1);
    EXPECT(cluster_of(&kernel, 0, 0, 0) == CUDA_SUCCESS);
    EXPECT(cluster_of(&kernel, 2, 1, 1) == CUDA_SUCCESS);
    EXPECT(cluster_of(&kernel, 4, 1, 1) == CUDA_ERROR_INVALID_CLUSTER_SIZE);
}

static void logs_come_back_where_they_are_wanted(void)
{
    char log[8];
    char errors[64];
    CUjit_option keys[] = {CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
                           CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                           CU_JIT_OPTIMIZATION_LEVEL, CU_JIT_WALL_TIME};
    void *values[] = {log, (void *)sizeof(log), errors, (void *)sizeof(errors), (void *)3, NULL};
    struct remora_jit_options options;
    struct remora_span info_log = {(const uint8_t *)"0123456789", 10};
    struct remora_span error_log = {(const uint8_t *)"wrong", 5};
    float millis = 0;
    EXPECT(remora_jit_options(6, keys, values, &options) == CUDA_SUCCESS);
    EXPECT(options.values[0] == 0 && options.values[1] == 8 && options.values[2] == 0);
    EXPECT(options.values[4] == 3 && options.values[5] == 0);
    remora_jit_outputs(&options, info_log, error_log, 1.5f);
    EXPECT(strcmp(log, "0123456") == 0 && strcmp(errors, "wrong") == 0);
    EXPECT(values[1] == (void *)7 && values[3] == (void *)5);
    memcpy(&millis, &values[5], sizeof(millis));
    EXPECT(millis == 1.5f);
    EXPECT(remora_jit_options(1, NULL, values, &options) == CUDA_ERROR_INVALID_VALUE);
    EXPECT(remora_jit_options(1, keys, NULL, &options) == CUDA_ERROR_INVALID_VALUE);
    EXPECT(remora_jit_options(65, keys, values, &options) == CUDA_ERROR_INVALID_VALUE);
    EXPECT(remora_jit_options(0, NULL, NULL, &options) == CUDA_SUCCESS);
}

int main(void)
{
    function_info_is_kept();
    library_kernels_have_twins_on_other_servers();
    parameters_are_laid_out();
    launch_attributes_are_encoded();
    clusters_are_checked();
    logs_come_back_where_they_are_wanted();
    printf("PASS\n");
    return 0;
}
