#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "service.h"
#include "tool.h"

static void become(const char *log, const char *const *arguments) {
    int null = open("/dev/null", O_RDWR), out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, 0);
    dup2(out, 1);
    dup2(out, 2);
    execvp(arguments[0], (char *const *) arguments);
    _exit(127);
}

static uint16_t read_port(const char *port_file) {
    char *text = scratch_read(port_file);
    uint16_t port = text ? (uint16_t) atoi(text) : 0;

    free(text);
    return port;
}

struct service service_start(const struct scratch *scratch, const char *port_file, const char *const *arguments) {
    const char *log = scratch_path(scratch, "service.log");
    struct service service = {.pid = fork()};

    cr_assert_geq(service.pid, 0);
    if (service.pid == 0)
        become(log, arguments);
    for (int i = 0; i < 4000 && service.port == 0; i++) {
        cr_assert_eq(waitpid(service.pid, NULL, WNOHANG), 0, "%s ended: see %s", arguments[0], log);
        service.port = read_port(port_file);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    cr_assert_neq(service.port, 0, "%s does not come up", arguments[0]);
    return service;
}

void service_stop(struct service *service) {
    kill(service->pid, SIGKILL);
    waitpid(service->pid, NULL, 0);
}

const char *service_certificate(const struct scratch *scratch, const char *name) {
    char certificate[64], key[64];

    snprintf(certificate, sizeof certificate, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    cr_assert_eq(TOOL(NULL, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
                      "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "-out", scratch_path(scratch, certificate),
                      "-keyout", scratch_path(scratch, key)),
                 0);
    return scratch_path(scratch, certificate);
}
