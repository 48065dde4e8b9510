/* service.h: a server of another program's, for tests: a child that writes its port into a file once it listens. */
#ifndef QMON_TEST_SERVICE_H
#define QMON_TEST_SERVICE_H

#include <stdint.h>
#include <sys/types.h>

#include "scratch.h"

struct service {
    pid_t pid;
    uint16_t port;
};

/* Starts the program (arguments[0], NULL-terminated), which must write its port, in digits and a line break, to port_file
 * (written aside and renamed). Its output goes to "service.log" in the scratch directory. Fails the test when it does not come
 * up within 20 s. It is killed when the test ends. */
struct service service_start(const struct scratch *scratch, const char *port_file, const char *const *arguments);
void service_stop(struct service *service);

/* A self-signed certificate for localhost and 127.0.0.1 as NAME.pem, its key as NAME.key. Returns the certificate's path. */
const char *service_certificate(const struct scratch *scratch, const char *name);

#endif
