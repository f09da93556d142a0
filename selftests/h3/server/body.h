/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_BODY_H
#define H3_SERVER_BODY_H

#include <nghttp3/nghttp3.h>
#include <stdint.h>

/* The body of a response: bytes of a file, or made up. */
struct body {
	int fd;			/* -1: made up, see body_synthetic() */
	uint64_t length;
	uint64_t offset;	/* already handed out */
	struct block *first;	/* handed out, not acknowledged yet */
	struct block *last;
	uint64_t acked;		/* bytes of the first block */
};

/*
 * What /bytes/N is made of: byte i is 'a' + i % 26, so that a client can check
 * each one.
 */
void body_synthetic(struct body *body, uint64_t length);
/* Opens @path below the directory @root; 0 or -errno. */
int body_open(struct body *body, int root, const char *path);
/* An empty body. */
void body_none(struct body *body);
void body_free(struct body *body);

/* The next bytes, into @vec; 1, 0 at the end, or -errno. */
int body_next(struct body *body, nghttp3_vec *vec);
/* The peer has @n more of them: their memory may go. */
void body_acked(struct body *body, uint64_t n);

#endif /* H3_SERVER_BODY_H */
