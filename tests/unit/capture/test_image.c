/* A program that cannot take the agent's library is known for one each time, also where the same file could a moment ago. */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "image.h"

static char path[] = "/tmp/qmon-image-XXXXXX";
static int fd = -1;
static char home[] = "HOME=/", preload[] = "LD_PRELOAD=/opt/libqmon.so";
static char *environment[] = {home, preload, NULL};

static void set_up(void) {
    strcpy(qmon__agent.library, "/opt/libqmon.so");
    qmon__agent.active = true;
    fd = mkstemp(path);
    cr_assert_geq(fd, 0);
}

static void tear_down(void) {
    qmon__agent.active = false;
    close(fd);
    unlink(path);
}

TestSuite(image, .timeout = 30, .init = set_up, .fini = tear_down);

/* The head of this very program, of that class; until the file has another time of its last change. */
static void write_head(unsigned char class) {
    char head[512];
    struct stat before, now;
    const int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    cr_assert_eq(pread(own, head, sizeof head, 0), sizeof head);
    close(own);
    head[EI_CLASS] = (char) class;
    fstat(fd, &before);
    do {
        cr_assert_eq(pwrite(fd, head, sizeof head, 0), sizeof head);
        fstat(fd, &now);
    } while (memcmp(&before.st_ctim, &now.st_ctim, sizeof now.st_ctim) == 0);
}

static bool is_stripped(void) {
    return qmon__image_stripped_bytes(AT_FDCWD, path, environment) > 0;
}

Test(image, that_takes_us_is_looked_into_again_when_it_has_changed) {
    write_head(ELFCLASS64);
    cr_expect_not(is_stripped());
    cr_expect_not(is_stripped(), "known");
    write_head(ELFCLASS32);
    cr_expect(is_stripped());
    cr_expect(is_stripped());
    write_head(ELFCLASS64);
    cr_expect_not(is_stripped());
}

Test(image, that_nobody_can_read_takes_us) {
    cr_expect_eq(qmon__image_stripped_bytes(AT_FDCWD, "/nonexistent", environment), 0);
}
