/* What an ELF file says about whether the agent can be loaded: real programs, hand-made headers, damaged files. */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_facts.h"

TestSuite(cli_elf, .timeout = 60);

struct image {
    unsigned char *bytes;
    size_t size;
};

static struct image load(const char *path) {
    struct image image = {0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    cr_assert_geq(fd, 0, "%s", path);
    cr_assert_eq(fstat(fd, &status), 0);
    image.size = (size_t) status.st_size;
    image.bytes = malloc(image.size);
    cr_assert_eq(read(fd, image.bytes, image.size), (ssize_t) image.size);
    close(fd);
    return image;
}

static int inspect(const struct image *image, struct qmon__cli_elf *ret_elf) {
    struct qmon__cli_bytes source = qmon__cli_bytes_of_memory(image->bytes, image->size);
    const char *problem = NULL;
    int r = qmon__cli_elf_inspect(&source, ret_elf, &problem);

    cr_expect_eq(r == -EBADMSG, problem != NULL);
    return r;
}

/* Compiles `source` and reads the result. */
static struct qmon__cli_elf inspect_compiled(const char *source, const char *flags) {
    char path[] = "/tmp/qmon-elf-XXXXXX", command[512];
    struct qmon__cli_elf elf;
    struct qmon__cli_bytes bytes;
    struct stat status;
    const char *problem = NULL;
    int fd = mkstemp(path);

    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(command, sizeof command, "echo '%s' | cc -x c - -o %s %s", source, path, flags);
    cr_assert_eq(system(command), 0, "%s", command);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_eq(fstat(fd, &status), 0);
    bytes = qmon__cli_bytes_of_file(fd, (uint64_t) status.st_size);
    cr_assert_eq(qmon__cli_elf_inspect(&bytes, &elf, &problem), 0);
    close(fd);
    unlink(path);
    return elf;
}

Test(cli_elf, reads_a_dynamic_program) {
    struct qmon__cli_elf elf = inspect_compiled("int main(void) { return 0; }", "-g");

    cr_expect_eq(elf.bits, 64);
    cr_expect_not(elf.big_endian);
    cr_expect_eq(elf.machine, qmon__cli_elf_native_machine());
    cr_expect_eq(elf.interpreter[0], '/');
    cr_expect(elf.symbols);
    cr_expect(elf.lines);
    cr_expect_not(elf.musl || elf.go || elf.own_report || elf.sanitizer);
}

Test(cli_elf, sees_that_a_program_is_stripped) {
    struct qmon__cli_elf elf = inspect_compiled("int main(void) { return 0; }", "-s");

    cr_expect_not(elf.symbols);
    cr_expect_not(elf.lines);
}

Test(cli_elf, sees_that_a_program_is_static) {
    struct qmon__cli_elf elf = inspect_compiled("int main(void) { return 0; }", "-static");

    cr_expect_str_empty(elf.interpreter);
    elf = inspect_compiled("int main(void) { return 0; }", "-static-pie");
    cr_expect_str_empty(elf.interpreter);
}

Test(cli_elf, sees_a_report_function_inside_the_program_itself) {
    struct qmon__cli_elf elf = inspect_compiled("int qmon_report(void) { return 0; } int main(void) { return 0; }", "");

    cr_expect(elf.own_report);
    elf = inspect_compiled("__attribute__((weak)) int qmon_report(void);"
                           "int main(void) { return qmon_report ? qmon_report() : 0; }",
                           "");
    cr_expect_not(elf.own_report, "a weak reference is not a definition");
    elf = inspect_compiled("int my_qmon_report(void) { return 0; } int main(void) { return my_qmon_report(); }", "");
    cr_expect_not(elf.own_report, "another function's name only ends like it");
}

Test(cli_elf, sees_a_sanitizer) {
    struct qmon__cli_elf elf = inspect_compiled("int main(void) { return 0; }", "-fsanitize=address");

    cr_expect(elf.sanitizer);
    elf = inspect_compiled("int main(void) { return 0; }", "-fsanitize=thread");
    cr_expect(elf.sanitizer);
}

Test(cli_elf, tells_other_machines_and_classes_apart) {
    unsigned char bytes[64] = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1, [16] = ET_EXEC, [18] = EM_386};
    struct image image = {bytes, sizeof bytes};
    struct qmon__cli_elf elf;

    cr_assert_eq(inspect(&image, &elf), 0);
    cr_expect_eq(elf.bits, 32);
    cr_expect_eq(elf.machine, EM_386);
    cr_expect_str_eq(qmon__cli_elf_machine_name(elf.machine), "i386");
    bytes[EI_CLASS] = ELFCLASS64;
    bytes[EI_DATA] = ELFDATA2MSB;
    bytes[18] = 0;
    bytes[19] = EM_S390;
    cr_assert_eq(inspect(&image, &elf), 0);
    cr_expect(elf.big_endian);
    cr_expect_eq(elf.machine, EM_S390);
}

Test(cli_elf, refuses_what_is_no_elf_file) {
    struct image script = {(unsigned char *) "#!/bin/sh\necho this is long enough\n", 36};
    struct image empty = {(unsigned char *) "", 0};
    struct qmon__cli_elf elf;

    cr_expect_eq(inspect(&script, &elf), -ENOEXEC);
    cr_expect_eq(inspect(&empty, &elf), -ENOEXEC);
}

Test(cli_elf, knows_musl_by_its_loader) {
    struct image image = load("/bin/true");
    struct qmon__cli_elf elf;
    unsigned char *loader = memmem(image.bytes, image.size, "/lib64/ld-linux-x86-64.so.2", 27);

    if (!loader)
        cr_skip_test("no x86-64 loader in /bin/true");
    memcpy(loader, "/lib/ld-musl-x86_64.so.1\0\0\0", 27);
    cr_assert_eq(inspect(&image, &elf), 0);
    cr_expect(elf.musl);
    free(image.bytes);
}

Test(cli_elf, survives_a_file_cut_at_any_length) {
    struct image whole = load("/bin/true");
    struct qmon__cli_elf elf;

    for (size_t size = 0; size < whole.size; size += size < 1200 ? 1 : 97) {
        struct image cut = {malloc(size ? size : 1), size};
        memcpy(cut.bytes, whole.bytes, size); /* of exactly this size, so that a sanitizer sees every byte beyond */
        inspect(&cut, &elf);
        free(cut.bytes);
    }
    free(whole.bytes);
}

Test(cli_elf, survives_every_single_byte_of_its_headers_being_wrong) {
    struct image image = load("/bin/true");
    struct qmon__cli_elf elf;
    Elf64_Ehdr header;
    size_t tables;

    memcpy(&header, image.bytes, sizeof header);
    tables = header.e_phoff + (size_t) header.e_phnum * sizeof(Elf64_Phdr);
    for (size_t i = 4; i < tables && i < image.size; i++) {
        unsigned char saved = image.bytes[i];
        static const unsigned char wrong[] = {0x00, 0x7f, 0x80, 0xff};
        for (size_t j = 0; j < sizeof wrong; j++) {
            image.bytes[i] = wrong[j];
            inspect(&image, &elf);
        }
        image.bytes[i] = saved;
    }
    free(image.bytes);
}

Test(cli_elf, says_what_is_damaged) {
    struct image image = load("/bin/true");
    struct qmon__cli_bytes source = qmon__cli_bytes_of_memory(image.bytes, image.size);
    Elf64_Off offset = (Elf64_Off) -8;
    struct qmon__cli_elf elf = {.bits = 77};
    const char *problem = NULL;

    memcpy(image.bytes + offsetof(Elf64_Ehdr, e_phoff), &offset, sizeof offset);
    cr_assert_eq(qmon__cli_elf_inspect(&source, &elf, &problem), -EBADMSG);
    cr_expect_str_eq(problem, "its program headers lie outside the file");
    cr_expect_eq(elf.bits, 77, "nothing is returned on failure");
    free(image.bytes);
}
