// SPDX-License-Identifier: GPL-2.0-only
/*
 * See reference.h. A reader that fails once stays failed, so that the text
 * below follows the figures of the RFCs field by field.
 */
#include <netinet/in.h>
#include <linux/bpf.h>
#include <string.h>
#include "reference.h"

struct reader {
	const __u8	*frame;
	const __u8	*data;
	size_t		left;
	bool		failed;
};

static const __u8 *take(struct reader *r, size_t len)
{
	const __u8 *data = r->data;

	if (r->failed || r->left < len) {
		r->failed = true;
		return NULL;
	}
	r->data += len;
	r->left -= len;
	return data;
}

static __u64 number(struct reader *r, size_t len)
{
	const __u8 *data = take(r, len);
	__u64 value = 0;

	while (data && len--)
		value = value << 8 | *data++;
	return value;
}

/* RFC 9000, appendix A.1. */
static __u64 varint(struct reader *r)
{
	__u64 first = number(r, 1);
	size_t more = (1 << (first >> 6)) - 1;

	return (first & 0x3f) << (8 * more) | number(r, more);
}

/* RFC 9000, section 17.2, of the version's type. */
static enum equic_pkt_type type_of(__u8 first, __u32 version)
{
	static const enum equic_pkt_type v1[] = {
		EQUIC_PKT_INITIAL, EQUIC_PKT_ZERO_RTT, EQUIC_PKT_HANDSHAKE,
		EQUIC_PKT_SERVER_PACKET,
	};
	/* RFC 9369, section 3.2. */
	static const enum equic_pkt_type v2[] = {
		EQUIC_PKT_SERVER_PACKET, EQUIC_PKT_INITIAL, EQUIC_PKT_ZERO_RTT,
		EQUIC_PKT_HANDSHAKE,
	};

	return (version == 1 ? v1 : v2)[(first & 0x30) >> 4];
}

/* One long header; the reader is left behind its connection IDs. */
static enum equic_pkt_type long_header(struct reader *r,
				       struct bpf_equic_pkt *pkt)
{
	__u8 first = number(r, 1);
	__u32 version = number(r, 4);
	const __u8 *dcid, *scid;
	size_t dcid_len, scid_len;
	bool known;

	if (r->failed)
		return EQUIC_PKT_TRUNCATED;
	if (version == 0)
		return EQUIC_PKT_VERSION_ZERO;
	known = version == 1 || version == 0x6b3343cf;

	dcid_len = number(r, 1);
	if (!r->failed && known && dcid_len > 20)
		return EQUIC_PKT_CID_LENGTH;
	dcid = take(r, dcid_len);
	scid_len = number(r, 1);
	if (!r->failed && known && scid_len > 20)
		return EQUIC_PKT_CID_LENGTH;
	scid = take(r, scid_len);
	if (r->failed)
		return EQUIC_PKT_TRUNCATED;
	if (!known)
		return EQUIC_PKT_UNKNOWN_VERSION;
	pkt->dcid_len = dcid_len;
	memcpy(pkt->dcid, dcid, dcid_len);
	pkt->scid_len = scid_len;
	memcpy(pkt->scid, scid, scid_len);
	return type_of(first, version);
}

static bool has_initial(struct reader *r, struct bpf_equic_pkt *pkt)
{
	int packets;

	/* The first one was read up to its Length. */
	for (packets = 2; packets <= 4; packets++) {
		struct bpf_equic_pkt next = {};
		enum equic_pkt_type type;

		take(r, varint(r));
		if (r->failed || !r->left || !(r->data[0] & 0x80))
			return false;
		type = long_header(r, &next);
		if (type == EQUIC_PKT_INITIAL) {
			pkt->dcid_len = next.dcid_len;
			memcpy(pkt->dcid, next.dcid, sizeof(next.dcid));
			pkt->scid_len = next.scid_len;
			memcpy(pkt->scid, next.scid, sizeof(next.scid));
			return true;
		}
		if (type != EQUIC_PKT_ZERO_RTT && type != EQUIC_PKT_HANDSHAKE)
			return false;
	}
	return false;
}

void reference_quic(const __u8 *data, size_t len, struct bpf_equic_pkt *pkt)
{
	struct reader r = { .data = data, .left = len };

	pkt->type = EQUIC_PKT_SHORT;
	if (!(data[0] & 0x80))
		return;
	pkt->type = long_header(&r, pkt);
	if ((pkt->type == EQUIC_PKT_ZERO_RTT ||
	     pkt->type == EQUIC_PKT_HANDSHAKE) && has_initial(&r, pkt))
		pkt->type = EQUIC_PKT_INITIAL;
	if (pkt->type == EQUIC_PKT_INITIAL && len < 1200)
		pkt->type = EQUIC_PKT_SMALL_INITIAL;
	if (pkt->type != EQUIC_PKT_INITIAL && pkt->type != EQUIC_PKT_ZERO_RTT) {
		pkt->dcid_len = 0;
		memset(pkt->dcid, 0, sizeof(pkt->dcid));
		pkt->scid_len = 0;
		memset(pkt->scid, 0, sizeof(pkt->scid));
	}
}

/* RFC 768; @fragment: the first of a longer datagram. */
static enum outcome udp(struct reader *r, bool fragment, __u16 port,
			struct bpf_equic_pkt *pkt)
{
	size_t whole = r->left;
	__u16 sport = number(r, 2), dport = number(r, 2);
	size_t len = number(r, 2);

	number(r, 2);
	if (r->failed || (!fragment && (len < 9 || len > whole)))
		return UNSEEN;
	pkt->sport = htons(sport);
	pkt->dport = htons(dport);
	if (dport != port)
		return FOREIGN;
	if (fragment) {
		pkt->type = EQUIC_PKT_FRAGMENT;
	} else {
		pkt->payload_off = r->data - r->frame;
		pkt->payload_len = len - 8;
		reference_quic(r->data, len - 8, pkt);
	}
	return DECIDED;
}

/* RFC 791. */
static enum outcome ip4(struct reader *r, __u16 port, struct bpf_equic_pkt *pkt)
{
	struct reader packet = *r;
	__u8 version_ihl = number(&packet, 1);
	size_t header = (version_ihl & 15) * 4, total;
	const __u8 *saddr, *daddr;
	__u16 fragment;
	__u8 protocol;

	number(&packet, 1);
	total = number(&packet, 2);
	number(&packet, 2);
	fragment = number(&packet, 2);
	number(&packet, 1);
	protocol = number(&packet, 1);
	number(&packet, 2);
	saddr = take(&packet, 4);
	daddr = take(&packet, 4);
	if (packet.failed || version_ihl >> 4 != 4 || header < 20 ||
	    total < header || total > r->left || protocol != IPPROTO_UDP)
		return UNSEEN;
	pkt->family = AF_INET;
	pkt->len = total;
	memset((__u8 *)pkt->saddr + 10, 0xff, 2);
	memcpy(&pkt->saddr[3], saddr, 4);
	memset((__u8 *)pkt->daddr + 10, 0xff, 2);
	memcpy(&pkt->daddr[3], daddr, 4);
	if (fragment & 0x1fff) {
		pkt->type = EQUIC_PKT_LATER_FRAGMENT;
		return DECIDED;
	}
	packet.data = r->data + header;
	packet.left = total - header;
	return udp(&packet, fragment & 0x2000, port, pkt);
}

static bool is_extension(__u8 header)
{
	static const __u8 list[] = { 0, 43, 44, 51, 60, 135, 139, 140 };

	return memchr(list, header, sizeof(list));
}

/* RFC 8200. */
static enum outcome ip6(struct reader *r, __u16 port, struct bpf_equic_pkt *pkt)
{
	struct reader packet = *r;
	__u8 version = number(&packet, 4) >> 28;
	size_t payload = number(&packet, 2);
	__u8 header = number(&packet, 1);
	bool fragment = false;
	int extensions = 0;

	number(&packet, 1);
	if (packet.left < 32 || version != 6 || 40 + payload > r->left ||
	    40 + payload > 0xffff)
		return UNSEEN;
	memcpy(pkt->saddr, take(&packet, 16), 16);
	memcpy(pkt->daddr, take(&packet, 16), 16);
	pkt->family = AF_INET6;
	pkt->len = 40 + payload;
	packet.left = payload;

	while (is_extension(header)) {
		__u8 this = header, len;
		__u16 third;

		if (++extensions > 8) {
			pkt->type = EQUIC_PKT_EXT_HEADERS;
			return DECIDED;
		}
		header = number(&packet, 1);
		len = number(&packet, 1);
		third = number(&packet, 2);
		if (this == 44) {		/* section 4.5 */
			take(&packet, 4);
			if (packet.failed)
				return UNSEEN;
			if (third >> 3) {
				pkt->type = EQUIC_PKT_LATER_FRAGMENT;
				return header == IPPROTO_UDP ? DECIDED : UNSEEN;
			}
			fragment |= third & 1;
		} else if (this == 51) {	/* RFC 4302, section 2.2 */
			take(&packet, 4 * (len + 2) - 4);
		} else {
			if (this == 43 && third & 0xff)
				return UNSEEN;	/* segments left: section 4.4 */
			take(&packet, 8 * len + 4);
		}
		if (packet.failed)
			return UNSEEN;
	}
	return header == IPPROTO_UDP ? udp(&packet, fragment, port, pkt) :
				       UNSEEN;
}

void reference_parse(const __u8 *data, size_t len, __u16 port, int verdict,
		     struct parsed *parsed)
{
	struct reader r = { .frame = data, .data = data, .left = len };
	struct bpf_equic_pkt pkt = {};
	__u16 ethertype;
	int tags = 0;

	memset(parsed, 0, sizeof(*parsed));
	parsed->action = XDP_PASS;
	take(&r, 12);
	ethertype = number(&r, 2);
	while (tags < 2 && (ethertype == 0x8100 || ethertype == 0x88a8)) {
		number(&r, 2);
		ethertype = number(&r, 2);
		tags++;
	}
	if (r.failed)
		return;
	if (ethertype == 0x0800)
		parsed->outcome = ip4(&r, port, &pkt);
	else if (ethertype == 0x86dd)
		parsed->outcome = ip6(&r, port, &pkt);
	if (parsed->outcome != DECIDED)
		return;
	parsed->pkt = pkt;
	parsed->size = sizeof(pkt);
	if (verdict > 0)
		parsed->action = XDP_DROP;
}
