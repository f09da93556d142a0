// SPDX-License-Identifier: GPL-2.0-only
/* See pair.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "ktap.h"
#include "memory.h"
#include "pair.h"
#include "word.h"

enum { RING = 65536 };

static const uint8_t dcid[PAIR_DCID] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static int deliver(void *ctx, const uint8_t *packet, size_t len)
{
	struct pair *pair = ctx;

	pair->sent++;
	pair->len = len;
	memcpy(pair->packet, packet, len);
	return pair->fail;
}

static uint64_t now(void *ctx)
{
	(void)ctx;
	return PAIR_NOW;
}

static bool alive(void *ctx, enum second_step step)
{
	struct pair *pair = ctx;

	if (pair->before)
		pair->before(pair, step);
	return step != pair->die;
}

static const struct second_ops ops = { deliver, now, alive };

void pair_secret(struct seal_secret *secret, unsigned int epoch)
{
	memset(secret, 0x40 + epoch, sizeof(*secret));
	/* The key of headers is the same in all (RFC 9001, 6.1). */
	memset(secret->header, 0x99, sizeof(secret->header));
	secret->cipher = SEAL_AES_128_GCM;
}

void pair_renew(struct pair *pair)
{
	struct seal_secret secret;

	second_free(pair->second);
	ring_free(pair->producer);
	pair->die = SECOND_STEPS;
	pair->producer = ring_map(pair->fd, true);
	pair->second = pair->producer ? second_new(pair->m, pair->producer, &ops,
						   pair) : NULL;
	if (!pair->second)
		ktap_bail("no sender");
	pair_secret(&secret, 0);
	if (second_key(pair->second, 0, &secret) ||
	    second_path(pair->second, dcid, sizeof(dcid)))
		ktap_bail("no key or path");
}

void pair_begin(struct pair *pair)
{
	struct seal_secret secret;
	unsigned int i;
	int fd;

	memset(pair, 0, sizeof(*pair));
	pair->m = memory_make(PAIR_CONNECTION, &fd);
	pair->ring = ring_make(RING, &pair->fd);
	if (!pair->m || !pair->ring)
		ktap_bail("no memory");
	close(fd);
	pair->m->number = 1000;
	pair->m->payload_max = 1252;
	pair->m->datagram_max = UINT16_MAX;
	pair->m->budget = 1 << 30;
	pair->m->data_max = 1 << 30;
	for (i = 0; i < PAIR_EPOCHS; i++) {
		pair_secret(&secret, i);
		pair->opener[i] = opener_new(&secret);
	}
	pair_renew(pair);
}

void pair_end(struct pair *pair)
{
	unsigned int i;

	second_free(pair->second);
	ring_free(pair->producer);
	ring_free(pair->ring);
	close(pair->fd);
	memory_unmap(pair->m);
	for (i = 0; i < PAIR_EPOCHS; i++)
		opener_free(pair->opener[i]);
}

/* RFC 9000, 16. */
static bool varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	size_t len, i;

	if (*at == end)
		return false;
	len = 1 << (**at >> 6);
	if (len > (size_t)(end - *at))
		return false;
	*value = **at & 0x3f;
	for (i = 1; i < len; i++)
		*value = *value << 8 | (*at)[i];
	*at += len;
	return true;
}

static bool parse(const struct opened *opened, struct pair_frame *frame)
{
	const uint8_t *at = opened->payload, *end = at + opened->len;

	frame->type = *at++;
	if (frame->type == 0x31)
		frame->id = frame->offset = 0;
	else if ((frame->type & 0xfe) != 0x0e || !varint(&at, end, &frame->id) ||
		 !varint(&at, end, &frame->offset))
		return false;
	if (!varint(&at, end, &frame->len))
		return false;
	frame->data = at;
	return frame->len == (size_t)(end - at);
}

bool pair_open(struct pair *pair, unsigned int epoch, uint64_t pn,
	       struct opened *opened, struct pair_frame *frame)
{
	return !memcmp(pair->packet + 1, dcid, sizeof(dcid)) &&
	       !opener_open(pair->opener[epoch], pair->packet, pair->len,
			    PAIR_DCID, pn, opened) &&
	       opened->pn == pn && opened->first == (0x43 | (epoch & 1) << 2) &&
	       parse(opened, frame);
}
