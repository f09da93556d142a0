// SPDX-License-Identifier: GPL-2.0-only
/* See frame.h. */
#include <arpa/inet.h>
#include <assert.h>
#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include "frame.h"
#include "ktap.h"

#define CLIENT_ADDR4	"198.51.100.0"
#define CLIENT_ADDR6	"2001:db8:c::"

static void put(struct built *built, const void *data, size_t len)
{
	assert(built->len + len <= FRAME_MAX);
	memcpy(built->data + built->len, data, len);
	built->len += len;
}

static void fill(struct built *built, __u8 byte, size_t len)
{
	assert(built->len + len <= FRAME_MAX);
	memset(built->data + built->len, byte, len);
	built->len += len;
}

static void put8(struct built *built, __u8 value)
{
	put(built, &value, 1);
}

static void put16(struct built *built, __u16 value)
{
	value = htons(value);
	put(built, &value, 2);
}

static void put32(struct built *built, __u32 value)
{
	value = htonl(value);
	put(built, &value, 4);
}

static void set16(struct built *built, size_t off, __u16 value)
{
	value = htons(value);
	memcpy(built->data + off, &value, 2);
}

/* RFC 9000, section 16. */
static void put_varint(struct built *built, __u64 value, int size)
{
	int log = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
	int i;

	for (i = size - 1; i >= 0; i--)
		put8(built, (value >> (8 * i) & 0xff) |
			    (i == size - 1 ? log << 6 : 0));
}

static void put_cid(struct built *built, __u8 first, int len)
{
	int i;

	put8(built, len);
	for (i = 0; i < len; i++)
		put8(built, first + i);
}

static void put_quic(struct built *built, const struct quic *quic, int i)
{
	__u8 flags = quic->no_fixed_bit ? 0 : 0x40;
	__u8 bytes[256], type = quic->type;

	switch (quic->form) {
	case QUIC_NONE:
		return;
	case QUIC_BYTES:
		put(built, bytes, hex_decode(quic->bytes, bytes, sizeof(bytes)));
		return;
	case QUIC_SHORT:
		put8(built, flags);
		fill(built, 0xd0, quic->dcid_len);
		fill(built, 0xee, quic->payload);
		return;
	case QUIC_LONG:
		break;
	}
	if (quic->version == V2)
		type = (type + 1) & 3;	/* RFC 9369, section 3.2 */
	put8(built, 0x80 | flags | type << 4 | 3);
	put32(built, quic->version);
	built->dcid[i] = built->len + 1;
	put_cid(built, 0xd0 + quic->cid, quic->dcid_len);
	built->scid[i] = built->len + 1;
	put_cid(built, 0x50 + quic->cid, quic->scid_len);
	if (quic->type == QUIC_INITIAL) {
		put_varint(built, quic->token_len, 2);
		fill(built, 0x77, quic->token_len);
	}
	if (quic->type != QUIC_RETRY)
		put_varint(built, quic->payload + quic->length_error,
			   quic->length_size ?: 2);
	fill(built, 0xee, quic->payload);
}

static void client_addr4(const struct frame *frame, __u8 addr[4])
{
	inet_pton(AF_INET, CLIENT_ADDR4, addr);
	addr[3] = frame->client;
}

static void client_addr6(const struct frame *frame, __u8 addr[16])
{
	inet_pton(AF_INET6, CLIENT_ADDR6, addr);
	if (frame->mapped) {
		memset(addr, 0, 10);
		memset(addr + 10, 0xff, 2);
		client_addr4(frame, addr + 12);
	}
	/* Another /64, too: the default fold. */
	addr[7] ^= frame->mapped ? 0 : frame->client;
	addr[15] = frame->client;
}

static __u16 frame_dport(const struct frame *frame)
{
	return frame->dport ?: SERVICE_PORT;
}

static void put_ip4(struct built *built, const struct frame *frame)
{
	__u8 addr[4];

	put8(built, (frame->ip_version ?: 4) << 4 | (5 + frame->options / 4));
	put8(built, 0);
	put16(built, 0);
	put16(built, 0x1234);
	put16(built, frame->frag);
	put8(built, 64);
	put8(built, frame->proto ?: IPPROTO_UDP);
	put16(built, 0);
	client_addr4(frame, addr);
	put(built, addr, sizeof(addr));
	inet_pton(AF_INET, SERVICE_ADDR4, addr);
	put(built, addr, sizeof(addr));
	if (frame->options > 0)
		fill(built, 1, frame->options);	/* no-operation */
}

static void put_ip6(struct built *built, const struct frame *frame)
{
	const struct ext *ext = frame->ext;
	__u8 addr[16];

	put32(built, (__u32)(frame->ip_version ?: 6) << 28);
	put16(built, 0);
	put8(built, ext->type || ext->len ? ext->type :
					    frame->proto ?: IPPROTO_UDP);
	put8(built, 64);
	client_addr6(frame, addr);
	put(built, addr, sizeof(addr));
	inet_pton(AF_INET6, SERVICE_ADDR6, addr);
	put(built, addr, sizeof(addr));

	for (; ext->type || ext->len; ext++) {
		int len = ext->type == IPPROTO_FRAGMENT ? 8 :
			  ext->type == IPPROTO_AH ? (ext->len + 2) * 4 :
						    (ext->len + 1) * 8;

		put8(built, ext[1].type || ext[1].len ?
				    ext[1].type :
				    frame->proto ?: IPPROTO_UDP);
		put8(built, ext->len);
		if (ext->type == IPPROTO_FRAGMENT) {
			put16(built, ext->frag);
		} else {
			put8(built, 0);
			put8(built, ext->segments_left);
		}
		fill(built, 0, len - 4);
	}
}

void frame_build(const struct frame *frame, struct built *built)
{
	static const __u8 macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	size_t payload, end;
	int i;

	memset(built, 0, sizeof(*built));
	put(built, macs, sizeof(macs));
	for (i = 0; i < frame->vlan; i++) {
		put16(built, frame->vlan == 2 && !i ? 0x88a8 : 0x8100);
		put16(built, 100 + i);
	}
	put16(built, frame->ethertype ?: frame->ip6 ? 0x86dd : 0x0800);
	built->ip = built->len;
	if (frame->ip6)
		put_ip6(built, frame);
	else
		put_ip4(built, frame);

	built->udp = built->len;
	put16(built, CLIENT_PORT + frame->client);
	put16(built, frame_dport(frame));
	put32(built, 0);
	payload = built->len;
	for (i = 0; i < FRAME_QUIC_MAX; i++)
		put_quic(built, &frame->quic[i], i);
	if (built->len < payload + frame->payload)
		fill(built, 0, payload + frame->payload - built->len);
	if (frame->cut_payload)
		built->len = payload + frame->cut_payload;

	end = built->len;
	set16(built, built->udp + 4, end - built->udp + frame->udp_len_error);
	built->ip_len = end - built->ip + frame->ip_len_error;
	if (frame->ip6)
		set16(built, built->ip + 4, built->ip_len - 40);
	else
		set16(built, built->ip + 2, built->ip_len);
	fill(built, 0xaa, frame->tail);
	built->len -= frame->cut;
}

void frame_pkt(const struct frame *frame, const struct built *built, bool ports,
	       struct bpf_equic_pkt *pkt)
{
	memset(pkt, 0, sizeof(*pkt));
	if (frame->ip6) {
		client_addr6(frame, (__u8 *)pkt->saddr);
		inet_pton(AF_INET6, SERVICE_ADDR6, pkt->daddr);
	} else {
		pkt->saddr[2] = htonl(0xffff);
		client_addr4(frame, (__u8 *)&pkt->saddr[3]);
		pkt->daddr[2] = htonl(0xffff);
		inet_pton(AF_INET, SERVICE_ADDR4, &pkt->daddr[3]);
	}
	pkt->family = frame->ip6 ? AF_INET6 : AF_INET;
	pkt->len = built->ip_len;
	if (ports) {
		pkt->sport = htons(CLIENT_PORT + frame->client);
		pkt->dport = htons(frame_dport(frame));
	}
}

void frame_cids(const struct frame *frame, const struct built *built, int i,
		struct bpf_equic_pkt *pkt)
{
	pkt->dcid_len = frame->quic[i].dcid_len;
	pkt->scid_len = frame->quic[i].scid_len;
	memcpy(pkt->dcid, built->data + built->dcid[i], pkt->dcid_len);
	memcpy(pkt->scid, built->data + built->scid[i], pkt->scid_len);
}

unsigned int frame_cost(int prog, const struct frame *frame, int repeat,
			int *action)
{
	static struct built built;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = built.data,
		    .repeat = repeat);
	int err;

	frame_build(frame, &built);
	opts.data_size_in = built.len;
	err = bpf_prog_test_run_opts(prog, &opts);
	errno = -err;
	if (err)
		ktap_bail("test run");
	*action = opts.retval;
	return opts.duration;
}

int frame_run(int prog, const struct frame *frame)
{
	int action;

	frame_cost(prog, frame, 1, &action);
	return action;
}

size_t hex_decode(const char *hex, __u8 *data, size_t size)
{
	int digits = 0, value = 0;
	size_t len = 0;

	for (; *hex && len < size; hex++) {
		if (!isxdigit((unsigned char)*hex))
			continue;
		value = value << 4 | (isdigit((unsigned char)*hex) ?
					      *hex - '0' :
					      (*hex | 0x20) - 'a' + 10);
		if (++digits % 2 == 0) {
			data[len++] = value;
			value = 0;
		}
	}
	return len;
}
