/*
 * certificates.h: an authority of a test's own, and what it has signed: PEM files in a scratch directory.
 */
#ifndef QMON_TEST_CERTIFICATES_H
#define QMON_TEST_CERTIFICATES_H

#include <stdbool.h>

#include "scratch.h"

/* ca.crt. Each call makes another authority. */
void certificates_authority(const struct scratch *scratch);
/* NAME.crt and NAME.key, signed by it, made out to `names` ("IP:127.0.0.1,DNS:localhost"); of yesterday where expired. */
void certificates_make(const struct scratch *scratch, const char *name, const char *names, bool expired);

#endif
