/*
 * keyholder_msg.h — what the keystore asks its keyholder, and what it is told.
 *
 * Frames of proc/frame.h over a socket pair, one question, one answer. Nothing in the clear ever
 * comes out: an answer holds public keys, signatures and ciphertexts only.
 *
 *     PUBKEY   seed                               → epoch u32, X25519 public key
 *     VRF_KEYS                                    → count u8, per epoch: number u32, Ed25519 key
 *     VRF      alpha (secrets/alpha.h)            → struct vrf, Ed25519 key
 *     OPEN     seed, ciphertext, to[32], nonce[32] → sealed to `to`: label[32] ‖ nonce[32] ‖ JSON
 *     MERGE    struct merge                       → struct merged
 *     KEEP     struct keep                        → box of the key, box of the value (storage)
 *     FETCH    struct fetch                       → sealed to `to`: label[32] ‖ nonce[32] ‖ keys,
 * values
 *
 * An answer is u8 enum err, then the sentence, or for ERR_OK what is told above. The first answer
 * comes by itself when the keyholder is ready: the number of epochs as u8, or why it cannot start.
 *
 * Memory: structs borrow from the bytes read.
 */
#ifndef KEYHOLDER_MSG_H
#define KEYHOLDER_MSG_H

#include "codec/wire.h"
#include "crypto/derive.h"
#include "secrets/secret_set.h"
#include "secrets/session.h"
#include "secrets/space.h"

#define HOLDER_EPOCHS_MAX 16 /* KEYRING_MAX */
#define HOLDER_SEED_MAX   1024
#define HOLDER_CIPHER_MAX 65536 /* raw; in base64 the contract takes less */
#define HOLDER_MSG_MAX    (STORAGE_VALUE_MAX + 3 * HOLDER_CIPHER_MAX + 65536)
#define HOLDER_FETCH_MAX  200 /* records at once */

enum holder_ask {
    HOLDER_PUBKEY = 1,
    HOLDER_VRF_KEYS,
    HOLDER_VRF,
    HOLDER_OPEN,
    HOLDER_MERGE,
    HOLDER_KEEP,
    HOLDER_FETCH,
    HOLDER_ANSWER
};

struct open {
    struct str seed, cipher;
    uint8_t to[32], nonce[32];
};

/* A record of a project's storage, to be sealed; `seed` as space_seed() makes it. */
struct keep {
    struct str seed;
    bool is_public; /* the value stays in the clear: its hash goes into the key's box */
    struct str key, value;
};

/* Records to be opened. What comes of each: u32 length and key; then, with values, the value. */
struct fetch {
    struct str seed;
    uint8_t to[32], nonce[32];
    bool is_public, values;
    struct str key[HOLDER_FETCH_MAX], value[HOLDER_FETCH_MAX]; /* boxes; a public value as it is */
    size_t n;
};

/* How the new secrets come: none, as JSON, or sealed to the key of the same seed. */
enum update_form { UPDATE_NONE, UPDATE_CLEAR, UPDATE_SEALED };

struct generate {
    struct str name, type;
};
struct merge {
    struct str seed;
    struct str base; /* ciphertext; empty: there is none yet */
    bool reset;
    enum update_form form;
    struct str update;
    bool names_given; /* then exactly these names must be in the update */
    struct str name[SECRETS_MAX];
    size_t nnames;
    struct generate generate[SECRETS_GENERATE_MAX];
    size_t ngenerate;
};

struct name_list {
    struct str name[2 * SECRETS_MAX];
    size_t n;
};
struct merged {
    struct str cipher;
    struct name_list preserved, updated, removed, all;
};

void open_write(struct buf *out, const struct open *o);
MUST_USE bool open_read(struct str bytes, struct open *out);
void keep_write(struct buf *out, const struct keep *k);
MUST_USE bool keep_read(struct str bytes, struct keep *out);
void fetch_write(struct buf *out, const struct fetch *f);
MUST_USE bool fetch_read(struct str bytes, struct fetch *out);
void merge_write(struct buf *out, const struct merge *m);
MUST_USE bool merge_read(struct str bytes, struct merge *out);
void merged_write(struct buf *out, const struct merged *m);
MUST_USE bool merged_read(struct rd *r, struct merged *out);

#endif
