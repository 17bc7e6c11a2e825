/* test_near_cli.c — our network in the settings of near-cli-rs. */
#include "cli/near_cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ABOVE                                                                                      \
    "version = \"5\"\ncredentials_home_dir = \"/root/.near-credentials\"\n\n"                      \
    "[network_connection.testnet]\nnetwork_name = \"testnet\"\nrpc_url = \"https://a.b/\"\n"
#define OURS(url)                                                                                  \
    "\n[network_connection.localnet]\nnetwork_name = \"localnet\"\nrpc_url = \"" url "/\"\n"       \
    "wallet_url = \"http://127.0.0.1/\"\nexplorer_transaction_url = \"http://127.0.0.1/\"\n"       \
    "linkdrop_account_id = \"test\"\n"

static void add(const char *text, const char *url, enum err want, const char *then)
{
    struct buf out = BUF_INIT(NEAR_CLI_SETTINGS_MAX), why = WHY_INIT;

    assert_int_equal(near_cli_settings(str_of(text), url, &out, &why), want);
    if (then)
        assert_string_equal(buf_z(&out), then);
    else
        assert_true(why.len > 0);
    buf_release(&out);
    buf_release(&why);
}

static void added_at_the_end(void **state)
{
    (void)state;
    add(ABOVE, "http://127.0.0.1:1", ERR_OK, ABOVE OURS("http://127.0.0.1:1"));
}

static void an_older_one_is_replaced(void **state)
{
    (void)state;
    add(ABOVE OURS("http://127.0.0.1:1"), "http://127.0.0.1:2", ERR_OK,
        ABOVE OURS("http://127.0.0.1:2"));
    /* Also when it stands before others, which stay. */
    add("version = \"5\"\n" OURS("http://x") "\n[network_connection.localnet2]\nrpc_url = \"y\"\n",
        "http://z", ERR_OK,
        "version = \"5\"\n\n[network_connection.localnet2]\nrpc_url = \"y\"\n" OURS("http://z"));
}

static void other_files_are_left_alone(void **state)
{
    (void)state;
    add("", "http://x", ERR_FORMAT, NULL);
    add("[package]\nname = \"x\"\n", "http://x", ERR_FORMAT, NULL);
}

static void the_folder_of_keys(void **state)
{
    struct str dir = STR("as before");

    (void)state;
    assert_true(near_cli_credentials(STR(ABOVE), &dir));
    assert_true(str_eqz(dir, "/root/.near-credentials"));
    dir = STR("as before");
    assert_false(near_cli_credentials(STR("version = \"5\"\n"), &dir));
    assert_false(near_cli_credentials(STR("[x]\ncredentials_home_dir = \"/y\"\n"), &dir));
    assert_false(near_cli_credentials(STR("credentials_home_dir = \"\"\n"), &dir));
    assert_false(near_cli_credentials(STR("credentials_home_dir = \"C:\\\\y\"\n"), &dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_at_the_end),
        cmocka_unit_test(an_older_one_is_replaced),
        cmocka_unit_test(other_files_are_left_alone),
        cmocka_unit_test(the_folder_of_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
