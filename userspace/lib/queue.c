// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"

static int queue_room(struct queue *q, size_t len)
{
	size_t used = q->tail - q->head, size = q->size ?: 16384;
	uint8_t *buf;

	if (q->size - q->tail >= len)
		return 0;
	/* Moving is cheap while little is left; else it is time to grow. */
	if (q->head && used + len <= q->size / 2) {
		memmove(q->buf, q->buf + q->head, used);
		q->head = 0;
		q->tail = used;
		return 0;
	}
	while (size < used + len)
		size *= 2;
	if (size == q->size)
		size *= 2;
	buf = malloc(size);
	if (!buf)
		return -ENOMEM;
	if (used)
		memcpy(buf, q->buf + q->head, used);
	free(q->buf);
	q->buf = buf;
	q->size = size;
	q->head = 0;
	q->tail = used;
	return 0;
}

int queue_add(struct queue *q, const struct nlmsghdr *nlh)
{
	size_t len = NLMSG_ALIGN(nlh->nlmsg_len);

	if (queue_room(q, len))
		return -ENOMEM;
	memset(q->buf + q->tail, 0, len);
	memcpy(q->buf + q->tail, nlh, nlh->nlmsg_len);
	q->tail += len;
	q->count++;
	return 0;
}

const void *queue_chunk(const struct queue *q, size_t max_bytes,
			uint32_t max_acks, size_t *len, uint32_t *count,
			uint32_t *acks)
{
	const struct nlmsghdr *nlh;
	size_t off;

	*count = 0;
	*acks = 0;
	for (off = q->head; off < q->tail && *acks < max_acks;
	     off += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (const struct nlmsghdr *)(q->buf + off);
		if (*count && off + nlh->nlmsg_len - q->head > max_bytes)
			break;
		(*count)++;
		*acks += !!(nlh->nlmsg_flags & NLM_F_ACK);
	}
	*len = off - q->head;
	return *len ? q->buf + q->head : NULL;
}

void queue_advance(struct queue *q, size_t len, uint32_t count)
{
	q->head += len;
	q->count -= count;
	if (q->head == q->tail)
		q->head = q->tail = 0;
}

void queue_free(struct queue *q)
{
	free(q->buf);
	memset(q, 0, sizeof(*q));
}

static struct outcome *outcome_at(struct outcomes *o, size_t i)
{
	return &o->ring[(o->head + i) & (o->size - 1)];
}

static int outcomes_grow(struct outcomes *o)
{
	size_t size = o->size ? o->size * 2 : 64, i;
	struct outcome *ring = calloc(size, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	for (i = 0; i < o->len; i++)
		ring[i] = *outcome_at(o, i);
	free(o->ring);
	o->ring = ring;
	o->head = 0;
	o->size = size;
	return 0;
}

int outcomes_add(struct outcomes *o, uint32_t seq, uint64_t cookie)
{
	if (o->len == o->size && outcomes_grow(o))
		return -ENOMEM;
	*outcome_at(o, o->len) = (struct outcome){ .seq = seq, .cookie = cookie };
	o->len++;
	return 0;
}

/* Sequence numbers wrap. */
static bool is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static void outcome_set(struct outcome *out, int err, const char *text)
{
	out->err = err;
	out->text = *text ? strdup(text) : NULL;
}

void outcomes_settle(struct outcomes *o, uint32_t seq, int err,
		     const char *text)
{
	while (o->known < o->len) {
		struct outcome *out = outcome_at(o, o->known);

		if (seq && is_after(out->seq, seq))
			break;
		outcome_set(out, err, text);
		o->known++;
	}
}

bool outcomes_answer(struct outcomes *o, uint32_t seq, int err,
		     const char *text, int lost_err)
{
	struct outcome *out;

	while (o->known < o->len) {
		out = outcome_at(o, o->known);
		if (is_after(out->seq, seq))
			break;
		o->known++;
		if (out->seq == seq) {
			outcome_set(out, err, text);
			return true;
		}
		outcome_set(out, lost_err, "");
	}
	return false;
}

bool outcomes_take(struct outcomes *o, struct outcome *res)
{
	if (!o->known)
		return false;
	*res = *outcome_at(o, 0);
	o->head = (o->head + 1) & (o->size - 1);
	o->len--;
	o->known--;
	return true;
}

void outcomes_free(struct outcomes *o)
{
	size_t i;

	for (i = 0; i < o->len; i++)
		free(outcome_at(o, i)->text);
	free(o->ring);
	memset(o, 0, sizeof(*o));
}
