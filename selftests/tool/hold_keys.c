// SPDX-License-Identifier: GPL-2.0-only
/* Gives the kernel two keys, says "ready", and holds them until input ends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "equic_packet_key.h"

static int add(struct equic *eq, unsigned int use, unsigned int cipher,
	       uint64_t packets_max)
{
	struct equic_packet_key key = EQUIC_INIT(key,
		.use = use, .level = EQUIC_LEVEL_ONE_RTT, .cipher = cipher,
		.packets_max = packets_max,
	);
	int err;

	memset(key.key, 0xa5, sizeof(key.key));
	err = equic_packet_key_add(eq, &key);
	if (err)
		fprintf(stderr, "hold_keys: %s\n", equic_strerror(eq));
	return err;
}

int main(void)
{
	struct equic *eq;
	char byte;

	if (equic_open(&eq, NULL) ||
	    add(eq, EQUIC_KEY_USE_OPEN, EQUIC_CIPHER_AES_128_GCM, 0) ||
	    add(eq, EQUIC_KEY_USE_SEAL, EQUIC_CIPHER_CHACHA20_POLY1305, 1000))
		return 1;
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0 || errno == EINTR)
		;
	return 0;
}
