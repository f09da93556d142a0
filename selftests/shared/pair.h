/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second sender and its connection's other parts: the memory, the ring's consumer,
 * and the peer, who opens what was sent.
 *
 *	second sender --- memory, ring --- test
 *	       `--------- packets -------- peer
 */
#ifndef EQUIC_SELFTESTS_PAIR_H
#define EQUIC_SELFTESTS_PAIR_H

#include <stdbool.h>
#include "opener.h"
#include "ring.h"
#include "second.h"

enum {
	PAIR_DCID = 8,
	PAIR_CONNECTION = 0x1234,
	PAIR_COOKIE = 0x5eed,
	PAIR_NOW = 777,
	/* Epochs of which there are keys, if they are given. */
	PAIR_EPOCHS = 4,
};

/**
 * struct pair - all of it
 * @m: memory. At first: not stopped, number 1000, epoch 0, much of all credit.
 * @ring: the consumer's.
 * @producer: the sender's.
 * @fd: of the ring.
 * @second: sender, with the key of epoch 0.
 * @die: behind which step; SECOND_STEPS: it lives.
 * @before: called behind each step, if there is one.
 * @fail: what send() says.
 * @sent: packets.
 * @packet: the last.
 * @len: its length.
 * @opener: of each epoch.
 */
struct pair {
	struct equic_shared	*m;
	struct ring		*ring;
	struct ring		*producer;
	int			fd;
	struct second		*second;
	enum second_step	die;
	void			(*before)(struct pair *pair, enum second_step step);
	int			fail;
	unsigned long		sent;
	uint8_t			packet[2048];
	size_t			len;
	struct opener		*opener[PAIR_EPOCHS];
};

/**
 * struct pair_frame - a frame as the peer reads it
 * @type: RFC 9000, 19.
 * @id: of a STREAM frame. The next is too.
 * @offset: where.
 * @data: its data.
 * @len: bytes.
 */
struct pair_frame {
	uint8_t		type;
	uint64_t	id;
	uint64_t	offset;
	const uint8_t	*data;
	uint64_t	len;
};

void pair_begin(struct pair *pair);
void pair_end(struct pair *pair);

/* The secret of an epoch. */
void pair_secret(struct seal_secret *secret, unsigned int epoch);

/* Another sender where one died. */
void pair_renew(struct pair *pair);

/**
 * pair_open - be the peer of the last packet
 * @pair: pair
 * @epoch: of the key
 * @pn: which number it must have
 * @opened: result
 * @frame: result: the one frame that there is, in @opened
 *
 * Return: false: it is not such a packet.
 */
bool pair_open(struct pair *pair, unsigned int epoch, uint64_t pn,
	       struct opened *opened, struct pair_frame *frame);

#endif /* EQUIC_SELFTESTS_PAIR_H */
