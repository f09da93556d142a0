// SPDX-License-Identifier: GPL-2.0-only
/* What equic_share_new() takes, and what it makes of the connection's settings. */
#include <errno.h>
#include <fcntl.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "bpf_map.h"
#include "equic_share.h"
#include "idle.h"
#include "ktap.h"
#include "memory.h"
#include "ring.h"

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

/* What was said of each cause. */
enum { SAID_MAX = 64 };

static const char *said[SAID_MAX];
static unsigned int said_count;

/* The thing is @named. */
static void refused_as(const char *what, int got, int err, const char *named)
{
	const char *words = equic_share_strerror();
	bool right = got == err && strstr(words, named);

	ktap_result(right, "%s: %s", what, strerror(err));
	if (!right)
		ktap_diag("%s: %s", strerror(got), words);
	if (said_count < SAID_MAX)
		said[said_count++] = words;
}

static void refused(const char *what, int err, const char *named)
{
	ngtcp2_callbacks before = callbacks;
	int got = try();

	if (memcmp(&before, &callbacks, sizeof(before)))
		ktap_bail("%s: the callbacks are changed", what);
	refused_as(what, got, err, named);
	usual();
}

static void *ask(void *ctx)
{
	*(const char **)ctx = equic_share_strerror();
	return NULL;
}

static void test_said(void)
{
	const char *elsewhere = NULL;
	unsigned int i, j, same = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, ask, &elsewhere) || pthread_join(thread, NULL))
		ktap_bail("no thread");
	ktap_result(elsewhere && !*elsewhere && *equic_share_strerror(),
		    "another thread has no words");
	for (i = 0; i < said_count; i++)
		for (j = 0; j < i; j++)
			if (!strcmp(said[i], said[j])) {
				ktap_diag("twice: %s", said[i]);
				same++;
			}
	ktap_result(!same && said_count < SAID_MAX, "each cause has words of its own");
}

static int errno_of(const struct equic_share *s)
{
	return s ? 0 : errno;
}

static void test_missing(void)
{
	refused_as("no callbacks", errno_of(equic_share_new(NULL, &settings, &options)),
		   EINVAL, "callbacks is NULL");
	refused_as("no settings", errno_of(equic_share_new(&callbacks, NULL, &options)),
		   EINVAL, "settings is NULL");
	refused_as("no options", errno_of(equic_share_new(&callbacks, &settings, NULL)),
		   EINVAL, "options is NULL");
}

static void test_callbacks(void)
{
	struct equic_share *s;

	callbacks.encrypt = NULL;
	refused("not ngtcp2's callback encrypt", EINVAL, "callbacks.encrypt");
	callbacks.decrypt = NULL;
	refused("not ngtcp2's callback decrypt", EINVAL, "callbacks.decrypt");
	callbacks.hp_mask = NULL;
	refused("not ngtcp2's callback hp_mask", EINVAL, "callbacks.hp_mask");
	callbacks.update_key = NULL;
	refused("not ngtcp2's callback update_key", EINVAL, "callbacks.update_key");
	settings.initial_pkt_num = 1;
	refused("packet numbers that do not begin at 0", EINVAL, "settings.initial_pkt_num");
	s = equic_share_new(&callbacks, &settings, &options);
	ktap_result(s && try() == EINVAL && strstr(equic_share_strerror(), "a fresh copy"),
		    "callbacks that another connection has");
	equic_share_free(s);
	usual();
}

static void test_events(void)
{
	events.key = NULL;
	refused("no key()", EINVAL, "key()");
	events.path = NULL;
	refused("no path()", EINVAL, "path()");
	events.bytes = NULL;
	refused("no bytes()", EINVAL, "bytes()");
	options.ring_count = 0;
	refused("a second sender without a ring", EINVAL, "options.ring_count is 0");
	options.ring_count = EQUIC_SHARE_RINGS_MAX + 1;
	refused("more rings than there may be", EINVAL, "options.ring_count is above");
	options.payload_max = EQUIC_SHARE_PAYLOAD_MIN - 1;
	refused("datagrams in which the stack has less than 1200 bytes (RFC 9000, 14)", EINVAL,
		"options.payload_max is below");
	options.payload_max = EQUIC_SHARE_PAYLOAD_MAX + 1;
	refused("datagrams that Ethernet does not take", EINVAL, "options.payload_max is above");
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
	int small = memfd(100, F_SEAL_SHRINK | F_SEAL_GROW);
	int shrinks = memfd(sizeof(struct equic_shared), 0);
	int constant = memfd(sizeof(struct equic_shared), F_SEAL_SHRINK | F_SEAL_WRITE);

	options.memory = fd;
	ktap_result(!try(), "memory of zero is made ready");
	usual();
	options.memory = fd;
	refused("memory that another connection has", EPROTO, "options.memory is in use");
	options.memory = small;
	refused("memory that is too small", EINVAL, "options.memory is a memfd");
	options.memory = STDOUT_FILENO;
	refused("no memory at all", EINVAL, "options.memory is no memfd");
	options.memory = shrinks;
	ktap_result(try() == EINVAL && strstr(equic_share_strerror(), "sealed"),
		    "memory that may shrink");
	usual();
	options.memory = 0;
	refused("memory that nobody has said anything of", EINVAL, "options.memory is 0");
	options.memory = constant;
	refused("memory that is not to be written", EPERM, "options.memory cannot be mapped");
	close(fd);
	close(small);
	close(shrinks);
	close(constant);
}

static void test_map(void)
{
	int map = bpf_map_make(BPF_MAP_TYPE_ARRAY, sizeof(struct equic_shared), 1, 0);

	if (map < 0) {
		ktap_skip("BPF is not for this user", "a map that cannot be mapped");
		return;
	}
	options.memory = map;
	refused("a map that cannot be mapped", EINVAL, "options.memory is a BPF map");
	close(map);
}

/* Its producer is where no record ends. */
static int spoiled_ring(void)
{
	int fd = memfd(3 * sysconf(_SC_PAGESIZE), F_SEAL_SHRINK);
	unsigned long position = 1;

	if (pwrite(fd, &position, sizeof(position), 0) != sizeof(position))
		ktap_bail("ring");
	return fd;
}

static void test_rings(void)
{
	int none = memfd(100, F_SEAL_SHRINK), spoiled = spoiled_ring(), rings[2], fd;
	int constant = memfd(3 * sysconf(_SC_PAGESIZE), F_SEAL_SHRINK | F_SEAL_WRITE);
	struct ring *ring = ring_make(1 << 20, &fd);

	if (!ring)
		ktap_bail("ring");
	options.rings = rings;
	rings[0] = none;
	refused("a ring that is none", EINVAL, "options.rings");
	options.rings = rings;
	rings[0] = spoiled;
	refused("a ring that was used", EPROTO, "options.rings");
	options.rings = rings;
	rings[0] = constant;
	refused("a ring that is not to be written", EPERM, "options.rings");
	options.rings = rings;
	options.ring_count = 2;
	rings[0] = rings[1] = fd;
	refused("rings that are too long together", EINVAL, "options.rings are too long");
	ring_free(ring);
	close(none);
	close(spoiled);
	close(constant);
	close(fd);
}

/* With so many descriptors left. */
static void refused_without(unsigned int left, const char *what, const char *named)
{
	int free = dup(STDOUT_FILENO);
	struct rlimit before, limit;

	if (free < 0 || close(free) || getrlimit(RLIMIT_NOFILE, &before))
		ktap_bail("descriptors");
	limit = before;
	limit.rlim_cur = free + left;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		ktap_bail("descriptors");
	refused(what, EMFILE, named);
	if (setrlimit(RLIMIT_NOFILE, &before))
		ktap_bail("descriptors");
}

static void test_descriptors(void)
{
	refused_without(0, "no descriptor for a ring", "the rings");
	refused_without(1, "nor for memory", "the shared memory");
}

static void usual_alone(void)
{
	usual();
	options.events = NULL;
	options.ring_count = 0;
}

/* With no_pmtud ngtcp2 1.11 aborts; longer ones than its packets may be it does not send. */
static bool tries_nothing(void)
{
	return !settings.no_pmtud && settings.pmtud_probeslen == 1 &&
	       settings.pmtud_probes[0] > settings.max_tx_udp_payload_size;
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
	ktap_result(!try() && tries_nothing() &&
		    settings.max_tx_udp_payload_size == EQUIC_SHARE_PAYLOAD_DEFAULT - 3,
		    "nothing is tried if the settings say so");
	usual_alone();
	options.payload_max = 1300;
	ktap_result(!try() && tries_nothing() &&
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
	ktap_result(s && tries_nothing() &&
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

static void test_begin(void)
{
	struct equic_share *s;

	usual_alone();
	s = equic_share_new(&callbacks, &settings, &options);
	usual();
	if (!s || !equic_share_begin(s, &options))
		ktap_bail("it begins without a connection");
	refused_as("no equic_share_conn() before equic_share_begin()", errno, EAGAIN,
		   "equic_share_conn()");
	equic_share_free(s);
}

static void test_no_conn(const char *which)
{
	struct equic_share *s = equic_share_new(&callbacks, &settings, &options);
	uint8_t packet[1200] = { 0 };
	ngtcp2_ccerr error;
	uint64_t stream;

	if (!s)
		ktap_bail("%s", equic_share_strerror());
	ngtcp2_ccerr_default(&error);
	ktap_result(equic_share_read_pkt(s, NULL, NULL, packet, sizeof(packet), 1) ==
			    NGTCP2_ERR_INVALID_STATE,
		    "%s, no equic_share_conn(): nothing is read", which);
	ktap_result(equic_share_writev_stream(s, NULL, NULL, packet, sizeof(packet), NULL, 0,
					      -1, NULL, 0, 1) == NGTCP2_ERR_INVALID_STATE &&
		    equic_share_writev_datagram(s, NULL, NULL, packet, sizeof(packet), NULL,
						0, 0, NULL, 0, 1) ==
			    NGTCP2_ERR_INVALID_STATE &&
		    equic_share_write_connection_close(s, NULL, NULL, packet, sizeof(packet),
						       &error, 1) ==
			    NGTCP2_ERR_INVALID_STATE,
		    "nor written");
	ktap_result(equic_share_secret(s, NULL, GNUTLS_ENCRYPTION_LEVEL_APPLICATION, packet,
				       packet, 32) == -1,
		    "no secret is taken");
	ktap_result(equic_share_get_expiry(s) == UINT64_MAX &&
		    equic_share_handle_expiry(s, 1) == NGTCP2_ERR_INVALID_STATE,
		    "nothing expires");
	ktap_result(!equic_share_get_max_data_left(s), "there is no credit");
	ktap_result(equic_share_stream_open(s, &stream) ==
			    (options.events ? NGTCP2_ERR_INVALID_STATE :
					      NGTCP2_ERR_INVALID_ARGUMENT),
		    "and no stream");
	equic_share_second_died(s);
	equic_share_free(s);
}

int main(void)
{
	ktap_begin();
	usual();
	ktap_result(!*equic_share_strerror(), "before something has failed there are no words");
	test_missing();
	test_callbacks();
	test_events();
	test_memory();
	test_map();
	test_rings();
	test_descriptors();
	test_begin();
	test_said();
	usual();
	test_settings();
	test_pmtud();
	usual();
	test_no_conn("a second sender");
	usual_alone();
	test_no_conn("alone");
	return ktap_end();
}
