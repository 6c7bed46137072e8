/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libcuda.so.1 answers without a server: cuGetProcAddress beside dlsym, and the internal
 * tables. Loads the library as the CUDA runtime does.
 * Usage: library_test LIBRARY
 */
#include <dlfcn.h>
#include <string.h>

#include "cuda_types.h"
#include "expect.h"
#include "remora_symbols.h"

typedef CUresult get_proc_address(const char *name, void **function, int version, cuuint64_t flags,
                                  CUdriverProcAddressQueryResult *status);
typedef CUresult get_proc_address_11030(const char *name, void **function, int version,
                                        cuuint64_t flags);
typedef CUresult get_export_table(const void **table, const CUuuid *id);
typedef CUresult any_slot(void *first, void *second, void *third, void *fourth);

static void *library;
static get_proc_address *find;
static get_export_table *find_table;

static void every_symbol_is_found(void)
{
    void *function;
    CUdriverProcAddressQueryResult status;
    get_proc_address_11030 *old = (get_proc_address_11030 *)dlsym(library, "cuGetProcAddress");
    for (size_t i = 0; i < REMORA_SYMBOL_COUNT; i++) {
        const struct remora_symbol *symbol = &remora_symbols[i];
        cuuint64_t flags = symbol->per_thread ? 2 : 0;
        function = NULL;
        status = (CUdriverProcAddressQueryResult)77;
        EXPECT(dlsym(library, symbol->symbol) != NULL);
        EXPECT(find(symbol->name, &function, (int)symbol->since, flags, &status) == CUDA_SUCCESS);
        EXPECT(status == CU_GET_PROC_ADDRESS_SUCCESS);
        EXPECT(function == dlsym(library, symbol->symbol));
        EXPECT(old(symbol->name, &function, (int)symbol->since, flags) == CUDA_SUCCESS);
        EXPECT(function == dlsym(library, symbol->symbol));
    }
}

static void what_is_not_there_is_told(void)
{
    void *function = &function;
    CUdriverProcAddressQueryResult status;
    EXPECT(find("", &function, 0, 0, NULL) == CUDA_ERROR_NOT_FOUND && function == NULL);
    function = &function;
    EXPECT(find("cuNoSuchCall", &function, 13000, 0, &status) == CUDA_ERROR_NOT_FOUND);
    EXPECT(function == NULL && status == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
    EXPECT(find("cuMemAllocAsync", &function, 11010, 0, &status) == CUDA_ERROR_NOT_FOUND);
    EXPECT(function == NULL && status == CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
    EXPECT(find(NULL, &function, 13000, 0, NULL) == CUDA_ERROR_INVALID_VALUE);
    EXPECT(find("cuInit", NULL, 13000, 0, NULL) == CUDA_ERROR_INVALID_VALUE);
    EXPECT(find("cuInit", &function, 13000, 4, NULL) == CUDA_ERROR_INVALID_VALUE);
    EXPECT(find("cuInit", &function, 13000, 3, NULL) == CUDA_ERROR_INVALID_VALUE);
}

/* A call that isn't forwarded is there, and says what it is. */
static void calls_that_are_not_forwarded_answer(void)
{
    void *function = NULL;
    EXPECT(find("cuMipmappedArrayCreate", &function, 13000, 0, NULL) == CUDA_SUCCESS);
    EXPECT(((any_slot *)function)(NULL, NULL, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
}

static CUuuid id_of(const char *name)
{
    CUuuid id;
    size_t at = 0;
    for (size_t i = 0; i < sizeof(id.bytes); i++) {
        unsigned int byte;
        at += name[at] == '-';
        EXPECT(sscanf(name + at, "%2x", &byte) == 1);
        id.bytes[i] = (char)byte;
        at += 2;
    }
    return id;
}

static void *const *table_of(const char *name)
{
    const void *table = NULL;
    CUuuid id = id_of(name);
    EXPECT(find_table(&table, &id) == CUDA_SUCCESS && table != NULL);
    return table;
}

static void tables_are_complete(void)
{
    static const char *const names[] = {
        "6bd5fb6c-5bf4-e74a-8987-d93912fd9df9", "a094798c-2e74-2e74-93f2-0800200c0a66",
        "42d85a81-23f6-cb47-8298-f6e78a3aecdc", "263e8860-7cd2-6143-92f6-bbd5006dfa7e",
        "d4082055-bde6-704b-8d34-ba123c66e1f2", "21318c60-9714-3248-8ca6-41ff7324c8f2",
        "1734dc26-800d-4745-8726-c0f1e7dd8bca", "6e163fbe-b958-444d-835c-e182aff1991e",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        void *const *table = table_of(names[i]);
        size_t bytes = (size_t)(uintptr_t)table[0];
        EXPECT(bytes >= 8 * sizeof(void *) && bytes % sizeof(void *) == 0);
        for (size_t slot = 1; slot < bytes / sizeof(void *); slot++) {
            EXPECT(table[slot] != NULL);
        }
        /* The same table each time: the runtime compares addresses. */
        EXPECT(table == table_of(names[i]));
        any_slot *unknown = (any_slot *)table[bytes / sizeof(void *) - 1];
        EXPECT(unknown(NULL, NULL, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
        EXPECT(unknown(NULL, NULL, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
    }
    void *const *storage = table_of("c693336e-1121-df11-a8c3-68f355d89593");
    void *value = NULL;
    EXPECT(((any_slot *)storage[2])(&value, NULL, &value, NULL) == CUDA_ERROR_INVALID_HANDLE);
}

static void tool_buffers_are_empty(void)
{
    static const size_t slots[] = {2, 6};
    static const size_t sizes[] = {1024, 14};
    void *const *table = table_of("a094798c-2e74-2e74-93f2-0800200c0a66");
    for (size_t i = 0; i < 2; i++) {
        char *buffer = NULL;
        size_t size = 0;
        ((void (*)(void **, size_t *))table[slots[i]])((void **)&buffer, &size);
        EXPECT(buffer != NULL && size == sizes[i]);
        for (size_t byte = 0; byte < size; byte++) {
            EXPECT(buffer[byte] == 0);
        }
    }
}

static void unknown_tables_are_refused(void)
{
    CUuuid dispensable = id_of("f8cff951-2146-8b4e-b9e2-fb469e7c0dd9");
    CUuuid unknown = id_of("01020304-0506-0708-090a-0b0c0d0e0fff");
    const void *table = &table;
    EXPECT(find_table(&table, &dispensable) == CUDA_ERROR_NOT_FOUND && table == NULL);
    EXPECT(find_table(&table, &unknown) == CUDA_ERROR_NOT_FOUND);
    EXPECT(find_table(&table, &unknown) == CUDA_ERROR_NOT_FOUND);
    /* Who doesn't look at the result finds functions, not a null pointer. */
    void *const *words = table;
    EXPECT(((any_slot *)words[3])(NULL, NULL, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
    EXPECT(find_table(NULL, &unknown) == CUDA_ERROR_INVALID_VALUE);
    EXPECT(find_table(&table, NULL) == CUDA_ERROR_INVALID_VALUE);
}

/* Before cuInit, calls that need it say so. */
static void nothing_works_before_init(void)
{
    void *function = NULL;
    int number;
    EXPECT(find("cuDeviceGetCount", &function, 13000, 0, NULL) == CUDA_SUCCESS);
    EXPECT(((CUresult(*)(int *))function)(&number) == CUDA_ERROR_NOT_INITIALIZED);
    EXPECT(find("cuCtxGetDevice", &function, 12000, 0, NULL) == CUDA_SUCCESS);
    EXPECT(((CUresult(*)(int *))function)(&number) == CUDA_ERROR_NOT_INITIALIZED);
    CUdeviceptr address;
    EXPECT(find("cuMemAlloc", &function, 13000, 0, NULL) == CUDA_SUCCESS);
    EXPECT(((CUresult(*)(CUdeviceptr *, size_t))function)(&address, 8) ==
           CUDA_ERROR_NOT_INITIALIZED);
    EXPECT(find("cuInit", &function, 13000, 0, NULL) == CUDA_SUCCESS);
    EXPECT(((CUresult(*)(unsigned int))function)(1) == CUDA_ERROR_INVALID_VALUE);
}

static void errors_have_texts(void)
{
    typedef CUresult get_text(CUresult result, const char **text);
    const char *text = NULL;
    get_text *name = (get_text *)dlsym(library, "cuGetErrorName");
    get_text *string = (get_text *)dlsym(library, "cuGetErrorString");
    EXPECT(name(CUDA_ERROR_OUT_OF_MEMORY, &text) == CUDA_SUCCESS);
    EXPECT(strcmp(text, "CUDA_ERROR_OUT_OF_MEMORY") == 0);
    EXPECT(string(CUDA_ERROR_OUT_OF_MEMORY, &text) == CUDA_SUCCESS);
    EXPECT(strcmp(text, "out of memory") == 0);
    EXPECT(name(CUDA_ERROR_UNKNOWN, &text) == CUDA_SUCCESS);
    EXPECT(strcmp(text, "CUDA_ERROR_UNKNOWN") == 0);
    EXPECT(name((CUresult)12345, &text) == CUDA_ERROR_INVALID_VALUE && text == NULL);
    EXPECT(string((CUresult)-1, &text) == CUDA_ERROR_INVALID_VALUE && text == NULL);
    EXPECT(name(CUDA_SUCCESS, NULL) == CUDA_ERROR_INVALID_VALUE);
}

int main(int count, char **arguments)
{
    EXPECT(count == 2);
    library = dlopen(arguments[1], RTLD_NOW);
    if (library == NULL) {
        printf("%s\n", dlerror());
        return 1;
    }
    find = (get_proc_address *)dlsym(library, "cuGetProcAddress_v2");
    find_table = (get_export_table *)dlsym(library, "cuGetExportTable");
    EXPECT(find != NULL && find_table != NULL);
    every_symbol_is_found();
    what_is_not_there_is_told();
    calls_that_are_not_forwarded_answer();
    tables_are_complete();
    tool_buffers_are_empty();
    unknown_tables_are_refused();
    nothing_works_before_init();
    errors_have_texts();
    printf("PASS\n");
    return 0;
}
