/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What h3server asks of h3second, over a SOCK_SEQPACKET pair: one question at a time,
 * each answered by an int: 0 or -errno. Beside it two eventfds: the server's turn is
 * over, look again; and the second sender has sent, look at its records.
 */
#ifndef H3_SECOND_ASK_H
#define H3_SECOND_ASK_H

#include <stdint.h>

#include "../net/addr.h"

enum ask_kind {
	ASK_OPEN,	/* with two descriptors: memory and ring */
	ASK_KEY,
	ASK_PATH,	/* with one: the socket */
	ASK_CLOSE,
};

enum { ASK_FDS_MAX = 2, ASK_KEY_BYTES = 32, ASK_IV_BYTES = 12, ASK_CID_BYTES = 20 };

/* How much to send on a connection, of what others have begun too. */
struct ask_open {
	uint32_t streams;
	uint32_t stream_bytes;
	uint32_t datagrams;
};

struct ask_key {
	uint32_t epoch;
	uint32_t cipher;
	uint8_t key[ASK_KEY_BYTES];
	uint8_t iv[ASK_IV_BYTES];
	uint8_t header[ASK_KEY_BYTES];
};

struct ask_path {
	union addr local;
	union addr remote;
	uint32_t dcid_len;
	uint8_t dcid[ASK_CID_BYTES];
};

struct ask {
	uint32_t kind;
	uint32_t connection;
	union {
		struct ask_open open;
		struct ask_key key;
		struct ask_path path;
	};
};

#endif /* H3_SECOND_ASK_H */
