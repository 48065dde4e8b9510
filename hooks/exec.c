/*
 * The exec family. All forms end in one place that says so in the record and then calls the kernel: libc's own forms would go
 * round a hook of execve. The search along PATH is POSIX's; it allocates nothing, because these are called between
 * fork and exec in threaded programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <agent.h>
#include <image.h>
#include <mask.h>

/* One whose loader would only complain of the agent is started without it. */
static long call(int directory, const char *path, char *const arguments[], char *const environment[], int flags) {
    const size_t bytes = qmon__image_stripped_bytes(directory, path, environment);
    if (bytes > 0)
        environment = qmon__image_strip(environment, __builtin_alloca(bytes), bytes);
    if (directory == AT_FDCWD && flags == 0)
        return qmon__sys_3(SYS_execve, path, arguments, environment);
    return qmon__sys_5(SYS_execveat, directory, path, arguments, environment, flags);
}

static int exec_in(int directory, const char *path, char *const arguments[], char *const environment[], int flags) {
    qmon__process_execs(path, arguments);
    const qmon__sigset mask = qmon__mask_reveal();
    const long error = call(directory, path, arguments, environment, flags);
    qmon__mask_restore(mask);
    qmon__process_exec_failed();
    errno = (int) -error;
    return -1;
}

static int exec_path(const char *path, char *const arguments[], char *const environment[]) {
    return exec_in(AT_FDCWD, path, arguments, environment, 0);
}

int execve(const char *path, char *const arguments[], char *const environment[]) {
    return exec_path(path, arguments, environment);
}

int execv(const char *path, char *const arguments[]) {
    return exec_path(path, arguments, environ);
}

int execveat(int directory, const char *path, char *const arguments[], char *const environment[], int flags) {
    return exec_in(directory, path, arguments, environment, flags);
}

int fexecve(int descriptor, char *const arguments[], char *const environment[]) {
    if (descriptor < 0) {
        errno = EINVAL;
        return -1;
    }
    return exec_in(descriptor, "", arguments, environment, AT_EMPTY_PATH);
}

/* A file without a format of its own is a script for sh. */
static void exec_script(const char *path, char *const arguments[], char *const environment[]) {
    size_t count = 0;
    while (arguments[count] != NULL)
        count++;
    char **with_shell = __builtin_alloca((count + 3) * sizeof *with_shell);
    with_shell[0] = (char *) (uintptr_t) "/bin/sh";
    with_shell[1] = (char *) (uintptr_t) path;
    with_shell[2] = NULL;
    if (count > 1)
        memcpy(with_shell + 2, arguments + 1, count * sizeof arguments[0]);
    exec_path("/bin/sh", with_shell, environment);
}

static void try_file(const char *path, char *const arguments[], char *const environment[]) {
    exec_path(path, arguments, environment);
    if (errno == ENOEXEC)
        exec_script(path, arguments, environment);
}

/* Errors that mean "not here": the search goes on. */
static bool is_not_here(int error) {
    return error == ENOENT || error == ESTALE || error == ENOTDIR || error == ENODEV || error == ETIMEDOUT ||
           error == EACCES;
}

int execvpe(const char *file, char *const arguments[], char *const environment[]) {
    if (*file == '\0') {
        errno = ENOENT;
        return -1;
    }
    if (strchr(file, '/') != NULL) {
        try_file(file, arguments, environment);
        return -1;
    }
    const size_t file_bytes = strnlen(file, NAME_MAX + 1);
    if (file_bytes > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const char *search = getenv("PATH");
    bool denied = false;
    if (search == NULL)
        search = "/bin:/usr/bin";
    for (;;) {
        const size_t bytes = strcspn(search, ":");
        char path[PATH_MAX + NAME_MAX + 2];
        if (bytes < PATH_MAX) {
            memcpy(path, search, bytes);
            path[bytes] = '/';
            memcpy(path + bytes + (bytes > 0), file, file_bytes + 1);
            try_file(path, arguments, environment);
            if (errno == EACCES)
                denied = true;
            else if (!is_not_here(errno))
                return -1;
        }
        if (search[bytes] == '\0')
            break;
        search += bytes + 1;
    }
    errno = denied ? EACCES : errno;
    return -1;
}

int execvp(const char *file, char *const arguments[]) {
    return execvpe(file, arguments, environ);
}

/* Counts the arguments of an execl call, the terminating NULL not included. None but the stack can hold them: malloc is not
 * safe here, and they lie on the stack already. */
static size_t count_arguments(const char *first, va_list arguments) {
    size_t count = 0;
    for (const char *argument = first; argument != NULL; argument = va_arg(arguments, char *))
        count++;
    return count;
}

static void gather(char **to, const char *first, va_list arguments) {
    *to = (char *) (uintptr_t) first;
    while (*to != NULL)
        *++to = va_arg(arguments, char *);
}

int execl(const char *path, const char *first, ...) {
    va_list list;
    va_start(list, first);
    const size_t count = count_arguments(first, list);
    va_end(list);
    char **arguments = __builtin_alloca((count + 1) * sizeof *arguments);
    va_start(list, first);
    gather(arguments, first, list);
    va_end(list);
    return exec_path(path, arguments, environ);
}

int execlp(const char *file, const char *first, ...) {
    va_list list;
    va_start(list, first);
    const size_t count = count_arguments(first, list);
    va_end(list);
    char **arguments = __builtin_alloca((count + 1) * sizeof *arguments);
    va_start(list, first);
    gather(arguments, first, list);
    va_end(list);
    return execvpe(file, arguments, environ);
}

int execle(const char *path, const char *first, ...) {
    va_list list;
    va_start(list, first);
    const size_t count = count_arguments(first, list);
    va_end(list);
    char **arguments = __builtin_alloca((count + 1) * sizeof *arguments);
    va_start(list, first);
    gather(arguments, first, list);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    return exec_path(path, arguments, environment);
}
