// SPDX-License-Identifier: GPL-2.0-only
/*
 * libequic's keys of packet protection: given, updated, listed, taken back; whose
 * they are, and when they go.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "equic_packet_key.h"
#include "expect.h"
#include "module.h"

static struct equic_packet_key key_of(unsigned int use, unsigned int cipher)
{
	struct equic_packet_key key = EQUIC_INIT(key,
		.use = use, .level = EQUIC_LEVEL_ONE_RTT, .cipher = cipher,
	);

	memset(key.key, 0x5c, sizeof(key.key));
	memset(key.iv, 0x6d, sizeof(key.iv));
	memset(key.header, 0x7e, sizeof(key.header));
	return key;
}

struct listed {
	int n;
	struct equic_packet_key last;
};

static int on_key(const struct equic_packet_key *key, void *user)
{
	struct listed *listed = user;

	listed->n++;
	listed->last = *key;
	return 0;
}

static int stop(const struct equic_packet_key *key, void *user)
{
	(void)key;
	(void)user;
	return 4711;
}

static struct listed list(struct equic *eq)
{
	struct listed listed = { 0 };

	if (equic_packet_key_list(eq, on_key, &listed))
		ktap_bail("list: %s", equic_strerror(eq));
	return listed;
}

static void test_life(struct equic *eq)
{
	static const __u8 zero[EQUIC_PACKET_KEY_LEN];
	struct equic_packet_key key = key_of(EQUIC_KEY_USE_SEAL,
					     EQUIC_CIPHER_AES_256_GCM);
	struct listed listed;

	key.packets_max = 1000;
	expect_eq(equic_packet_key_add(eq, &key), 0, "a key is given");
	expect_eq(key.id != 0, 1, "and has a number");
	listed = list(eq);
	expect_eq(listed.n, 1, "it is listed");
	expect_eq(listed.last.id, key.id, "by its number");
	expect_eq(listed.last.cipher, EQUIC_CIPHER_AES_256_GCM, "cipher");
	expect_eq(listed.last.use, EQUIC_KEY_USE_SEAL, "use");
	expect_eq(listed.last.level, EQUIC_LEVEL_ONE_RTT, "level");
	expect_eq(listed.last.packets_max, 1000, "limit");
	expect_eq(listed.last.owner_pid, getpid(), "process");
	expect_eq(listed.last.epochs_len, 1, "one epoch");
	expect_text(listed.last.driver, "gcm", "driver: %s",
		    listed.last.driver);
	expect_eq(memcmp(listed.last.key, zero, sizeof(zero)) ||
		  memcmp(listed.last.header, zero, sizeof(zero)), 0,
		  "and not what it is made of");
	key.epoch = 2;
	expect_eq(equic_packet_key_update(eq, &key), -EINVAL,
		  "an epoch cannot be left out");
	expect_text(equic_strerror(eq), "does not follow", "in words: %s",
		    equic_strerror(eq));
	key.epoch = 1;
	expect_eq(equic_packet_key_update(eq, &key), 0, "the next one is taken");
	listed = list(eq);
	expect_eq(listed.last.epochs_len, 2, "then there are two");
	expect_eq(listed.last.epoch, 1, "and it is current");
	expect_eq(equic_packet_key_list(eq, stop, NULL), 4711,
		  "a list ends when it is told to");
	expect_eq(equic_packet_key_del(eq, key.id), 0, "it is taken back");
	expect_eq(equic_packet_key_del(eq, key.id), -ENOENT, "once");
	expect_eq(list(eq).n, 0, "and listed no more");
}

static void test_refused(struct equic *eq)
{
	struct equic_packet_key key = key_of(EQUIC_KEY_USE_OPEN, 7);

	expect_eq(equic_packet_key_add(eq, &key), -EINVAL,
		  "a cipher that nobody knows: %s", equic_strerror(eq));
	key = key_of(EQUIC_KEY_USE_OPEN, EQUIC_CIPHER_AES_128_GCM);
	key.failures_max = ~0ULL;
	expect_eq(equic_packet_key_add(eq, &key), -ERANGE,
		  "a limit beyond the RFC's: %s", equic_strerror(eq));
	expect_eq(equic_packet_key_add(eq, NULL), -EINVAL, "no key");
	key.size = 64;
	expect_eq(equic_packet_key_add(eq, &key), -EINVAL,
		  "a struct that ends before its secrets: %s",
		  equic_strerror(eq));
	expect_eq(equic_packet_key_list(eq, NULL, NULL), -EINVAL,
		  "no callback");
	expect_eq(equic_cipher_key_len(EQUIC_CIPHER_AES_128_GCM), 16,
		  "AES-128 has keys of 16 bytes");
	expect_eq(equic_cipher_key_len(99), 0, "what is unknown has none");
	expect_eq(equic_cipher_name(99) != NULL, 0, "nor a name");
	expect_text(equic_level_name(EQUIC_LEVEL_ONE_RTT), "1-rtt", "a level");
	expect_text(equic_key_use_name(EQUIC_KEY_USE_SEAL), "seal", "a use");
}

/* In a child: the handle is its parent's. */
static int child(struct equic *eq)
{
	struct equic_packet_key key = key_of(EQUIC_KEY_USE_OPEN,
					     EQUIC_CIPHER_AES_128_GCM);
	int err = equic_packet_key_add(eq, &key);

	equic_close(eq);
	return err == -EOWNERDEAD ? 0 : 1;
}

static void test_owner(struct equic *eq)
{
	struct equic_packet_key mine = key_of(EQUIC_KEY_USE_OPEN,
					      EQUIC_CIPHER_AES_128_GCM);
	struct equic_packet_key theirs = mine;
	struct equic *other = manager_open();
	int status = 1;
	pid_t pid;

	equic_packet_key_add(eq, &mine);
	equic_packet_key_add(other, &theirs);
	expect_eq(equic_packet_key_del(other, mine.id), -EACCES,
		  "another handle's key: %s", equic_strerror(other));
	expect_eq(list(eq).n, 2, "each handle has its own");
	equic_close(other);
	expect_eq(list(eq).n, 1, "which go with it");
	expect_eq(list(eq).last.id, mine.id, "and no others");
	pid = fork();
	if (!pid)
		_exit(child(eq));
	waitpid(pid, &status, 0);
	expect_eq(status, 0, "a child cannot use its parent's handle");
	expect_eq(list(eq).n, 1, "nor end what is its parent's");
	equic_packet_key_del(eq, mine.id);
}

/* From somebody with the privilege: the only socket there is. */
static void test_adopted(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct equic_opts opts = EQUIC_INIT(opts,
		.flags = EQUIC_OPEN_NETLINK_FD, .netlink_fd = fd);
	struct equic_packet_key key = key_of(EQUIC_KEY_USE_SEAL,
					     EQUIC_CIPHER_CHACHA20_POLY1305);
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(self);
	struct equic *eq;

	if (fd < 0 || bind(fd, (void *)&self, sizeof(self)) ||
	    getsockname(fd, (void *)&self, &len) || equic_open(&eq, &opts))
		ktap_bail("a passed descriptor");
	expect_eq(equic_packet_key_add(eq, &key), 0,
		  "by a passed descriptor a key is given");
	expect_eq(list(eq).last.owner, self.nl_pid, "it is that socket's");
	equic_close(eq);
}

static void test_unloaded(struct equic *eq)
{
	struct equic_packet_key key = key_of(EQUIC_KEY_USE_OPEN,
					     EQUIC_CIPHER_AES_128_GCM);

	module_unload();
	expect_eq(equic_packet_key_add(eq, &key), -ENOPKG,
		  "without the module: %s", equic_strerror(eq));
	module_load();
	expect_eq(equic_packet_key_add(eq, &key), 0,
		  "when it is back, keys are taken again");
	expect_eq(list(eq).n, 1, "the old ones are gone");
}

int main(void)
{
	struct equic *eq;

	ktap_begin();
	module_load();
	eq = manager_open();
	test_life(eq);
	test_refused(eq);
	test_owner(eq);
	test_adopted();
	test_unloaded(eq);
	equic_close(eq);
	module_unload();
	return ktap_end();
}
