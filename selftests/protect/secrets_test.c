// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keys are made of is not in the kernel's trace: not while they are added,
 * used up, updated and taken back with every event and every function of the
 * module traced, as text and as the buffers' bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "keyring.h"
#include "ktap.h"
#include "module.h"
#include "sample.h"
#include "secret.h"

#define TRACING "/sys/kernel/tracing/"

enum { LIMIT = 8 };

static struct nl nl;
static struct datagram datagram;

static bool put(const char *name, const char *value)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	if (fd < 0)
		return false;
	n = write(fd, value, strlen(value));
	close(fd);
	return n == (ssize_t)strlen(value);
}

static void must_put(const char *name, const char *value)
{
	if (!put(name, value))
		ktap_bail("%s%s", TRACING, name);
}

/*
 * Not every kernel has all of them; the module's own must be there. The option
 * func-args is not asked for: it keeps six registers of whatever is called,
 * arguments or not, and what a copied key left in them.
 */
static void trace_begin(void)
{
	static const char * const events[] = {
		"events/netlink/enable", "events/net/enable",
		"events/skb/enable", "events/xdp/enable",
		"events/bpf_test_run/enable", "events/workqueue/enable",
	};
	bool functions;
	size_t i;

	must_put("buffer_size_kb", "4096");
	must_put("trace", "");
	must_put("events/equic/enable", "1");
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		put(events[i], "1");
	functions = put("set_ftrace_filter", "*:mod:equic") &&
		    put("current_tracer", "function");
	ktap_diag("functions are%s traced", functions ? "" : " not");
}

static void trace_end(void)
{
	put("events/enable", "0");
	put("current_tracer", "nop");
	put("set_ftrace_filter", "");
	put("buffer_size_kb", "1");
	put("trace", "");
}

/* The text first: reading the buffers' bytes takes them away. */
static bool trace_has_secret(void)
{
	bool text, bytes;

	text = secret_in_output("cat " TRACING "trace");
	bytes = secret_in_output("for f in " TRACING "per_cpu/cpu*/trace_pipe_raw; do "
				 "dd if=$f bs=4096 iflag=nonblock 2>/dev/null; done");
	return text | bytes;
}

static struct key secret_key(__u8 cipher, __u32 epoch)
{
	struct key key = {
		.cipher = cipher, .level = EQUIC_LEVEL_ONE_RTT, .epoch = epoch,
		.packets_max = LIMIT, .failures_max = LIMIT,
	};

	memcpy(key.key, secret_of(EQUIC_A_KEY_KEY), key_len(cipher));
	memcpy(key.iv, secret_of(EQUIC_A_KEY_IV), sizeof(key.iv));
	memcpy(key.header, secret_of(EQUIC_A_KEY_HEADER), key_len(cipher));
	return key;
}

static int run(const char *hook, const char *name, int id, __u64 pn)
{
	packet_describe(&datagram, id, SAMPLE_PN_OFF);
	packet_args()->packet.pn = pn;
	return datagram_run(hook, name, &datagram);
}

/* Seals up to its limit, opens, and meets packets that are not authentic. */
static bool life(const char *hook, __u8 cipher)
{
	struct key key = secret_key(cipher, 0), next = secret_key(cipher, 1);
	int sealer = keyring_add(&nl, &key, EQUIC_KEY_USE_SEAL);
	int opener = keyring_add(&nl, &key, EQUIC_KEY_USE_OPEN);
	__u8 bytes[SAMPLE_LEN];
	bool ok = true;
	int i;

	for (i = 0; i <= LIMIT; i++) {
		sample_clear(bytes, 0);
		datagram_build(&datagram, bytes, sizeof(bytes));
		ok &= run(hook, "seal", sealer, i) ==
		      (i < LIMIT ? 0 : -EKEYEXPIRED);
		if (i == LIMIT)
			break;
		ok &= !run(hook, "open_copy", opener, 0);
		ok &= !run(hook, "open", opener, 0);
	}
	ok &= !keyring_update(&nl, sealer, &next) &&
	      !keyring_update(&nl, opener, &next);
	for (i = 0; i <= LIMIT; i++)
		ok &= run(hook, "open", opener, 0) ==
		      (i < LIMIT ? -EBADMSG : -EKEYEXPIRED);
	/* Refused ones, too: their messages are events of netlink's. */
	next.epoch = 7;
	ok &= keyring_update(&nl, opener, &next) == -EINVAL;
	ok &= keyring_count(&nl) == 2;
	return ok & !keyring_del(&nl, sealer) & !keyring_del(&nl, opener);
}

/* What is in the trace is found, in the forms in which it may be. */
static bool is_found(const char *form)
{
	char text[64] = "", *at = text;
	int i;

	for (i = 0; i < 12; i++)
		at += sprintf(at, form, secret_of(EQUIC_A_KEY_KEY)[i]);
	must_put("trace_marker", text);
	return trace_has_secret();
}

int main(void)
{
	bool ok = true;
	__u8 cipher;

	ktap_begin();
	module_load("");
	nl_open(&nl);
	programs_load();
	trace_begin();
	for (cipher = 0; cipher <= EQUIC_CIPHER_CHACHA20_POLY1305; cipher++)
		ok &= life("xdp", cipher) & life("skb", cipher);
	ktap_result(ok, "keys are used up, updated and taken back while everything is traced");
	ktap_result(!secret_in_output("grep -c equic_ " TRACING "trace"),
		    "the trace can be read");
	ktap_result(!trace_has_secret(), "it does not tell what they are made of");
	ktap_result(is_found("%02x"), "what it did tell would be found");
	ktap_result(is_found("%02X "), "also in another form");
	ktap_result(is_found("%c"), "also as it is");
	trace_end();
	programs_unload();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
