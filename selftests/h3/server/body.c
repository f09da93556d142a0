// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "body.h"

enum {
	PATTERN_PERIOD = 26,
	PATTERN_BYTES = 2048 * PATTERN_PERIOD,
	BLOCK_BYTES = 32 << 10,
};

/* A piece of a file that nghttp3 points to until it is acknowledged. */
struct block {
	struct block *next;
	size_t len;
	uint8_t data[BLOCK_BYTES];
};

static const uint8_t *pattern(void)
{
	static uint8_t bytes[PATTERN_BYTES];
	int i;

	if (!bytes[0])
		for (i = 0; i < PATTERN_BYTES; i++)
			bytes[i] = 'a' + i % PATTERN_PERIOD;
	return bytes;
}

void body_none(struct body *body)
{
	*body = (struct body){ .fd = -1 };
}

void body_synthetic(struct body *body, uint64_t length)
{
	body_none(body);
	body->length = length;
}

static int open_below(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int body_open(struct body *body, int root, const char *path)
{
	struct stat stat;
	int fd;

	body_none(body);
	if (root < 0)
		return -ENOENT;
	while (*path == '/')
		path++;
	fd = open_below(root, *path ? path : "index.html");
	if (fd < 0)
		return fd;
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode)) {
		close(fd);
		return -ENOENT;
	}
	body->fd = fd;
	body->length = stat.st_size;
	return 0;
}

void body_free(struct body *body)
{
	while (body->first) {
		struct block *block = body->first;

		body->first = block->next;
		free(block);
	}
	if (body->fd >= 0)
		close(body->fd);
	body_none(body);
}

static int next_of_file(struct body *body, size_t len, nghttp3_vec *vec)
{
	struct block *block = malloc(sizeof(*block));
	ssize_t n;

	if (!block)
		return -ENOMEM;
	if (len > BLOCK_BYTES)
		len = BLOCK_BYTES;
	n = pread(body->fd, block->data, len, body->offset);
	if (n <= 0) {
		/* shorter than announced: the stream cannot be completed */
		free(block);
		return n ? -errno : -EIO;
	}
	block->next = NULL;
	block->len = n;
	if (body->last)
		body->last->next = block;
	else
		body->first = block;
	body->last = block;
	vec->base = block->data;
	vec->len = n;
	return 1;
}

int body_next(struct body *body, nghttp3_vec *vec)
{
	uint64_t left = body->length - body->offset;
	int ret = 1;

	if (!left)
		return 0;
	if (body->fd >= 0) {
		ret = next_of_file(body, left < SIZE_MAX ? left : SIZE_MAX,
				   vec);
		if (ret < 0)
			return ret;
	} else {
		size_t at = body->offset % PATTERN_PERIOD;

		vec->base = (uint8_t *)pattern() + at;
		vec->len = PATTERN_BYTES - at;
		if (vec->len > left)
			vec->len = left;
	}
	body->offset += vec->len;
	return ret;
}

void body_acked(struct body *body, uint64_t n)
{
	body->acked += n;
	while (body->first && body->acked >= body->first->len) {
		struct block *block = body->first;

		body->acked -= block->len;
		body->first = block->next;
		if (!body->first)
			body->last = NULL;
		free(block);
	}
}
