// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader of bpf/examples/datagram.bpf.c:
 *
 *	relabel DEV native|generic PORT CIPHER KEYLOG FROM TO
 *
 * For what the client of a connection sends. Its key log may come later: "keys"
 * is printed when the kernel has the keys, of two epochs. Counts until SIGTERM,
 * then prints what was counted as JSON.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../bpf/examples/datagram.h"
#include "control.h"
#include "ktap.h"
#include "loader.h"
#include "traffic_secret.h"
#include "datagram.skel.h"

/* Of the connection IDs that aioquic issues. */
#define CID_LEN	8

static const char * const ciphers[] = {
	[EQUIC_CIPHER_AES_128_GCM] = "aes-128-gcm",
	[EQUIC_CIPHER_AES_256_GCM] = "aes-256-gcm",
	[EQUIC_CIPHER_CHACHA20_POLY1305] = "chacha20-poly1305",
};

static struct datagram_bpf *skel;

static __u8 cipher_named(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (!strcmp(name, ciphers[i]))
			return i;
	errno = 0;
	ktap_bail("cipher %s", name);
}

/* True once it is there. */
static bool read_secret(const char *path, struct secret *secret)
{
	FILE *file = fopen(path, "r");
	char line[512], hex[128];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "CLIENT_TRAFFIC_SECRET_0 %*64s %127s",
			       hex) == 1 &&
			hex_decode(hex, secret->bytes, sizeof(secret->bytes)) ==
			secret_len(secret->cipher);
	fclose(file);
	return found;
}

static __u32 add_key(struct secret secret, __u8 use)
{
	struct key key = { .level = EQUIC_LEVEL_ONE_RTT }, next;
	int id, err;

	secret_key(&secret, &key);
	id = key_add(&key, use);
	secret_update(&secret);
	next = key;
	secret_key(&secret, &next);
	next.epoch = 1;
	err = id < 0 ? id : key_update(id, &next);
	errno = -err;
	if (err)
		ktap_bail("key");
	return id;
}

/* True once the kernel has the keys. */
static bool give_keys(const char *path, __u8 cipher)
{
	struct direction *direction = &skel->bss->direction;
	struct secret secret = { .cipher = cipher };

	if (!read_secret(path, &secret))
		return false;
	direction->cid_len = CID_LEN;
	direction->seal = add_key(secret, EQUIC_KEY_USE_SEAL);
	/* The last: with it, packets are opened. */
	__sync_synchronize();
	direction->open = add_key(secret, EQUIC_KEY_USE_OPEN);
	puts("keys");
	fflush(stdout);
	return true;
}

static void run(const char *path, __u8 cipher)
{
	struct pollfd fds[] = {
		{ .fd = loader_term(), .events = POLLIN },
		{ .fd = loader_written(path), .events = POLLIN },
	};
	bool given;

	loader_ready();
	given = give_keys(path, cipher);
	while (!fds[0].revents) {
		if (poll(fds, 2, -1) < 0)
			ktap_bail("poll");
		loader_seen(fds[1].fd);
		given = given || give_keys(path, cipher);
	}
	close(fds[0].fd);
	close(fds[1].fd);
}

static void print(const struct count *c)
{
	printf("{\"packets\": %llu, \"early\": %llu, \"refused\": %llu, \"opened\": %llu, \"kept\": %llu, \"sealed\": %llu, \"dropped\": %llu, \"datagrams\": %llu, \"relabelled\": %llu, \"unknown\": %llu}\n",
	       c->packets, c->early, c->refused, c->opened, c->kept, c->sealed,
	       c->dropped, c->datagrams, c->relabelled, c->unknown);
}

static void attach(int ifindex, const char *mode, bool on)
{
	int flags = strcmp(mode, "native") ? XDP_FLAGS_SKB_MODE :
					     XDP_FLAGS_DRV_MODE;
	int fd = bpf_program__fd(skel->progs.datagram);
	int err = on ? bpf_xdp_attach(ifindex, fd, flags, NULL) :
		       bpf_xdp_detach(ifindex, flags, NULL);

	errno = -err;
	if (err)
		ktap_bail("XDP");
}

int main(int argc, char **argv)
{
	int ifindex;

	if (argc != 8 || strlen(argv[6]) != TAG_LEN ||
	    strlen(argv[7]) != TAG_LEN) {
		fprintf(stderr,
			"usage: relabel DEV native|generic PORT CIPHER KEYLOG FROM TO\n");
		return 2;
	}
	ifindex = if_nametoindex(argv[1]);
	if (!ifindex)
		ktap_bail("%s", argv[1]);
	skel = datagram_bpf__open_and_load();
	if (!skel)
		ktap_bail("datagram.bpf.o");
	control_connect();
	skel->bss->port = htons(atoi(argv[3]));
	memcpy(skel->bss->tags.from, argv[6], TAG_LEN);
	memcpy(skel->bss->tags.to, argv[7], TAG_LEN);
	attach(ifindex, argv[2], true);
	run(argv[5], cipher_named(argv[4]));
	attach(ifindex, argv[2], false);
	print(&skel->bss->count);
	control_close();
	datagram_bpf__destroy(skel);
	return 0;
}
