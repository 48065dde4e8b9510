/*
 * curve_binary.c: finding function, file and line of an address for the first time, by the size of the binary. The binary is made
 * here: an object with debug information and no global names, linked as often as it takes.
 */
#include <elf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#include "bench.h"
#include "curves.h"

#define FUNCTIONS 4000
#define LOADED_AT 0x555500000000ull

static bool make_object(const char *directory) {
    char path[160], command[640];
    FILE *source;

    snprintf(path, sizeof path, "%s/part.c", directory);
    source = fopen(path, "we");
    if (source == NULL)
        return false;
    for (int i = 0; i < FUNCTIONS; i++)
        fprintf(source,
                "struct s%d { int number; char name[%d]; struct s%d *next; };\n"
                "__attribute__((used)) static int function_%d(struct s%d *s, int times) {\n"
                "    int sum = %d;\n    for (int i = 0; i < times; i++)\n        sum += s[i].number * i;\n"
                "    return s->next != 0 ? sum + s->next->number : sum;\n}\n",
                i, i % 90 + 1, i, i, i, i);
    fclose(source);
    snprintf(command, sizeof command,
             "cc -g -O1 -c %s -o %s/part.o 2>/dev/null && echo 'int main(void) { return 0; }' | "
             "cc -x c -c - -o %s/main.o 2>/dev/null",
             path, directory, directory);
    return system(command) == 0;
}

/* Returns its size in MB; 0: it could not be made. */
static double link_binary(const char *directory, unsigned parts, char ret_path[192]) {
    char list[160], command[512];
    struct stat status;
    FILE *file;

    snprintf(ret_path, 192, "%s/binary-%u", directory, parts);
    snprintf(list, sizeof list, "%s/list", directory);
    file = fopen(list, "we");
    if (file == NULL)
        return 0;
    for (unsigned i = 0; i < parts; i++)
        fprintf(file, "%s/part.o\n", directory);
    fclose(file);
    snprintf(command, sizeof command, "cc -o %s %s/main.o @%s 2>/dev/null", ret_path, directory, list);
    return system(command) == 0 && stat(ret_path, &status) == 0 ? (double) status.st_size / 1e6 : 0;
}

static bool find_code(const char *path, Elf64_Phdr *ret_code) {
    FILE *file = fopen(path, "re");
    Elf64_Ehdr header;
    bool found = false;

    if (file == NULL)
        return false;
    if (fread(&header, sizeof header, 1, file) == 1 && fseek(file, (long) header.e_phoff, SEEK_SET) == 0)
        for (unsigned i = 0; i < header.e_phnum && !found && fread(ret_code, sizeof *ret_code, 1, file) == 1; i++)
            found = ret_code->p_type == PT_LOAD && (ret_code->p_flags & PF_X);
    fclose(file);
    return found;
}

static double cpu_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

/* CPU time of the first frame, which lies in the middle of the code; NaN where its function was not found. */
static double first_frame(const char *path) {
    struct qmon_event *event = qmon_event_new(1);
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    struct qmon_module module = {.path = path};
    struct qmon_frame frame = {.exact = true};
    struct qmon_thread thread = {.frames = &frame, .frame_count = 1};
    Elf64_Phdr code;
    double spent = NAN, start;

    if (event != NULL && symbolizer != NULL && find_code(path, &code)) {
        module.start = LOADED_AT + code.p_vaddr;
        module.end = module.start + code.p_memsz;
        module.file_offset = code.p_offset;
        frame.pc = module.start + code.p_memsz / 2;
        event->modules = &module;
        event->threads = &thread;
        event->module_count = event->thread_count = 1;
        start = cpu_ns();
        qmon_symbolize(symbolizer, event, 0, UINT64_MAX);
        spent = cpu_ns() - start;
        if (event->threads[0].frame_count == 0 || event->threads[0].frames[0].function == NULL)
            spent = NAN;
    }
    qmon_symbolizer_close(symbolizer);
    qmon_event_free(event);
    return spent;
}

void bench_curve_binary(bool full) {
    static const unsigned parts[] = {1, 4, 16, 64, 320};
    static struct bench_curve curve = {.name = "binary",
                                       .x = "MB of the binary, most of it debug information",
                                       .y = "first frame of a binary, CPU",
                                       .unit = "ns",
                                       .bound =
                                           "half of the receiver's time; the rest of the frames keep module and offset",
                                       .more_is_worse = true};
    char directory[96], path[192];

    snprintf(directory, sizeof directory, "%s/binary", bench.directory);
    mkdir(directory, 0700);
    if (!make_object(directory)) {
        printf("(binary sizes are left out: cc does not work)\n");
        return;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts - (full ? 0 : 2); i++) {
        static struct bench_samples samples;
        double size = link_binary(directory, parts[i], path);
        samples.count = 0;
        for (unsigned n = 0; n < 5 && size > 0; n++)
            bench_add(&samples, first_frame(path));
        bench_point(&curve, size, bench_quantile(&samples, 0));
        unlink(path);
    }
    bench_publish_curve(&curve);
}
