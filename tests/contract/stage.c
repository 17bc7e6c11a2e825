/* stage.c — see stage.h. */
#include "stage.h"

#include <string.h>

#include "base/file.h"
#include "crypto/hash.h"

void stage_open(struct stage *s, uint32_t protocol, const char *wasm_file)
{
    struct buf code = BUF_INIT(1 << 22), why = WHY_INIT;

    *s = (struct stage){.time_ns = UINT64_C(1780000000000000000)};
    s->vm = vm_for_tests(protocol);
    chain_init(&s->chain);
    s->chain.touch = (struct vm_touch){STAGE_NODES / 2, STAGE_NODES / 2};
    if (file_read(wasm_file, &code, &why) != ERR_OK)
        bug(__FILE__, __LINE__, buf_z(&why));
    s->code = arena_str(&s->a, buf_str(&code));
    buf_release(&code);
}

void stage_close(struct stage *s)
{
    chain_release(&s->chain);
    arena_release(&s->a);
    vm_free(s->vm);
}

bool stage_call(struct stage *s, struct stage_call c)
{
    struct vm_context x = chain_context(s->code);
    struct buf why = WHY_INIT;
    struct chain before = s->chain;

    x.current_account = STR(STAGE_ME);
    x.predecessor_account = x.signer_account = str_of(c.who);
    x.method = str_of(c.method);
    x.input = c.args;
    x.block_timestamp = s->time_ns;
    x.attached_deposit = c.deposit;
    x.balance *= 100;
    x.view = c.view;
    static const struct str caller = {"caller.test", 11};
    if (c.gas)
        x.prepaid_gas = c.gas;
    x.output_receivers = c.answered ? &caller : NULL;
    x.n_output_receivers = c.answered;
    x.promise_results = c.result;
    x.n_promise_results = c.result != NULL;
    s->args_len = x.method.len + c.args.len;
    if (vm_call(s->vm, &s->a, &x, &s->chain.ext, &s->last, &why) != ERR_OK)
        bug(__FILE__, __LINE__, buf_z(&why));
    for (size_t i = 0; i < s->last.n_receipts; i++)
        if (s->last.receipts[i].yield) {
            memcpy(s->chain.pending, s->last.receipts[i].inputs[0], 32);
            s->chain.has_pending = true;
        }
    if (s->last.fail != VM_OK) {
        memcpy(s->chain.rows, before.rows, sizeof(before.rows));
        s->chain.n_rows = before.n_rows;
    }
    return s->last.fail == VM_OK;
}

uint64_t stage_receipt_gas(const struct stage *s)
{
    const struct params *p = vm_params(s->vm);
    return p->action[ACTION_new_action_receipt].exec + p->action[ACTION_function_call_base].exec +
           p->action[ACTION_function_call_byte].exec * s->args_len + s->last.gas_burnt;
}

uint64_t stage_send_gas(const struct stage *s)
{
    const struct params *p = vm_params(s->vm);
    return action_send(p, ACTION_new_action_receipt, false) +
           action_send(p, ACTION_function_call_base, false) +
           action_send(p, ACTION_function_call_byte, false) * s->args_len;
}

uint64_t stage_transfer_gas(const struct stage *s)
{
    const struct params *p = vm_params(s->vm);
    uint64_t sum = 0;
    for (size_t i = 0; i < s->last.n_receipts; i++)
        for (size_t k = 0; k < s->last.receipts[i].n_actions; k++)
            if (s->last.receipts[i].actions[k].kind == VM_TRANSFER)
                sum += p->action[ACTION_new_action_receipt].exec + p->action[ACTION_transfer].exec;
    return sum;
}

struct stage_shares stage_shares(const struct stage *s)
{
    const uint64_t *e = s->last.profile_ext;
    return (struct stage_shares){
        .loading = e[EXT_contract_loading_base] + e[EXT_contract_loading_bytes],
        .storage = e[EXT_storage_write_base] + e[EXT_storage_write_key_byte] +
                   e[EXT_storage_write_value_byte] + e[EXT_storage_write_evicted_byte] +
                   e[EXT_storage_read_base] + e[EXT_storage_read_key_byte] +
                   e[EXT_storage_read_value_byte] + e[EXT_storage_remove_base] +
                   e[EXT_storage_remove_key_byte] + e[EXT_storage_remove_ret_value_byte] +
                   e[EXT_storage_has_key_base] + e[EXT_storage_has_key_byte] +
                   e[EXT_touching_trie_node] + e[EXT_read_cached_trie_node],
        .logs = e[EXT_log_base] + e[EXT_log_byte] + e[EXT_utf8_decoding_base] +
                e[EXT_utf8_decoding_byte],
        .instructions = s->last.profile_wasm,
    };
}
