// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's payloads through the translator and the oracle. An input is a byte
 * that chooses a connection, and a payload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agree.h"
#include "compose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* In memory of its own, for the sanitizer to see what is beside it. */
static void one(struct agree *a, const uint8_t *in, size_t len)
{
	uint8_t *at = malloc(len);
	const char *what;

	if (!at && len)
		abort();
	what = agree(a, in, len, at);
	if (what) {
		fprintf(stderr, "they disagree on %s\n", what);
		abort();
	}
	free(at);
}

static struct numbers *connection(uint8_t which, struct oracle *oracle)
{
	struct chance chance;

	chance_seed(&chance, which);
	return compose_numbers(&chance, 100, oracle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct oracle oracle;
	struct agree a = { .oracle = &oracle };

	if (!size || size - 1 > AGREE_MAX)
		return 0;
	a.numbers = connection(data[0], &oracle);
	if (payload_padding(data + 1, size - 1) > size - 1)
		abort();
	one(&a, data + 1, size - 1);
	one(&a, data + 1, size - 1);
	numbers_free(a.numbers);
	return 0;
}

/* Now and then a new payload, of frames that fit the connection. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	static struct oracle oracle;
	static uint8_t payload[COMPOSE_MAX];
	struct chance chance;
	size_t len;

	if (size && seed % 8)
		return LLVMFuzzerMutate(data, size, max);
	chance_seed(&chance, seed);
	data[0] = chance_next(&chance);
	numbers_free(connection(data[0], &oracle));
	len = compose_payload(&chance, &oracle, payload);
	if (len > max - 1)
		len = max - 1;
	memcpy(data + 1, payload, len);
	return 1 + len;
}
