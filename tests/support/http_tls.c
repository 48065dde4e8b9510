#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "http_wire.h"

static bool add_extension(X509 *certificate, int nid, const char *value) {
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool fine = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return fine;
}

static X509 *make_certificate(EVP_PKEY *key, enum http_tls kind) {
    X509 *certificate = X509_new();
    X509_NAME *name = certificate ? X509_get_subject_name(certificate) : NULL;
    bool expired = kind == HTTP_TLS_EXPIRED;
    const char *names = kind == HTTP_TLS_WRONG_NAME ? "DNS:other.example" : "DNS:localhost,IP:127.0.0.1";

    if (!name)
        return NULL;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -3600 : 3600);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *) "qmon test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    if (add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
        add_extension(certificate, NID_subject_alt_name, names) && X509_sign(certificate, key, EVP_sha256()))
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool write_certificate(X509 *certificate, const char *path) {
    FILE *file = fopen(path, "we");

    if (!file)
        return false;
    bool fine = PEM_write_X509(file, certificate) == 1;
    return fclose(file) == 0 && fine;
}

SSL_CTX *http_tls_context(enum http_tls kind, const char *ca_path) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? make_certificate(key, kind) : NULL;
    SSL_CTX *context = certificate ? SSL_CTX_new(TLS_server_method()) : NULL;

    if (context && (!write_certificate(certificate, ca_path) || SSL_CTX_use_certificate(context, certificate) != 1 ||
                    SSL_CTX_use_PrivateKey(context, key) != 1)) {
        SSL_CTX_free(context);
        context = NULL;
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}
