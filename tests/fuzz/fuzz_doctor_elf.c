/* The reader of ELF files behind `qmon doctor PROGRAM` and `qmon run`, on anything. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf_facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct qmon__cli_bytes source = qmon__cli_bytes_of_memory(data, size);
    struct qmon__cli_elf elf;
    const char *problem = NULL;
    int r = qmon__cli_elf_inspect(&source, &elf, &problem);

    /* What it says must be usable: names that end, a reason with each refusal of a damaged file. */
    if (r == 0 && strnlen(elf.interpreter, sizeof elf.interpreter) == sizeof elf.interpreter)
        abort();
    if (r == -1 || (problem && !*problem))
        abort();
    return 0;
}
