/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reports on their way: messages that wait to be sent, and cookies of those
 * whose outcome somebody wants to know.
 */
#ifndef EQUIC_LIB_QUEUE_H
#define EQUIC_LIB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

/* Messages one behind the other, as one sendmsg(2) takes them. */
struct queue {
	uint8_t *buf;
	size_t head;		/* first byte not sent */
	size_t tail;		/* end of the last message */
	size_t size;
	uint32_t count;		/* messages between head and tail */
};

/* -ENOMEM. */
int queue_add(struct queue *q, const struct nlmsghdr *nlh);

/*
 * The next bytes to send: whole messages, at most @max_bytes (but one at least),
 * ending after @max_acks that ask for an acknowledgement. Their number goes to
 * @count, of those that ask to @acks. NULL: none.
 */
const void *queue_chunk(const struct queue *q, size_t max_bytes,
			uint32_t max_acks, size_t *len, uint32_t *count,
			uint32_t *acks);
void queue_advance(struct queue *q, size_t len, uint32_t count);
void queue_free(struct queue *q);

/* One report whose outcome is awaited, or known. */
struct outcome {
	uint32_t seq;
	int err;
	uint64_t cookie;
	char *text;		/* NULL: "" */
};

/* First in, first out. The first @known have their outcome. */
struct outcomes {
	struct outcome *ring;
	size_t head;
	size_t len;
	size_t known;
	size_t size;		/* 0 or a power of two */
};

/* -ENOMEM. */
int outcomes_add(struct outcomes *o, uint32_t seq, uint64_t cookie);

/*
 * The kernel answered @seq. Answers come in the order of the reports: an earlier
 * one that is still open lost its answer, and gets @lost_err. False: nobody
 * waits for this one.
 */
bool outcomes_answer(struct outcomes *o, uint32_t seq, int err,
		     const char *text, int lost_err);

/* All that are open up to @seq, or all if it is 0, get @err and @text. */
void outcomes_settle(struct outcomes *o, uint32_t seq, int err,
		     const char *text);

/* Take the first known one; its text is the caller's to free. */
bool outcomes_take(struct outcomes *o, struct outcome *res);
void outcomes_free(struct outcomes *o);

#endif /* EQUIC_LIB_QUEUE_H */
