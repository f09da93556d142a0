// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader of bpf/examples/frames.bpf.c: frames DEV PORT KEYS [SLOW]
 *
 * Counts until SIGTERM, then prints what was counted as JSON.
 * KEYS is what `h3server --keys` writes; its first line is the connection. The
 * file may come later. One that is as slow as can be looks at what was kept only
 * when that is SLOW packets.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../bpf/examples/frames.h"
#include "frames.skel.h"
#include "ktap.h"
#include "loader.h"

static struct frames_bpf *skel;
static struct kept *kept;
static size_t nr_kept;

static void attach(int ifindex, enum bpf_tc_attach_point where, int fd)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = where);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = fd);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST) {
		errno = -err;
		ktap_bail("clsact");
	}
	errno = -bpf_tc_attach(&hook, &opts);
	if (errno)
		ktap_bail("tc");
}

static int on_later(void *ctx, void *data, size_t size)
{
	struct kept *bigger;

	(void)ctx;
	if (size < sizeof(*kept))
		return 0;
	bigger = realloc(kept, (nr_kept + 1) * sizeof(*kept));
	if (!bigger)
		ktap_bail("memory");
	kept = bigger;
	memcpy(&kept[nr_kept++], data, sizeof(*kept));
	return 0;
}

/* True once the connection's line is there. */
static bool read_keys(const char *path)
{
	struct direction in, out;
	FILE *file = fopen(path, "r");
	bool found;

	if (!file)
		return false;
	found = fscanf(file, "rx %u tx %u rx-cid-len %u tx-cid-len %u\n",
		       &in.key, &out.key, &in.cid_len, &out.cid_len) == 4;
	fclose(file);
	if (!found)
		return false;
	/* The key last: with it, packets are opened. */
	skel->bss->directions[IN].cid_len = in.cid_len;
	skel->bss->directions[OUT].cid_len = out.cid_len;
	__sync_synchronize();
	skel->bss->directions[IN].key = in.key;
	skel->bss->directions[OUT].key = out.key;
	return true;
}

/* In the order they came. */
static void count_kept(void)
{
	__u8 frame[ETH_HLEN + KEPT_LEN] = { };
	struct __sk_buff ctx = { };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx));
	size_t i;

	for (i = 0; i < nr_kept; i++) {
		ctx.cb[0] = kept[i].dir;
		ctx.cb[1] = kept[i].early;
		memcpy(frame + ETH_HLEN, kept[i].bytes, kept[i].len);
		opts.data_size_in = ETH_HLEN + kept[i].len;
		/* The last run left its sizes there. */
		opts.data_size_out = opts.ctx_size_out = 0;
		errno = -bpf_prog_test_run_opts(bpf_program__fd(skel->progs.frames_again),
						&opts);
		if (errno)
			ktap_bail("frames_again");
	}
	nr_kept = 0;
}

static void count(const char *keys, size_t slow)
{
	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(skel->maps.later), on_later, NULL,
				 NULL);
	struct pollfd fds[] = {
		{ .fd = loader_term(), .events = POLLIN },
		{ .fd = loader_written(keys), .events = POLLIN },
		{ .fd = ring_buffer__epoll_fd(ring), .events = POLLIN },
	};
	bool found = read_keys(keys);

	loader_ready();
	while (!fds[0].revents) {
		if (poll(fds, 3, -1) < 0)
			ktap_bail("poll");
		loader_seen(fds[1].fd);
		found = found || read_keys(keys);
		ring_buffer__consume(ring);
		if (!found || nr_kept < slow)
			continue;
		slow = 0;
		count_kept();
	}
	ring_buffer__free(ring);
	close(fds[0].fd);
	close(fds[1].fd);
}

static void print(const char *name, const struct count *c, const char *end)
{
	const char *error = strerrorname_np(-c->error) ?: "unknown";
	const char *comma = "";
	int i;

	printf("\"%s\": {\"packets\": %llu, \"opened\": %llu, \"kept\": %llu, \"refused\": %llu, \"error\": \"%s\", \"unknown\": %llu, \"frames\": {",
	       name, c->packets, c->opened, c->kept, c->refused, error,
	       c->unknown);
	for (i = 0; i < FRAME_TYPES; i++) {
		if (!c->frames[i])
			continue;
		printf("%s\"%d\": %llu", comma, i, c->frames[i]);
		comma = ", ";
	}
	printf("}}%s\n", end);
}

int main(int argc, char **argv)
{
	int ifindex;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: frames DEV PORT KEYS [SLOW]\n");
		return 2;
	}
	ifindex = if_nametoindex(argv[1]);
	if (!ifindex)
		ktap_bail("%s", argv[1]);
	skel = frames_bpf__open_and_load();
	if (!skel)
		ktap_bail("frames.bpf.o");
	skel->bss->port = htons(atoi(argv[2]));
	attach(ifindex, BPF_TC_INGRESS, bpf_program__fd(skel->progs.frames_in));
	attach(ifindex, BPF_TC_EGRESS, bpf_program__fd(skel->progs.frames_out));
	count(argv[3], argc == 5 ? atoi(argv[4]) : 0);
	printf("{");
	print("in", &skel->bss->counts[IN], ",");
	print("out", &skel->bss->counts[OUT], "}");
	frames_bpf__destroy(skel);
	free(kept);
	return 0;
}
