/* Names of repositories: what is normal stays what it is, and goes nowhere but where it may. */
#include "builder/repo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size), host = STR_NONE;
    bool dev = size && (data[size - 1] & 1);
    unsigned port = 0;

    for (int i = 0; i < 2; i++, dev = !dev) {
        struct buf once = BUF_INIT(2 * REPO_MAX), twice = BUF_INIT(2 * REPO_MAX);

        if (repo_normalise(in, dev, &once, NULL) == ERR_OK && once.len <= REPO_MAX) {
            bool remote = repo_endpoint(buf_str(&once), &host, &port);

            BUG_ON(!dev && (!remote || port != 443 || !str_ends(host, STR("github.com"))));
            if (repo_normalise(buf_str(&once), dev, &twice, NULL) == ERR_OK)
                BUG_ON(twice.len > once.len);
        }
        buf_release(&once);
        buf_release(&twice);
    }
    (void)ref_check(in, NULL);
    (void)ref_is_sha(in);
    return 0;
}
