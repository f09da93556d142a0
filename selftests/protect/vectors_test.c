// SPDX-License-Identifier: GPL-2.0-only
/*
 * The packets that RFC 9001 and RFC 9369 give as examples: opened and sealed
 * from XDP and from TC, to the byte.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "control.h"
#include "datagram.h"
#include "ktap.h"
#include "vectors.h"

static const char *hook;

static void clear_packet(const struct vector *v, struct datagram *datagram)
{
	__u8 packet[1600] = { };

	memcpy(packet, v->header, v->header_len);
	memcpy(packet + v->header_len, v->payload, v->payload_len);
	datagram_build(datagram, packet, v->protected_len);
}

/* A key that expects the packet's number, as its receiver would. */
static int opening_key(const struct vector *v)
{
	int id = key_add(&v->key, EQUIC_KEY_USE_OPEN);

	if (id <= 0)
		ktap_bail("no key for %s: %d", v->name, id);
	return id;
}

static void open_in_place(const struct vector *v)
{
	const struct bpf_equic_packet *packet = &packet_args()->packet;
	static struct datagram datagram;
	int id = opening_key(v), ret;
	const __u8 *got = datagram.frame + DATAGRAM_PACKET;

	datagram_build(&datagram, v->protected, v->protected_len);
	packet_describe(&datagram, id, vector_pn_off(v));
	ret = datagram_run(hook, "open", &datagram);
	ktap_diag("result %d, number %llu, payload of %u at %u", ret,
		  packet->pn, packet->payload_len, packet->payload_off);
	ktap_result(!ret && packet->pn == v->key.pn && !packet->epoch &&
		    packet->payload_off == DATAGRAM_PACKET + v->header_len &&
		    packet->payload_len == v->payload_len &&
		    !memcmp(got, v->header, v->header_len) &&
		    !memcmp(got + v->header_len, v->payload, v->payload_len),
		    "%s: %s: opens in place", hook, v->name);
	ktap_result(datagram_csum_ok(&datagram),
		    "%s: %s: and the checksum is right", hook, v->name);
	key_del(id);
}

static void open_copy(const struct vector *v)
{
	const struct bpf_equic_packet *packet = &packet_args()->packet;
	static struct datagram datagram, before;
	int id = opening_key(v), ret;

	datagram_build(&datagram, v->protected, v->protected_len);
	before = datagram;
	packet_describe(&datagram, id, vector_pn_off(v));
	ret = datagram_run(hook, "open_copy", &datagram);
	ktap_diag("result %d, number %llu, payload of %u at %u", ret,
		  packet->pn, packet->payload_len, packet->payload_off);
	ktap_result(!ret && packet->pn == v->key.pn && !packet->payload_off &&
		    packet->payload_len == v->payload_len &&
		    !memcmp(packet_plain(), v->payload, v->payload_len),
		    "%s: %s: opens to a buffer", hook, v->name);
	ktap_result(datagram.len == before.len &&
		    !memcmp(datagram.frame, before.frame, before.len),
		    "%s: %s: and stays what it is", hook, v->name);
	key_del(id);
}

static void seal(const struct vector *v)
{
	struct bpf_equic_packet *packet = &packet_args()->packet;
	static struct datagram datagram;
	int id = key_add(&v->key, EQUIC_KEY_USE_SEAL), ret;

	clear_packet(v, &datagram);
	packet_describe(&datagram, id, vector_pn_off(v));
	packet->pn = v->key.pn;
	ret = datagram_run(hook, "seal", &datagram);
	ktap_diag("result %d", ret);
	ktap_result(!ret && packet->payload_len == v->payload_len &&
		    !memcmp(datagram.frame + DATAGRAM_PACKET, v->protected,
			    v->protected_len),
		    "%s: %s: seals", hook, v->name);
	ktap_result(datagram_csum_ok(&datagram),
		    "%s: %s: and the checksum is right", hook, v->name);
	key_del(id);
}

static void act(const struct vector *v)
{
	open_in_place(v);
	open_copy(v);
	seal(v);
}

int main(void)
{
	static const char * const hooks[] = { "xdp", "skb" };
	int i, err;

	ktap_begin();
	module_insert("");
	control_open();
	programs_load();
	for (i = 0; i < 2; i++) {
		hook = hooks[i];
		vectors_each(act);
	}
	control_close();
	programs_unload();
	/* The kernel frees programs after a grace period. */
	while ((err = module_remove()) == -EBUSY || err == -EWOULDBLOCK)
		usleep(10000);
	ktap_result(!err, "the module can be removed: %d", err);
	return ktap_end();
}
