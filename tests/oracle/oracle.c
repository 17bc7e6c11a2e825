/* oracle.c — see oracle.h. */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/hex.h"
#include "codec/put.h"
#include "words.h"

static FILE *to_oracle, *from_oracle;

void die(const char *what, const char *why)
{
    fprintf(stderr, "compare: %s: %s\n", what, why);
    exit(2);
}

static void put_hex_item(struct buf *b, struct str s)
{
    json_str_open(b);
    hex_put(b, s.ptr, s.len);
    json_str_close(b);
}

static void put_case(struct buf *b, const struct test *t, const struct chain *chain)
{
    json_obj(b);
    put_hex(b, "wasm", t->wasm);
    put_str(b, "method", t->method);
    put_hex(b, "input", t->input);
    put_u64(b, "gas", t->gas);
    put_u64(b, "time", t->time);
    put_u128(b, "balance", t->balance);
    put_u128(b, "deposit", t->deposit);
    put_bool(b, "view", t->view);
    json_key(b, "rows");
    json_arr(b);
    for (size_t i = 0; i < chain->n_rows; i++) {
        json_arr(b);
        put_hex_item(b, chain->rows[i].key);
        put_hex_item(b, chain->rows[i].value);
        json_arr_end(b);
    }
    json_arr_end(b);
    json_key(b, "results");
    json_arr(b);
    for (size_t i = 0; i < t->n_results; i++) {
        if (t->results[i].ok)
            put_hex_item(b, t->results[i].data);
        else
            json_put_null(b);
    }
    json_arr_end(b);
    json_key(b, "receivers");
    json_arr(b);
    for (size_t i = 0; i < t->n_receivers; i++)
        json_put_str(b, t->receivers[i]);
    json_arr_end(b);
    json_obj_end(b);
    buf_add_byte(b, '\n');
}

void oracle_ask(const struct test *t, const struct chain *chain, struct buf *out)
{
    struct buf b = BUF_INIT(WORDS_MAX);
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    put_case(&b, t, chain);
    if (b.full || fwrite(b.ptr, 1, b.len, to_oracle) != b.len || fflush(to_oracle) != 0)
        die("oracle", "it does not listen");
    n = getline(&line, &cap, from_oracle);
    if (n <= 0)
        die("oracle", "it has gone");
    buf_add_str(out, str_trim(str_from(line, (size_t)n)));
    free(line);
    buf_release(&b);
}

void oracle_start(const char *program)
{
    int in[2], out[2];

    if (pipe(in) != 0 || pipe(out) != 0)
        die("pipe", "refused");
    switch (fork()) {
    case -1:
        die("fork", "refused");
        return;
    case 0:
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execl(program, program, "serve", (char *)NULL);
        _exit(127);
    default:
        close(in[0]);
        close(out[1]);
        to_oracle = fdopen(in[1], "w");
        from_oracle = fdopen(out[0], "r");
    }
}

void oracle_stop(void)
{
    fclose(to_oracle);
    fclose(from_oracle);
    wait(NULL);
}
