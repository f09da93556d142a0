// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of a request about a key fails once: the request is granted or
 * refused with -ENOMEM, nothing is left of a refused one, and keys go on working.
 * Wants a kernel with CONFIG_FAILSLAB: which allocation fails is said to
 * fail-nth.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "failslab.h"
#include "keyring.h"
#include "ktap.h"
#include "module.h"
#include "sample.h"

/* More allocations than any request makes. */
enum { NTH_MAX = 1000 };

static struct nl nl;
static int fail_nth;
static struct datagram datagram;
static struct key key, next;
static int id;			/* of the key that is worked on */

static void fail_prepare(void)
{
	failslab_prepare("0");
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		ktap_bail("fail-nth");
}

/* 0: none. */
static void fail(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	if (pwrite(fail_nth, text, len, 0) != len)
		ktap_bail("fail-nth");
}

/* Whether there was no such allocation. */
static bool fail_over(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0)
		ktap_bail("fail-nth");
	fail(0);
	return atoi(text);
}

static bool works(int with)
{
	sample_datagram(&datagram, &key, 1);
	packet_describe(&datagram, with, SAMPLE_PN_OFF);
	return !datagram_run("xdp", "open", &datagram) &&
	       sample_is_plain(datagram.frame + DATAGRAM_PACKET + SAMPLE_HEADER);
}

/* -ENOBUFS: netlink itself had none, before or after the request. */
static bool allowed(int err)
{
	return err >= 0 || err == -ENOMEM || err == -ENOBUFS;
}

static int request_add(void)
{
	int err = keyring_add(&nl, &key, EQUIC_KEY_USE_OPEN);

	if (err > 0)
		id = err;
	return err;
}

static int request_update(void)
{
	return keyring_update(&nl, id, &next);
}

/* Before: a key that no packet has updated. After: the keys that there may be. */
static bool add_again(int err)
{
	int keys = keyring_count(&nl);
	bool ok = err > 0 ? keys == 1 && works(id) :
			    err == -ENOBUFS || !keys;

	nl_close(&nl);
	nl_open(&nl);
	return ok;
}

static bool update_again(int err)
{
	bool ok = works(id) && keyring_count(&nl) == 1;

	/* Installed or not: the same once more is no error of its key. */
	if (err == -ENOMEM)
		ok &= !keyring_update(&nl, id, &next);
	keyring_del(&nl, id);
	id = keyring_add(&nl, &key, EQUIC_KEY_USE_OPEN);
	return ok;
}

/* A namespace of its own: nothing is there before the first key. */
static bool add_first(int err)
{
	bool ok = add_again(err);

	nl_close(&nl);
	if (unshare(CLONE_NEWNET))
		ktap_bail("no network namespace");
	nl_open(&nl);
	return ok;
}

static void test_each(const char *name, int (*request)(void),
		      bool (*again)(int err))
{
	int nth, err, refused = 0, wrong = 0;
	bool over = false;

	for (nth = 1; nth < NTH_MAX && !over; nth++) {
		fail(nth);
		err = request();
		over = fail_over();
		refused += err == -ENOMEM;
		if (!allowed(err) || !again(err) || (over && err < 0)) {
			ktap_diag("allocation %d: %d \"%s\"", nth, err,
				  nl.words);
			wrong++;
		}
	}
	ktap_diag("%d allocations, %d times -ENOMEM", nth - 2, refused);
	ktap_result(over && !wrong && refused,
		    "%s: without memory it is refused, and nothing is left of it",
		    name);
}

int main(void)
{
	ktap_begin();
	module_load("");
	key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0);
	next = sample_key(key.cipher, 1);
	fail_prepare();
	nl_open(&nl);
	programs_load();
	/* What the CPUs need is made once, of the crypto API's modules, too. */
	test_each("the first key", request_add, add_again);
	test_each("the first key of a namespace", request_add, add_first);
	test_each("a key", request_add, add_again);
	id = keyring_add(&nl, &key, EQUIC_KEY_USE_OPEN);
	test_each("an update", request_update, update_again);
	ktap_result(works(id), "and keys open still");
	nl_close(&nl);
	programs_unload();
	module_unload();
	return ktap_end();
}
