/*
 * component_type.c — from NAME.wat to NAME_type.inc: the type that a C guest hands to the component
 * linker, as lines for its assembler.
 *
 *     component_type NAME.wat > NAME_type.inc
 */
#include <stdio.h>

#include "base/file.h"
#include "engine/wat.h"

#define TEXT_MAX (1024 * 1024)
#define PER_LINE 20

int main(int argc, char **argv)
{
    struct buf text = BUF_INIT(TEXT_MAX), type = BUF_INIT(TEXT_MAX), why = WHY_INIT;
    enum err e;

    if (argc != 2) {
        fprintf(stderr, "usage: %s NAME.wat > NAME_type.inc\n", argv[0]);
        return 3;
    }
    e = file_read(argv[1], &text, &why);
    if (!e)
        e = wat_assemble(buf_str(&text), &type, &why);
    if (e) {
        fprintf(stderr, "Error: %s\n", buf_z(&why));
    } else {
        printf("/* made from the .wat of the same name by component_type; do not edit */\n");
        for (size_t i = 0; i < type.len; i++)
            printf("%s0x%02x%s", i % PER_LINE ? "," : "\".byte ", (unsigned char)type.ptr[i],
                   i % PER_LINE == PER_LINE - 1 || i + 1 == type.len ? "\\n\"\n" : "");
    }
    buf_release(&text);
    buf_release(&type);
    buf_release(&why);
    return e ? 1 : 0;
}
