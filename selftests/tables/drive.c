// SPDX-License-Identifier: GPL-2.0-only
/* See drive.h. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include "drive.h"
#include "drive.skel.h"
#include "ktap.h"

enum { MAC_LEN = 14 };

static struct drive_bpf *skel;

void drive_open(void)
{
	skel = drive_bpf__open_and_load();
	if (!skel)
		ktap_bail("cannot load the program that asks the module");
}

void drive_close(void)
{
	drive_bpf__destroy(skel);
	skel = NULL;
}

int drive_try(struct drive *drive)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .data_in = drive, .data_size_in = sizeof(*drive),
		    .data_out = drive, .data_size_out = sizeof(*drive));
	int err = bpf_prog_test_run_opts(
			bpf_program__fd(skel->progs.drive_xdp), &opts);

	return err ? err : opts.retval == XDP_PASS ? 0 : -EFAULT;
}

void drive_run(struct drive *drive)
{
	int err = drive_try(drive);

	if (err) {
		errno = -err;
		ktap_bail("test run");
	}
}

void drive_run_skb(struct drive *drive)
{
	__u8 frame[MAC_LEN + sizeof(*drive)] = { };
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .data_in = frame, .data_size_in = sizeof(frame),
		    .data_out = frame, .data_size_out = sizeof(frame));
	int err;

	memcpy(frame + MAC_LEN, drive, sizeof(*drive));
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.drive_skb),
				     &opts);
	if (err || opts.retval) {
		errno = -err;
		ktap_bail("test run: %u", opts.retval);
	}
	memcpy(drive, frame + MAC_LEN, sizeof(*drive));
}

struct bpf_equic_pkt pkt_of(int type, const struct endpoint *service,
			    const struct endpoint *peer, __u64 dcid,
			    __u64 scid)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&service->addr);
	struct bpf_equic_pkt pkt = {
		.sport	= htons(peer->port),
		.dport	= htons(service->port),
		.type	= type,
		.family	= v4 ? AF_INET : AF_INET6,
		.len	= v4 ? 1228 : 1248,
	};

	memcpy(pkt.saddr, &peer->addr, sizeof(pkt.saddr));
	memcpy(pkt.daddr, &service->addr, sizeof(pkt.daddr));
	if (type == EQUIC_PKT_INITIAL || type == EQUIC_PKT_ZERO_RTT) {
		pkt.dcid_len = sizeof(dcid);
		pkt.scid_len = sizeof(scid);
		memcpy(pkt.dcid, &dcid, sizeof(dcid));
		memcpy(pkt.scid, &scid, sizeof(scid));
	}
	return pkt;
}

int verdict(const struct bpf_equic_pkt *pkt)
{
	struct drive drive = { .pkt = *pkt, .op = DRIVE_VERDICT, .n = 1 };

	drive_run(&drive);
	return drive.ret;
}

int initial(const struct endpoint *service, const struct endpoint *peer,
	    __u64 dcid, __u64 scid)
{
	struct bpf_equic_pkt pkt = pkt_of(EQUIC_PKT_INITIAL, service, peer,
					  dcid, scid);

	return verdict(&pkt);
}
