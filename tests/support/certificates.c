#include "certificates.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define DAY_S 86400L

static EVP_PKEY *authority_key;
static X509 *authority;

static void extend(X509 *certificate, int nid, const char *value) {
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    cr_assert_not_null(extension);
    cr_assert_eq(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *make(EVP_PKEY *key, const char *common_name, bool expired) {
    X509 *certificate = X509_new();
    static long serial = 1;

    cr_assert_not_null(certificate);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -DAY_S : DAY_S);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *) common_name, -1, -1, 0);
    X509_set_pubkey(certificate, key);
    return certificate;
}

static void write_files(const struct scratch *scratch, const char *name, X509 *certificate, EVP_PKEY *key) {
    char file[64];
    FILE *out;

    snprintf(file, sizeof file, "%s.crt", name);
    out = fopen(scratch_path(scratch, file), "we");
    cr_assert(out != NULL && PEM_write_X509(out, certificate) == 1);
    fclose(out);
    snprintf(file, sizeof file, "%s.key", name);
    out = fopen(scratch_path(scratch, file), "we");
    cr_assert(out != NULL && PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(out);
}

void certificates_authority(const struct scratch *scratch) {
    authority_key = EVP_EC_gen("P-256");
    authority = make(authority_key, "qmon test authority", false);
    X509_set_issuer_name(authority, X509_get_subject_name(authority));
    extend(authority, NID_basic_constraints, "critical,CA:TRUE");
    cr_assert_gt(X509_sign(authority, authority_key, EVP_sha256()), 0);
    write_files(scratch, "ca", authority, authority_key);
}

void certificates_make(const struct scratch *scratch, const char *name, const char *names, bool expired) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make(key, name, expired);

    X509_set_issuer_name(certificate, X509_get_subject_name(authority));
    extend(certificate, NID_subject_alt_name, names);
    cr_assert_gt(X509_sign(certificate, authority_key, EVP_sha256()), 0);
    write_files(scratch, name, certificate, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}
