// SPDX-License-Identifier: GPL-2.0-only
/* What equic_share_new() takes, and what it makes of the connection's settings. */
#include <errno.h>
#include <fcntl.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "equic_share.h"
#include "idle.h"
#include "ktap.h"
#include "memory.h"

static ngtcp2_callbacks callbacks;
static ngtcp2_settings settings;
static struct equic_share_options options;

static struct equic_share_events events;

static void usual(void)
{
	callbacks = (ngtcp2_callbacks){
		.encrypt = ngtcp2_crypto_encrypt_cb,
		.decrypt = ngtcp2_crypto_decrypt_cb,
		.hp_mask = ngtcp2_crypto_hp_mask_cb,
		.update_key = ngtcp2_crypto_update_key_cb,
	};
	ngtcp2_settings_default(&settings);
	events = idle_events;
	options = (struct equic_share_options){
		.events = &events, .memory = -1, .ring_count = 1,
	};
}

/* Return: 0, or errno. */
static int try(void)
{
	struct equic_share *s;

	errno = 0;
	s = equic_share_new(&callbacks, &settings, &options);
	equic_share_free(s);
	return s ? 0 : errno;
}

static void refused(const char *what, int err)
{
	ngtcp2_callbacks before = callbacks;
	int got = try();

	ktap_result(got == err && !memcmp(&before, &callbacks, sizeof(before)),
		    "%s: %s", what, strerror(err));
	if (got != err)
		ktap_diag("%s", strerror(got));
	usual();
}

static void test_callbacks(void)
{
	callbacks.encrypt = NULL;
	refused("not ngtcp2's callback encrypt", EINVAL);
	callbacks.decrypt = NULL;
	refused("not ngtcp2's callback decrypt", EINVAL);
	callbacks.hp_mask = NULL;
	refused("not ngtcp2's callback hp_mask", EINVAL);
	callbacks.update_key = NULL;
	refused("not ngtcp2's callback update_key", EINVAL);
	settings.initial_pkt_num = 1;
	refused("packet numbers that do not begin at 0", EINVAL);
}

static void test_events(void)
{
	events.key = NULL;
	refused("no key()", EINVAL);
	events.path = NULL;
	refused("no path()", EINVAL);
	events.bytes = NULL;
	refused("no bytes()", EINVAL);
	options.ring_count = 0;
	refused("a second sender without a ring", EINVAL);
	options.ring_count = EQUIC_SHARE_RINGS_MAX + 1;
	refused("more rings than there may be", EINVAL);
	options.payload_max = EQUIC_SHARE_PAYLOAD_MIN - 1;
	refused("datagrams below 1200 bytes (RFC 9000, 14)", EINVAL);
	options.payload_max = EQUIC_SHARE_PAYLOAD_MAX + 1;
	refused("datagrams that Ethernet does not take", EINVAL);
}

static int memfd(size_t size, unsigned int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, size) ||
	    fcntl(fd, F_ADD_SEALS, seals))
		ktap_bail("memfd");
	return fd;
}

static void test_memory(void)
{
	int fd = memfd(sizeof(struct equic_shared), F_SEAL_SHRINK | F_SEAL_GROW);
	int other = memfd(100, F_SEAL_SHRINK | F_SEAL_GROW), rings[1];

	options.memory = fd;
	ktap_result(!try(), "memory of zero is made ready");
	usual();
	options.memory = fd;
	refused("memory that another connection has", EPROTO);
	options.memory = other;
	refused("memory that is too small", EINVAL);
	options.memory = STDOUT_FILENO;
	refused("no memory at all", EINVAL);
	rings[0] = other;
	options.rings = rings;
	refused("a ring that is none", EINVAL);
	close(fd);
	close(other);
}

static void usual_alone(void)
{
	usual();
	options.events = NULL;
	options.ring_count = 0;
}

/* Without a second sender, as settings and options have it. */
static void test_pmtud(void)
{
	static const uint16_t own[] = { 1300 };

	usual_alone();
	ktap_result(!try() && !settings.no_pmtud &&
		    settings.max_tx_udp_payload_size == EQUIC_SHARE_PAYLOAD_MAX - 3,
		    "without a second sender the stack finds out what the path takes");
	ktap_result(settings.pmtud_probeslen && settings.pmtud_probes[0] == 1406 - 3,
		    "and tries what leaves room for longer numbers");
	usual_alone();
	settings.pmtud_probes = own;
	settings.pmtud_probeslen = 1;
	ktap_result(!try() && settings.pmtud_probes == own && settings.pmtud_probeslen == 1,
		    "what an endpoint wants tried is tried");
	usual_alone();
	settings.no_pmtud = 1;
	ktap_result(!try() && settings.no_pmtud && !settings.pmtud_probeslen &&
		    settings.max_tx_udp_payload_size == EQUIC_SHARE_PAYLOAD_DEFAULT - 3,
		    "nothing is tried if the settings say so");
	usual_alone();
	options.payload_max = 1300;
	ktap_result(!try() && settings.no_pmtud && !settings.pmtud_probeslen &&
		    settings.max_tx_udp_payload_size == 1300 - 3,
		    "nor if the options say what the path takes");
}

static void test_settings(void)
{
	struct equic_share *s;
	uint64_t stream;

	settings.max_tx_udp_payload_size = 65527;
	options.payload_max = 1300;
	s = equic_share_new(&callbacks, &settings, &options);
	ktap_result(s && settings.no_pmtud &&
		    settings.max_tx_udp_payload_size == 1300 - 3,
		    "packets of the stack leave room for longer numbers");
	ktap_result(equic_share_memory_fd(s) >= 0 &&
		    equic_share_ring_fd(s, 0) >= 0 &&
		    equic_share_ring_fd(s, 1) == -1,
		    "memory and rings are there to be given away");
	ktap_result(equic_share_stream_send(s, 3, 0, 1, false) ==
			    NGTCP2_ERR_STREAM_NOT_FOUND &&
		    equic_share_stream_reset(s, 3, 0) ==
			    NGTCP2_ERR_STREAM_NOT_FOUND,
		    "a stream that is not the library's is not found");
	equic_share_free(s);
	usual();
	settings.max_tx_udp_payload_size = 1200;
	s = equic_share_new(&callbacks, &settings, &options);
	ktap_result(s && settings.max_tx_udp_payload_size == 1200,
		    "an endpoint that wants less gets less");
	equic_share_free(s);
	usual_alone();
	s = equic_share_new(&callbacks, &settings, &options);
	ktap_result(s, "a connection without a second sender can be made");
	ktap_result(s && equic_share_stream_open(s, &stream) ==
			    NGTCP2_ERR_INVALID_ARGUMENT,
		    "it has no streams of the library's: nobody has their bytes");
	equic_share_free(s);
	equic_share_free(NULL);
}

int main(void)
{
	ktap_begin();
	usual();
	test_callbacks();
	test_events();
	test_memory();
	usual();
	test_settings();
	test_pmtud();
	return ktap_end();
}
