/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key file and the runtime's question, without a server. Prints what is said to people.
 * Usage: integrity_test DIRECTORY
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "expect.h"
#include "integrity.h"
#include "runtime_key.h"

static const struct remora_value attributes[] = {
    {CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, 3},
    {CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID, 4},
    {CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID, 5},
};

static const struct remora_device device = {
    .uuid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    .attributes = attributes,
    .attribute_count = 3,
};

static const struct remora_welcome welcome = {
    .driver_version = 13000, .devices = &device, .device_count = 1};

const struct remora_welcome *remora_welcome(void)
{
    return &welcome;
}

CUresult remora_initialized(void)
{
    return CUDA_SUCCESS;
}

const struct remora_value *remora_find_value(const struct remora_value *values, size_t count,
                                             int32_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].id == id) {
            return &values[i];
        }
    }
    return NULL;
}

void remora_say_once(const char *kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s: ", kind);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

static bool key_of(const char *directory, const char *text, uint8_t key[REMORA_RUNTIME_KEY_BYTES])
{
    char name[4096];
    EXPECT(chdir(directory) == 0);
    snprintf(name, sizeof(name), "key.txt");
    FILE *file = fopen(name, "w");
    EXPECT(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    setenv("REMORA_RUNTIME_KEY_FILE", name, 1);
    return remora_runtime_key(key);
}

static void keys_are_read(const char *directory)
{
    uint8_t key[REMORA_RUNTIME_KEY_BYTES];
    EXPECT(key_of(directory, "\n 000102030405060708090a0b0c0D0E0f \n", key));
    for (uint8_t i = 0; i < REMORA_RUNTIME_KEY_BYTES; i++) {
        EXPECT(key[i] == i);
    }
    EXPECT(!key_of(directory, "000102030405060708090a0b0c0d0e0", key));
    EXPECT(!key_of(directory, "000102030405060708090a0b0c0d0e0f0", key));
    EXPECT(!key_of(directory, "g00102030405060708090a0b0c0d0e0f", key));
    EXPECT(!key_of(directory, "", key));
    setenv("REMORA_RUNTIME_KEY_FILE", "missing.txt", 1);
    EXPECT(!remora_runtime_key(key));
    setenv("REMORA_RUNTIME_KEY_FILE", "", 1);
    EXPECT(!remora_runtime_key(key));
    unsetenv("REMORA_RUNTIME_KEY_FILE");
    EXPECT(!remora_runtime_key(key));
}

/* The digest's message, byte by byte as documented. */
static void the_digest_is_that_of_the_message(const char *directory)
{
    uint8_t key[REMORA_RUNTIME_KEY_BYTES];
    EXPECT(key_of(directory, "00112233445566778899aabbccddeeff", key));
    void *interface_table[2] = {NULL, NULL};
    void *integrity_table[2] = {NULL, (void *)0x123456789};
    uint64_t answer[2] = {1, 1};
    uint8_t expected[REMORA_MD2_BYTES];
    uint8_t message[16 + 32 + 28];
    uint32_t words[] = {13000, 13002, (uint32_t)getpid(), (uint32_t)pthread_self()};
    uint64_t longs[] = {(uintptr_t)interface_table, (uintptr_t)integrity_table, 0x123456789,
                        1700000000};
    int32_t place[] = {5, 3, 4};
    memcpy(message, words, sizeof(words));
    memcpy(message + 16, longs, sizeof(longs));
    memcpy(message + 48, device.uuid, 16);
    memcpy(message + 64, place, sizeof(place));
    remora_hmac_md2(key, sizeof(key), message, sizeof(message), expected);
    EXPECT(remora_integrity_check(13002, 1700000000, answer, interface_table, integrity_table) ==
           CUDA_SUCCESS);
    EXPECT(memcmp(answer, expected, sizeof(expected)) == 0);
    EXPECT(remora_integrity_check(13000, 1700000000, answer, interface_table, integrity_table) ==
           CUDA_SUCCESS);
    EXPECT(answer[0] == 0 && answer[1] == 0);
    EXPECT(remora_integrity_check(13002, 1, NULL, interface_table, integrity_table) ==
           CUDA_ERROR_INVALID_VALUE);
    unsetenv("REMORA_RUNTIME_KEY_FILE");
    EXPECT(remora_integrity_check(13002, 1, answer, interface_table, integrity_table) ==
           CUDA_ERROR_NOT_PERMITTED);
}

int main(int count, char **arguments)
{
    EXPECT(count == 2);
    keys_are_read(arguments[1]);
    the_digest_is_that_of_the_message(arguments[1]);
    printf("PASS\n");
    return 0;
}
