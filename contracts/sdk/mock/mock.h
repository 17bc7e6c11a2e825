/*
 * mock.h — a small chain around one contract, for native tests, fuzzing and the debugger.
 *
 * The contract's own sources run natively; the host functions they call are host.c. Around them
 * chain.c keeps accounts with balances, the contract's storage, receipts, yields and block time. It
 * behaves as the chain does where a contract can tell: a panic rolls back storage, promises and the
 * deposit; promises run after the call; a yield runs its callback once, with a payload or after 200
 * blocks with a failed result; storage must be covered by the balance; logs and payloads have
 * their limits. Gas is only counted roughly: each call burns `burn` and reserves what it gives
 * away.
 *
 * One chain per process, one thread. Everything handed out lives until mock_init() or mock_end().
 */
#ifndef SDK_MOCK_MOCK_H
#define SDK_MOCK_MOCK_H

#include <setjmp.h>

#include "sdk/near.h"

#define MOCK_YIELD_BLOCKS 200u
#define MOCK_BLOCK_NS     UINT64_C(600000000)
#define MOCK_GAS          (300 * TGAS)
#define MOCK_LOGS_MAX     100u
#define MOCK_RECEIPTS_MAX (1u << 13)
#define MOCK_REGS         8u

enum mock_state {
    MOCK_WAITING,  /* for another receipt, for a resume, or for the test's answer */
    MOCK_READY,    /* runs with the next mock_run() */
    MOCK_OK,       /* `value` */
    MOCK_FAILED,   /* `value` is the text */
    MOCK_RETURNED, /* ends as receipt `returned` does */
};

#define MOCK_KEYS_MAX 64u

struct mock_key { /* an access key of the contract's account */
    uint8_t key[33];
    u128 allowance;
    struct buf receiver, methods;
};

struct mock_action {
    bool call; /* else a transfer, or: */
    bool adds_key, deletes_key;
    struct mock_key key;
    struct buf method, args;
    u128 deposit;
    uint64_t gas, weight;
};

struct mock_receipt {
    struct account_id from, to, signer;
    struct mock_action *actions;
    size_t n_actions;
    enum mock_state state;
    struct buf value;
    size_t returned;
    size_t after; /* SIZE_MAX: nothing */
    bool is_yield, resumed, timed_out;
    struct yield_id data_id;
    struct buf payload;
    uint64_t expires; /* block height */
};

struct mock_row {
    struct buf key, value;
};

struct mock_account {
    struct account_id id;
    u128 balance;
};

struct mock {
    struct account_id me;
    struct mock_account *accounts;
    size_t n_accounts;
    struct mock_row *rows;
    size_t n_rows;
    struct mock_receipt *receipts;
    size_t n_receipts;
    struct mock_key keys[MOCK_KEYS_MAX];
    size_t n_keys;
    struct buf logs[MOCK_LOGS_MAX * 8]; /* since mock_clear_logs() */
    size_t n_logs;
    uint64_t height, time_ns;
    uint64_t gas;       /* that mock_call attaches */
    uint64_t burn;      /* that each call burns */
    uint64_t code_size; /* bytes of the contract's code, part of what storage costs */
    uint64_t yields;
};
extern struct mock mock;

void mock_init(const char *contract, u128 balance);
void mock_end(void); /* frees all; for leak checks */

/* ---- accounts ---- */
void mock_account_add(const char *id, u128 balance);
u128 mock_balance(const char *id); /* 0 when there is none */
u128 mock_total(void);             /* of all accounts, and deposits on their way */

/* ---- calls ---- */

/* A transaction of `who`: one call with a deposit. Runs it and gives its receipt; what it set off
 * runs with mock_run(). */
size_t mock_call(const char *who, u128 deposit, const char *method, struct str args);
/* The same through a contract `who` whose user signed. */
size_t mock_call_as(const char *who, const char *signer, u128 deposit, const char *method,
                    struct str args);
/* A view; false when it panicked. `out` is its value, or the text of the panic. */
bool mock_view(const char *method, struct str args, struct str *out);

void mock_run(void);          /* until nothing is ready */
void mock_blocks(uint64_t n); /* time passes; yields may time out; runs what is ready */
void mock_answer(size_t receipt, bool ok, struct str value); /* for a call to another contract */

/* How a receipt ended, through what it returned: MOCK_OK, MOCK_FAILED, or MOCK_WAITING. */
enum mock_state mock_result(size_t receipt, struct str *value);

/* ---- what others sign, for contracts that verify it (Ed25519) ---- */
void mock_ed25519_pub(const uint8_t seed[32], uint8_t pub[32]);
void mock_ed25519_sign(const uint8_t seed[32], struct str message, uint8_t signature[64]);
void mock_sha256(struct str s, uint8_t out[32]);

/* ---- looking ---- */
void mock_clear_logs(void);
const struct mock_key *mock_key(const uint8_t key[32]); /* of Ed25519; NULL: no such key */
bool mock_logged(const char *part);                     /* in any log line */
size_t mock_count_logs(const char *part);
struct str mock_log(const char *part); /* the last line with it, or none */
uint64_t mock_storage(void);           /* bytes, as the chain counts them */
/* The first receipt from index `from` on that waits for the test's answer; SIZE_MAX: none. */
size_t mock_outgoing(size_t from);

/* ---- between chain.c and host.c ---- */

struct mock_frame {
    jmp_buf trap;
    bool view, done;
    struct account_id predecessor, signer;
    struct str input;
    u128 deposit;
    uint64_t prepaid, used;
    const struct mock_receipt *self; /* for promise results; NULL outside callbacks */
    struct buf regs[MOCK_REGS];
    bool reg_set[MOCK_REGS];
    struct buf value, panic;
    bool has_value, has_return;
    size_t returned, first; /* receipts made by this call begin here */
    size_t logs_before, log_bytes;
    u128 balance_before;
    size_t resumed[64], n_resumed; /* yields this call resumed */
};
extern struct mock_frame *mock_frame; /* NULL outside a call */

struct mock_row *mock_row(struct str key);
void mock_row_put(struct str key, const struct str *value); /* NULL removes; undone by a panic */
struct mock_receipt *mock_receipt_new(struct account_id to);
struct mock_account *mock_account(struct str id);
void mock_mem_enter(void); /* from here on mem_alloc belongs to the call */
void mock_mem_pause(void); /* what follows is the mock's own and outlives the call */
void mock_mem_resume(void);
void mock_mem_leave(void); /* free what the call left */
NORETURN void mock_trap(const char *text);

#endif
