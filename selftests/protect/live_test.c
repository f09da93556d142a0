// SPDX-License-Identifier: GPL-2.0-only
/*
 * The packets of the RFCs, sent from one namespace to another: what happens to
 * them on the way is opened and sealed again, and the receiver, who verifies
 * checksums, notices nothing. The two and the cable: cable.h.
 */
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "cable.h"
#include "control.h"
#include "ktap.h"
#include "live.skel.h"
#include "vectors.h"

static struct live_bpf *skel;
static enum cable_where where;

static void passes(const struct vector *v)
{
	bool out = where == CABLE_TC_EGRESS;
	int from_ns = out ? cable_near : cable_far;
	int from = cable_socket(from_ns);
	int to = cable_socket(out ? cable_far : cable_near);
	int opener = key_add(&v->key, EQUIC_KEY_USE_OPEN);
	int sealer = key_add(&v->key, EQUIC_KEY_USE_SEAL);
	__u32 before = skel->bss->packets;
	__u8 got[2048];
	ssize_t len;

	skel->bss->opening.key = opener;
	skel->bss->sealing.key = sealer;
	skel->bss->opening.pn_off = vector_pn_off(v);
	skel->bss->sealing.pn_off = vector_pn_off(v);
	cable_send(from, from_ns, v->protected, v->protected_len,
		   v->protected_len);
	len = recv(to, got, sizeof(got), 0);
	ktap_diag("%zd bytes came, opened %d, sealed %d, number %llu", len,
		  skel->bss->opened, skel->bss->sealed, skel->bss->pn);
	ktap_result(skel->bss->packets == before + 1 && !skel->bss->opened &&
		    !skel->bss->sealed && skel->bss->pn == v->key.pn,
		    "%s: %s: is opened and sealed", cable_where_name(where), v->name);
	ktap_result(len == (ssize_t)v->protected_len &&
		    !memcmp(got, v->protected, len),
		    "%s: %s: and arrives as it was sent", cable_where_name(where), v->name);
	key_del(opener);
	key_del(sealer);
	close(from);
	close(to);
}

int main(void)
{
	const struct bpf_program *prog;

	ktap_begin();
	module_insert("");
	control_open();
	cable_lay();
	skel = live_bpf__open_and_load();
	if (!skel)
		ktap_bail("no programs");
	skel->bss->port = htons(CABLE_PORT);
	for (where = 0; where < __CABLE_WHERE_MAX; where++) {
		prog = where < CABLE_TC_INGRESS ? skel->progs.live_xdp :
						  skel->progs.live_tc;
		cable_attach(where, prog);
		vectors_each(passes);
		cable_attach(where, NULL);
	}
	live_bpf__destroy(skel);
	control_close();
	return ktap_end();
}
