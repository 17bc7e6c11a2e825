/* test_box.c — boxes against the published vector of XChaCha20-Poly1305, and their borders. */
#include <string.h>

#include "test.h"

#include "codec/hex.h"
#include "crypto/box.h"

/* draft-irtf-cfrg-xchacha-03, A.3.1 */
static void opens_the_published_vector(void **state)
{
    static const char text[] =
        "01" /* our version, then nonce, ciphertext, tag */
        "404142434445464748494a4b4c4d4e4f5051525354555657"
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f"
        "4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f"
        "76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49";
    char box[BOX_OVERHEAD + 114], place[12];
    struct buf out = BUF_INIT(200);
    struct box_key k;

    (void)state;
    for (size_t i = 0; i < sizeof(k.b); i++)
        k.b[i] = (uint8_t)(0x80 + i);
    assert_true(hex_get(str_of(text), box, sizeof(box)));
    assert_true(hex_get(STR("50515253c0c1c2c3c4c5c6c7"), place, sizeof(place)));
    assert_int_equal(
        box_open(&k, str_from(place, sizeof(place)), str_from(box, sizeof(box)), &out, NULL),
        ERR_OK);
    assert_buf(out,
               "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
               "the future, sunscreen would be it.");
    buf_release(&out);
}

static void opens_in_its_place_only(void **state)
{
    struct box_key k = {.b = {1}}, other = {.b = {2}};
    struct buf box = BUF_INIT(200), again = BUF_INIT(200), out = BUF_INIT(200);

    (void)state;
    box_seal(&k, STR("here"), STR("content"), &box);
    box_seal(&k, STR("here"), STR("content"), &again);
    assert_int_equal(box.len, BOX_OVERHEAD + 7);
    assert_false(str_eq(buf_str(&box), buf_str(&again))); /* another nonce each time */
    buf_addz(&out, "before ");
    assert_int_equal(box_open(&k, STR("there"), buf_str(&box), &out, NULL), ERR_DENIED);
    assert_int_equal(box_open(&other, STR("here"), buf_str(&box), &out, NULL), ERR_DENIED);
    for (size_t n = 0; n < box.len; n++)
        assert_int_not_equal(box_open(&k, STR("here"), str_head(buf_str(&box), n), &out, NULL),
                             ERR_OK);
    for (size_t i = 0; i < box.len; i++) {
        box.ptr[i] ^= 1;
        assert_int_not_equal(box_open(&k, STR("here"), buf_str(&box), &out, NULL), ERR_OK);
        box.ptr[i] ^= 1;
    }
    assert_buf(out, "before ");
    assert_int_equal(box_open(&k, STR("here"), buf_str(&box), &out, NULL), ERR_OK);
    assert_buf(out, "before content");
    buf_clear(&box);
    buf_clear(&out);
    box_seal(&k, STR(""), STR(""), &box); /* nothing is something too */
    assert_int_equal(box_open(&k, STR(""), buf_str(&box), &out, NULL), ERR_OK);
    assert_int_equal(out.len, 0);
    buf_release(&box);
    buf_release(&again);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_the_published_vector),
        cmocka_unit_test(opens_in_its_place_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
