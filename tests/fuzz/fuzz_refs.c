/* A git server's list of refs: what is found in it is a commit of the answer's own. */
#include "fetch/refs.h"

#include "builder/repo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size), commit;

    if (refs_answer_read(in, STR("main"), &commit, NULL) == ERR_OK)
        BUG_ON(!ref_is_sha(commit) || commit.ptr < in.ptr ||
               commit.ptr + commit.len > in.ptr + in.len);
    return 0;
}
