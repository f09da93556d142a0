// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the server counted, in memory that all workers and, with a file behind
 * it, later readers share: a ledger must not die with a killed process.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counters.h"

#define COUNTERS_MAGIC 0x6833636e74727301ull

/* "group.name" becomes an object in the JSON. */
static const char *const counter_name[COUNTERS] = {
	[COUNT_RX_DATAGRAMS] = "received.datagrams",
	[COUNT_RX_BYTES] = "received.bytes",
	[COUNT_RX_KERNEL_DROPS] = "received.kernel_drops",
	[COUNT_RX_CALLS] = "received.calls",
	[COUNT_TX_DATAGRAMS] = "sent.datagrams",
	[COUNT_TX_BYTES] = "sent.bytes",
	[COUNT_TX_FAILED] = "sent.failed",
	[COUNT_FIRST_TYPE + WIRE_SHORT] = "first_packet.short",
	[COUNT_FIRST_TYPE + WIRE_INITIAL] = "first_packet.initial",
	[COUNT_FIRST_TYPE + WIRE_ZERO_RTT] = "first_packet.zero_rtt",
	[COUNT_FIRST_TYPE + WIRE_HANDSHAKE] = "first_packet.handshake",
	[COUNT_FIRST_TYPE + WIRE_RETRY] = "first_packet.retry",
	[COUNT_FIRST_TYPE + WIRE_VERSION_NEGOTIATION] =
		"first_packet.version_negotiation",
	[COUNT_FIRST_TYPE + WIRE_OTHER_VERSION] = "first_packet.other_version",
	[COUNT_FIRST_TYPE + WIRE_JUNK] = "first_packet.junk",
	[COUNT_ACCEPTED] = "connections.accepted",
	[COUNT_COMPLETED] = "connections.completed",
	[COUNT_LIVE] = "connections.live",
	[COUNT_MOVED] = "connections.moved",
	[COUNT_REQUESTS] = "requests.total",
	[COUNT_REQUEST_ERRORS] = "requests.errors",
	[COUNT_BODY_BYTES] = "requests.body_bytes",
	[COUNT_REFUSED_QUOTA] = "refused.quota",
	[COUNT_REFUSED_LATE] = "refused.after_handshake",
	[COUNT_REFUSED_MAX_CONNS] = "refused.max_conns",
	[COUNT_REFUSED_TOKEN] = "refused.token",
	[COUNT_RETRY_SENT] = "stateless.retry_sent",
	[COUNT_VERSION_NEGOTIATION_SENT] =
		"stateless.version_negotiation_sent",
	[COUNT_RESET_SENT] = "stateless.reset_sent",
	[COUNT_FORWARDED_OUT] = "forwarded.out",
	[COUNT_FORWARDED_IN] = "forwarded.in",
	[COUNT_IGNORED] = "stateless.ignored",
	[COUNT_END_CLIENT] = "ended.client",
	[COUNT_END_SERVER] = "ended.server",
	[COUNT_END_IDLE] = "ended.idle",
	[COUNT_END_HANDSHAKE_TIMEOUT] = "ended.handshake_timeout",
	[COUNT_END_REFUSED] = "ended.refused",
	[COUNT_END_ERROR] = "ended.error",
	[COUNT_END_PROCESS] = "ended.process",
	[COUNT_CLIENT_ERRORS] = "errors.client",
	[COUNT_SHARE_CONNECTIONS] = "share.connections",
	[COUNT_SHARE_STACK] = "share.stack_packets",
	[COUNT_SHARE_LIBRARY] = "share.library_packets",
	[COUNT_SHARE_SECOND] = "share.second_packets",
	[COUNT_SHARE_VOIDS] = "share.void_packets",
	[COUNT_SHARE_LOST] = "share.lost_packets",
	[COUNT_SHARE_SPURIOUS] = "share.spurious_packets",
	[COUNT_SHARE_RESENT] = "share.resent_bytes",
	[COUNT_SHARE_HOSTILE] = "share.hostile",
	[COUNT_SHARE_ESTRANGED] = "share.estranged",
	[COUNT_SHARE_UPDATES] = "share.key_updates",
	[COUNT_SHARE_STREAMS_ACKED] = "share.streams_acked",
	[COUNT_SHARE_STREAMS_STOPPED] = "share.streams_stopped",
	[COUNT_SHARE_STREAMS_DONE] = "share.streams_done",
	[COUNT_SHARE_DATAGRAMS_ACKED] = "share.datagrams_acked",
	[COUNT_SHARE_DATAGRAMS_LOST] = "share.datagrams_lost",
	[COUNT_SHARE_DATAGRAMS_VOID] = "share.datagrams_void",
	[COUNT_SHARE_DEATHS] = "share.deaths",
	[COUNT_SHARE_HUNG] = "share.hung",
};

static const char *const source_counter_name[SOURCE_COUNTERS] = {
	[SOURCE_DATAGRAMS] = "datagrams",
	[SOURCE_BYTES] = "bytes",
	[SOURCE_INITIALS] = "initials",
	[SOURCE_ACCEPTED] = "accepted",
	[SOURCE_COMPLETED] = "completed",
	[SOURCE_REFUSED] = "refused",
	[SOURCE_ENDED] = "ended",
};

static size_t counters_size(uint32_t n_workers)
{
	return sizeof(struct counters) +
	       n_workers * sizeof(struct worker_counters);
}

struct counters *counters_new(const struct options *options)
{
	size_t size = counters_size(options->workers);
	int flags = MAP_SHARED;
	struct counters *counters;
	int fd = -1;

	if (options->counters) {
		fd = open(options->counters,
			  O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0)
			return NULL;
		if (ftruncate(fd, size)) {
			close(fd);
			return NULL;
		}
	} else {
		flags |= MAP_ANONYMOUS;
	}
	counters = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (fd >= 0)
		close(fd);
	if (counters == MAP_FAILED)
		return NULL;
	counters->n_workers = options->workers;
	counters->ledger = options->ledger;
	counters->quota_in = options->quota_in;
	counters->quota = options->quota;
	counters->magic = COUNTERS_MAGIC;
	return counters;
}

void counters_worker_died(struct worker_counters *counters)
{
	counters->counts[COUNT_END_PROCESS] += counters->counts[COUNT_LIVE];
	counters->counts[COUNT_LIVE] = 0;
}

static uint32_t source_hash(const uint8_t addr[16], uint16_t port)
{
	uint32_t hash = 2166136261u ^ port;
	int i;

	for (i = 0; i < 16; i++)
		hash = (hash ^ addr[i]) * 16777619u;
	return hash ^ hash >> 15;
}

/* The row of (@addr, @port), or the free one where it belongs. */
static struct source *source_slot(struct source *table, uint32_t slots,
				  const uint8_t addr[16], uint16_t port)
{
	uint32_t i = source_hash(addr, port);

	for (;; i++) {
		struct source *source = &table[i % slots];

		if (!source->used || (source->port == port &&
				      !memcmp(source->addr, addr, 16)))
			return source;
	}
}

uint64_t *counters_source(struct worker_counters *counters, uint32_t ledger,
			  const union addr *remote)
{
	uint16_t port = ledger == LEDGER_PORT ? addr_port(remote) : 0;
	struct source *source;
	uint8_t addr[16];

	addr_to_16(addr, remote);
	source = source_slot(counters->sources, SOURCES, addr, port);
	if (!source->used) {
		/* one row stays free, so that every search ends */
		if (counters->n_sources == SOURCES - 1)
			return counters->other;
		counters->n_sources++;
		memcpy(source->addr, addr, sizeof(addr));
		source->port = port;
		source->used = 1;
	}
	return source->counts;
}

static json_object *counts_to_json(const uint64_t *counts)
{
	json_object *root = json_object_new_object();
	int i;

	for (i = 0; i < COUNTERS; i++) {
		const char *dot = strchr(counter_name[i], '.');
		json_object *group;
		char name[32];

		snprintf(name, sizeof(name), "%.*s",
			 (int)(dot - counter_name[i]), counter_name[i]);
		if (!json_object_object_get_ex(root, name, &group)) {
			group = json_object_new_object();
			json_object_object_add(root, name, group);
		}
		json_object_object_add(group, dot + 1,
				       json_object_new_int64(counts[i]));
	}
	return root;
}

static void add_source_counts(json_object *object, const uint64_t *counts)
{
	int i;

	for (i = 0; i < SOURCE_COUNTERS; i++)
		json_object_object_add(object, source_counter_name[i],
				       json_object_new_int64(counts[i]));
}

static json_object *source_to_json(const struct source *source)
{
	json_object *object = json_object_new_object();
	char text[ADDR_STRLEN];

	addr_format_16(source->addr, text);
	json_object_object_add(object, "addr", json_object_new_string(text));
	if (source->port)
		json_object_object_add(object, "port",
				       json_object_new_int(source->port));
	add_source_counts(object, source->counts);
	return object;
}

/* All workers' rows, those of one source added up. */
static json_object *sources_to_json(const struct counters *counters)
{
	uint32_t slots = SOURCES * counters->n_workers, w, i;
	json_object *array = json_object_new_array();
	struct source *sum = calloc(slots, sizeof(*sum));
	int k;

	if (!sum)
		return array;
	for (w = 0; w < counters->n_workers; w++) {
		for (i = 0; i < SOURCES; i++) {
			const struct source *source =
				&counters->workers[w].sources[i];
			struct source *row;

			if (!source->used)
				continue;
			row = source_slot(sum, slots, source->addr,
					  source->port);
			memcpy(row->addr, source->addr, sizeof(row->addr));
			row->port = source->port;
			row->used = 1;
			for (k = 0; k < SOURCE_COUNTERS; k++)
				row->counts[k] += source->counts[k];
		}
	}
	for (i = 0; i < slots; i++)
		if (sum[i].used)
			json_object_array_add(array, source_to_json(&sum[i]));
	free(sum);
	return array;
}

static json_object *counters_to_json(const struct counters *counters)
{
	json_object *root = json_object_new_object();
	json_object *workers = json_object_new_array();
	json_object *other = json_object_new_object();
	uint64_t total[COUNTERS] = { 0 };
	uint64_t beyond[SOURCE_COUNTERS] = { 0 };
	uint32_t w;
	int i;

	json_object_object_add(root, "quota_in",
		json_object_new_string(quota_in_name[counters->quota_in]));
	json_object_object_add(root, "quota",
			       json_object_new_int64(counters->quota));
	for (w = 0; w < counters->n_workers; w++) {
		const struct worker_counters *worker = &counters->workers[w];
		json_object *object = counts_to_json(worker->counts);

		json_object_object_add(object, "pid",
				       json_object_new_int(worker->pid));
		json_object_object_add(object, "alive",
			json_object_new_boolean(worker->pid &&
						(!kill(worker->pid, 0) ||
						 errno == EPERM)));
		json_object_array_add(workers, object);
		for (i = 0; i < COUNTERS; i++)
			total[i] += worker->counts[i];
		for (i = 0; i < SOURCE_COUNTERS; i++)
			beyond[i] += worker->other[i];
	}
	json_object_object_add(root, "total", counts_to_json(total));
	json_object_object_add(root, "workers", workers);
	json_object_object_add(root, "sources", sources_to_json(counters));
	add_source_counts(other, beyond);
	json_object_object_add(root, "other_sources", other);
	return root;
}

static int write_atomically(const char *path, const char *text)
{
	char temporary[4096];
	FILE *file;
	int ret = 0;

	if (snprintf(temporary, sizeof(temporary), "%s.%d", path,
		     (int)getpid()) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	file = fopen(temporary, "we");
	if (!file)
		return -errno;
	if (fprintf(file, "%s\n", text) < 0)
		ret = -EIO;
	if (fclose(file) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret)
		unlink(temporary);
	return ret;
}

int counters_write(const struct counters *counters, const char *path)
{
	json_object *root = counters_to_json(counters);
	const char *text =
		json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY);
	int ret = 0;

	if (!text)
		ret = -ENOMEM;
	else if (!strcmp(path, "-"))
		ret = printf("%s\n", text) < 0 || fflush(stdout) ? -EIO : 0;
	else
		ret = write_atomically(path, text);
	json_object_put(root);
	return ret;
}

int counters_print_file(const char *path)
{
	const struct counters *counters = MAP_FAILED;
	struct stat stat;
	int ret = 1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat)) {
		fprintf(stderr, "h3server: %s: %s\n", path, strerror(errno));
		goto out;
	}
	if ((size_t)stat.st_size >= sizeof(*counters))
		counters = mmap(NULL, stat.st_size, PROT_READ, MAP_SHARED, fd,
				0);
	if (counters == MAP_FAILED || counters->magic != COUNTERS_MAGIC ||
	    (size_t)stat.st_size != counters_size(counters->n_workers)) {
		fprintf(stderr,
			"h3server: %s: not a counters file of this version\n",
			path);
		goto out;
	}
	ret = !!counters_write(counters, "-");
out:
	if (counters != MAP_FAILED)
		munmap((void *)counters, stat.st_size);
	if (fd >= 0)
		close(fd);
	return ret;
}
