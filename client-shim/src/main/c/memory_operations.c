/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_operations.h"

#include <string.h>

#include "managed.h"
#include "remora_by_hand.h"

/* Fields of StreamMemoryOperation. */
enum { OPERATION = 1, ADDRESS = 2, VALUE = 3, FLAGS = 4 };

#define VARINT(field) ((uint32_t)(field) << 3 | REMORA_WIRE_VARINT)

static bool is_wide(CUstreamBatchMemOpType operation)
{
    return operation == CU_STREAM_MEM_OP_WAIT_VALUE_64 ||
           operation == CU_STREAM_MEM_OP_WRITE_VALUE_64;
}

/* Encodes one operation. Waits and writes are laid out alike. */
static void encode(const CUstreamBatchMemOpParams *given, struct remora_writer *out)
{
    bool wide = is_wide(given->operation);
    remora_write_varint(out, OPERATION, (uint64_t)given->operation);
    remora_write_varint(out, ADDRESS, given->waitValue.address);
    remora_write_varint(out, VALUE, wide ? given->waitValue.value64 : given->waitValue.value);
    remora_write_varint(out, FLAGS, given->waitValue.flags);
}

CUresult remora_encode_memory_operations(const CUstreamBatchMemOpParams *given, unsigned int count,
                                         unsigned int flags,
                                         struct remora_memory_operations *encoded)
{
    size_t ends[REMORA_MEMORY_OPERATIONS_MAX];
    encoded->count = 0;
    remora_writer_init(&encoded->bytes);
    if (count > REMORA_MEMORY_OPERATIONS_MAX || (count > 0 && given == NULL) || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < count; i++) {
        switch (given[i].operation) {
        case CU_STREAM_MEM_OP_WAIT_VALUE_32:
        case CU_STREAM_MEM_OP_WAIT_VALUE_64:
        case CU_STREAM_MEM_OP_WRITE_VALUE_32:
        case CU_STREAM_MEM_OP_WRITE_VALUE_64:
            encode(&given[i], &encoded->bytes);
            ends[encoded->count++] = encoded->bytes.length;
            break;
        case CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES:
        case CU_STREAM_MEM_OP_BARRIER:
            break;
        default:
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if (encoded->bytes.failed) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (size_t i = 0; i < encoded->count; i++) {
        size_t begin = i == 0 ? 0 : ends[i - 1];
        encoded->spans[i] = (struct remora_span){encoded->bytes.data + begin, ends[i] - begin};
    }
    return CUDA_SUCCESS;
}

void remora_memory_operations_end(struct remora_memory_operations *encoded)
{
    remora_writer_free(&encoded->bytes);
}

bool remora_decode_memory_operation(struct remora_span bytes, CUstreamBatchMemOpParams *params)
{
    struct remora_reader in = remora_reader_of(bytes.data, bytes.length);
    uint64_t value = 0;
    uint32_t tag;
    memset(params, 0, sizeof(*params));
    while (remora_read_tag(&in, &tag)) {
        switch (tag) {
        case VARINT(OPERATION):
            params->operation = (CUstreamBatchMemOpType)remora_read_varint(&in);
            break;
        case VARINT(ADDRESS):
            params->waitValue.address = remora_read_varint(&in);
            break;
        case VARINT(VALUE):
            value = remora_read_varint(&in);
            break;
        case VARINT(FLAGS):
            params->waitValue.flags = (unsigned int)remora_read_varint(&in);
            break;
        default:
            remora_skip(&in, tag);
        }
    }
    if (is_wide(params->operation)) {
        params->waitValue.value64 = value;
    } else {
        params->waitValue.value = (cuuint32_t)value;
    }
    return !in.failed;
}

CUresult remora_cuStreamBatchMemOp(bool per_thread, CUstream h_stream, unsigned int count,
                                   CUstreamBatchMemOpParams *param_array, unsigned int flags)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_STREAM_MEMORY_OPERATIONS};
    struct remora_memory_operations operations;
    struct remora_context *context;
    uint64_t stream = 0;
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_encode_memory_operations(param_array, count, flags, &operations);
    for (unsigned int i = 0; result == CUDA_SUCCESS && i < count; i++) {
        result = remora_managed_before_copy(param_array[i].waitValue.address, sizeof(cuuint64_t));
    }
    if (result == CUDA_SUCCESS && operations.count > 0) {
        result = remora_call_begin(&call);
        if (result == CUDA_SUCCESS) {
            remora_encode_remoraStreamMemoryOperations(call.arguments, stream, operations.spans,
                                                       operations.count);
            result = remora_call_async(&call);
        }
    }
    remora_memory_operations_end(&operations);
    return result;
}

static CUresult one(bool per_thread, CUstream stream, CUstreamBatchMemOpType operation,
                    CUdeviceptr address, cuuint64_t value, unsigned int flags)
{
    CUstreamBatchMemOpParams params;
    memset(&params, 0, sizeof(params));
    params.operation = operation;
    params.waitValue.address = address;
    params.waitValue.flags = flags;
    if (is_wide(operation)) {
        params.waitValue.value64 = value;
    } else {
        params.waitValue.value = (cuuint32_t)value;
    }
    return remora_cuStreamBatchMemOp(per_thread, stream, 1, &params, 0);
}

CUresult remora_cuStreamWaitValue32(bool per_thread, CUstream h_stream, CUdeviceptr addr,
                                    cuuint32_t value, unsigned int flags)
{
    return one(per_thread, h_stream, CU_STREAM_MEM_OP_WAIT_VALUE_32, addr, value, flags);
}

CUresult remora_cuStreamWaitValue64(bool per_thread, CUstream h_stream, CUdeviceptr addr,
                                    cuuint64_t value, unsigned int flags)
{
    return one(per_thread, h_stream, CU_STREAM_MEM_OP_WAIT_VALUE_64, addr, value, flags);
}

CUresult remora_cuStreamWriteValue32(bool per_thread, CUstream h_stream, CUdeviceptr addr,
                                     cuuint32_t value, unsigned int flags)
{
    return one(per_thread, h_stream, CU_STREAM_MEM_OP_WRITE_VALUE_32, addr, value, flags);
}

CUresult remora_cuStreamWriteValue64(bool per_thread, CUstream h_stream, CUdeviceptr addr,
                                     cuuint64_t value, unsigned int flags)
{
    return one(per_thread, h_stream, CU_STREAM_MEM_OP_WRITE_VALUE_64, addr, value, flags);
}
