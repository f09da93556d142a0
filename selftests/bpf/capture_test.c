// SPDX-License-Identifier: GPL-2.0-only
/*
 * First flights of real clients (captures/README) through the gateway program:
 * it finds in each packet what tshark finds.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "frame.h"
#include "ktap.h"
#include "parser.h"
#include "reference.h"

#define CAPTURED_PORT	4433
#define LINEAR_MIN	14
#define LINEAR_SCAN	160

struct pcap_file {
	__u32	magic;
	__u16	version[2];
	__u32	zone, sigfigs, snaplen, link;
};

struct pcap_packet {
	__u32	seconds, fraction, len, original_len;
};

/* The nth packet of a capture, from 1. Its length. */
static size_t capture(const char *directory, const char *file, int n,
		      __u8 *data)
{
	struct pcap_packet packet;
	struct pcap_file header;
	char path[4096];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	stream = fopen(path, "re");
	if (!stream)
		ktap_bail("%s", path);
	errno = 0;
	if (fread(&header, sizeof(header), 1, stream) != 1 ||
	    header.magic != 0xa1b2c3d4 || header.link != 1)
		ktap_bail("%s is no capture of Ethernet", path);
	do {
		if (fread(&packet, sizeof(packet), 1, stream) != 1 ||
		    packet.len > FRAME_MAX ||
		    fread(data, packet.len, 1, stream) != 1)
			ktap_bail("%s ends too early", path);
	} while (--n);
	fclose(stream);
	return packet.len;
}

static enum equic_pkt_type type_of(const char *name)
{
	static const struct {
		const char *name;
		enum equic_pkt_type type;
	} types[] = {
		{ "short", EQUIC_PKT_SHORT },
		{ "initial", EQUIC_PKT_INITIAL },
		{ "zero-rtt", EQUIC_PKT_ZERO_RTT },
		{ "handshake", EQUIC_PKT_HANDSHAKE },
		{ "unknown-version", EQUIC_PKT_UNKNOWN_VERSION },
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(name, types[i].name))
			return types[i].type;
	errno = 0;
	ktap_bail("no such type: %s", name);
}

static void test(const char *directory, const char *file, int n,
		 const char *type, const char *dcid, const char *scid)
{
	static __u8 data[FRAME_MAX];
	struct parsed want, got;
	size_t len, linear;
	char name[128];
	bool ok = true;

	len = capture(directory, file, n, data);
	snprintf(name, sizeof(name), "%s, packet %d: %s", file, n, type);

	/* The addresses are the reference's, QUIC is tshark's. */
	reference_parse(data, len, CAPTURED_PORT, 0, &want);
	want.pkt.type = type_of(type);
	memset(want.pkt.dcid, 0, sizeof(want.pkt.dcid));
	memset(want.pkt.scid, 0, sizeof(want.pkt.scid));
	want.pkt.dcid_len = hex_decode(dcid, want.pkt.dcid, 20);
	want.pkt.scid_len = hex_decode(scid, want.pkt.scid, 20);

	for (linear = len; ok && linear >= LINEAR_MIN; linear--) {
		if (linear == len - 1 && linear > LINEAR_SCAN)
			linear = LINEAR_SCAN;
		parser_run(data, len, linear, 0, &got);
		ok = parsed_equal(&want, &got, name);
	}
	parser_run_skb(data, len, &got);
	ok &= parsed_equal(&want, &got, name);
	ktap_result(ok, "%s", name);
}

int main(int argc, char **argv)
{
	char path[4096], file[64], type[32], dcid[64], scid[64];
	const char *directory = argc > 1 ? argv[1] : "captures";
	FILE *expected;
	int n;

	ktap_begin();
	snprintf(path, sizeof(path), "%s/expected", directory);
	expected = fopen(path, "re");
	if (!expected)
		ktap_bail("%s", path);
	parser_open();
	parser_port(CAPTURED_PORT);
	while (fscanf(expected, "%63s %d %31s %63s %63s", file, &n, type, dcid,
		      scid) == 5)
		test(directory, file, n, type, dcid, scid);
	errno = 0;
	if (!feof(expected))
		ktap_bail("%s is no list of packets", path);
	parser_close();
	fclose(expected);
	return ktap_end();
}
