/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kernels print: prints the numbers 0 to 19999, of which even ones come from a server and odd
 * ones are the program's own; then a text that is so long that it is written before anybody waits.
 */
#include "expect.h"
#include "output.h"

#define NUMBERS 20000
#define LONG_BYTES (5u << 20)

static struct remora_output output;

static void arrive(const char *text, size_t length)
{
    struct remora_span span = {(const uint8_t *)text, length};
    EXPECT(remora_output_arrived(&output, span));
}

static void own_lines_and_others_keep_their_order(void)
{
    char text[16];
    for (int i = 0; i < NUMBERS; i += 2) {
        arrive(text, (size_t)snprintf(text, sizeof(text), "%d\n", i));
        remora_output_write(&output);
        printf("%d\n", i + 1);
    }
    remora_output_write(&output);
}

static void much_is_written_while_nobody_waits(void)
{
    char *text = malloc(LONG_BYTES);
    EXPECT(text != NULL);
    memset(text, 'x', LONG_BYTES);
    text[LONG_BYTES - 1] = '\n';
    remora_output_relieve(&output);
    arrive("little\n", 7);
    remora_output_relieve(&output);
    EXPECT(output.bytes == 7);
    arrive(text, LONG_BYTES);
    remora_output_relieve(&output);
    EXPECT(output.bytes == 0 && output.first == NULL);
    free(text);
}

int main(void)
{
    remora_output_init(&output);
    remora_output_write(&output);
    own_lines_and_others_keep_their_order();
    much_is_written_while_nobody_waits();
    printf("PASS\n");
    return 0;
}
