/*
 * serve.h — one question answered with the keyring.
 *
 * Plaintexts live in one static area of this process that is wiped after each question.
 * Thread: one.
 */
#ifndef KEYHOLDER_SERVE_H
#define KEYHOLDER_SERVE_H

#include "keyholder/keyholder_msg.h"
#include "keyholder/keyring.h"

/* Append the answer's body, the error's sentence included. */
void serve_answer(const struct keyring *k, uint16_t ask, struct str body, struct buf *out);

#endif
