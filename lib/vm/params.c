#include "vm/params.h"

const struct params *params_for(uint32_t protocol)
{
    for (size_t i = 0; i < params_table_len; i++)
        if (params_table[i].protocol == protocol)
            return &params_table[i];
    return NULL;
}

/* Names are written in lower case in the lists; profiles want capitals. */
struct name {
    char text[48];
};

static const char *upper(struct name *n, const char *lower)
{
    size_t i = 0;

    for (; lower[i] != '\0' && i < sizeof n->text - 1; i++)
        n->text[i] = lower[i] >= 'a' && lower[i] <= 'z' ? (char)(lower[i] - 32) : lower[i];
    n->text[i] = '\0';
    return n->text;
}

static const char *const ext_names[] = {
#define X(name) #name,
    EXT_COST_LIST(X)
#undef X
};

static const char *const action_names[] = {
#define X(name) #name,
    ACTION_COST_LIST(X)
#undef X
};

const char *ext_cost_name(enum ext_cost c)
{
    static _Thread_local struct name n;

    return (unsigned)c < EXT_COUNT ? upper(&n, ext_names[c]) : "";
}

const char *action_cost_name(enum action_cost c)
{
    static _Thread_local struct name n;

    return (unsigned)c < ACTION_COUNT ? upper(&n, action_names[c]) : "";
}
