/* The vectors of FIPS 180-4's examples and of RFC 4231. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "basic.h"
#include "sha256.h"

static void expect_digest(const char *data, size_t times, const char *expected) {
    uint8_t digest[QMON__SHA256_BYTES];
    char hex[2 * QMON__SHA256_BYTES + 1];
    struct qmon__sha256 sha;

    qmon__sha256_begin(&sha);
    for (size_t i = 0; i < times; i++)
        qmon__sha256_add(&sha, data, strlen(data));
    qmon__sha256_end(&sha, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    cr_expect_str_eq(hex, expected);
}

Test(sha256, digests_what_the_standard_digests, .timeout = 10) {
    expect_digest("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_digest("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect_digest("aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void expect_hmac(const char *key, const char *data, const char *expected) {
    char hex[QMON__SHA256_HEX_BYTES];
    struct qmon__hmac hmac;

    qmon__hmac_begin(&hmac, key);
    qmon__hmac_add(&hmac, data, strlen(data));
    qmon__hmac_end(&hmac, hex);
    cr_expect_str_eq(hex, expected);
}

Test(sha256, authenticates_as_the_rfc_does, .timeout = 10) {
    char key[132] = {0};

    expect_hmac("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    expect_hmac("Jefe", "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 131);
    expect_hmac(key, "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

Test(sha256, base64_is_that_of_rfc_4648, .timeout = 10) {
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    char text[64], large[1000];

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        qmon__base64(pairs[i][0], strlen(pairs[i][0]), text);
        cr_expect_str_eq(text, pairs[i][1]);
    }
    cr_expect(qmon__basic("Aladdin", "open sesame", text, sizeof text));
    cr_expect_str_eq(text, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    cr_expect(qmon__basic("", "x", text, sizeof text));
    cr_expect_str_eq(text, "");
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    cr_expect_not(qmon__basic("me", large, text, sizeof text));
}
