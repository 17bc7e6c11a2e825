#include "attest/code.h"

const char *attest_code_name(enum attest_code c)
{
    static const char *const names[] = {"OK",
#define X(name, text) #name,
                                        ATTEST_CODES(X)
#undef X
    };

    return names[c];
}

const char *attest_code_text(enum attest_code c)
{
    static const char *const texts[] = {"verified",
#define X(name, text) text,
                                        ATTEST_CODES(X)
#undef X
    };

    return texts[c];
}

const char *tcb_status_name(enum tcb_status s)
{
    static const char *const names[] = {NULL,
#define X(name, text) text,
                                        TCB_STATUSES(X)
#undef X
    };

    return names[s];
}
