// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that has an AF_XDP socket receive without copying shows its programs
 * that socket's memory, which the kernel maps page by page. Packets are opened
 * and sealed there as anywhere.
 */
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "cable.h"
#include "keyring.h"
#include "ktap.h"
#include "module.h"
#include "pieces.skel.h"
#include "sample.h"

enum {
	CHUNKS = 2048,		/* more than the device's ring takes */
	CHUNK = 4096,
};

static struct key key;
static struct pieces_bpf *skel;
static int near, far;		/* UDP sockets of the two ends */

/* A number of its own for each packet. */
static __u64 pn;

static void set(int fd, int option, const void *value, socklen_t len)
{
	if (setsockopt(fd, SOL_XDP, option, value, len))
		ktap_bail("AF_XDP: option %d", option);
}

/* All chunks are the driver's to receive into. */
static void give_chunks(int fd)
{
	struct xdp_mmap_offsets offsets;
	socklen_t len = sizeof(offsets);
	__u64 *chunks;
	char *ring;
	int i;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &len))
		ktap_bail("AF_XDP: offsets");
	ring = mmap(NULL, offsets.fr.desc + CHUNKS * sizeof(*chunks),
		    PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    XDP_UMEM_PGOFF_FILL_RING);
	if (ring == MAP_FAILED)
		ktap_bail("AF_XDP: fill ring");
	chunks = (__u64 *)(ring + offsets.fr.desc);
	for (i = 0; i < CHUNKS; i++)
		chunks[i] = (__u64)i * CHUNK;
	__atomic_store_n((__u32 *)(ring + offsets.fr.producer), CHUNKS,
			 __ATOMIC_RELEASE);
}

/* No packet is for it: the program has all go on to the stack. */
static int bind_zero_copy(void)
{
	struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_ZEROCOPY,
		.sxdp_ifindex = if_nametoindex("near0"),
	};
	struct xdp_umem_reg memory = {
		.len = CHUNKS * CHUNK,
		.chunk_size = CHUNK,
	};
	int fd = socket(AF_XDP, SOCK_RAW, 0), chunks = CHUNKS;
	void *area = mmap(NULL, memory.len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || area == MAP_FAILED)
		ktap_bail("AF_XDP");
	memory.addr = (unsigned long)area;
	set(fd, XDP_UMEM_REG, &memory, sizeof(memory));
	set(fd, XDP_UMEM_FILL_RING, &chunks, sizeof(chunks));
	set(fd, XDP_UMEM_COMPLETION_RING, &chunks, sizeof(chunks));
	set(fd, XDP_RX_RING, &chunks, sizeof(chunks));
	give_chunks(fd);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		ktap_bail("AF_XDP: no zero copy");
	return fd;
}

/* The packet that arrives when this one was sent. */
static bool arrives(const __u8 *sent, __u8 *got)
{
	cable_send(far, cable_far, sent, SAMPLE_LEN, SAMPLE_LEN);
	return recv(near, got, SAMPLE_LEN + 1, 0) == SAMPLE_LEN;
}

static void test_open(void)
{
	__u8 sent[SAMPLE_LEN], got[SAMPLE_LEN + 1];
	bool came;

	sample_seal(sent, &key, ++pn);
	came = arrives(sent, got);
	ktap_result(came && !skel->data->copied &&
		    sample_is_plain(skel->bss->plain),
		    "a packet is opened to a buffer");
	ktap_result(came && !skel->data->opened &&
		    sample_is_plain(got + SAMPLE_HEADER),
		    "and in place: it goes on in clear, its checksum right");
}

static void test_refused(void)
{
	__u8 sent[SAMPLE_LEN], got[SAMPLE_LEN + 1];

	sample_seal(sent, &key, ++pn);
	sent[SAMPLE_LEN - 1] ^= 1;
	ktap_result(arrives(sent, got) && skel->data->opened == -EBADMSG &&
		    !memcmp(sent, got, SAMPLE_LEN),
		    "one that is not authentic goes on as it came");
}

static void test_seal(int resealer)
{
	__u8 sent[SAMPLE_LEN], got[SAMPLE_LEN + 1];

	skel->bss->resealer = resealer;
	sample_seal(sent, &key, ++pn);
	ktap_result(arrives(sent, got) && !skel->data->opened &&
		    !skel->data->resealed && !memcmp(sent, got, SAMPLE_LEN),
		    "one that is opened and sealed again goes on as it came");
	ktap_result(arrives(sent, got) && skel->data->resealed == -EALREADY &&
		    sample_is_plain(got + SAMPLE_HEADER),
		    "once: its number is spent");
}

int main(void)
{
	int resealer, xsk;
	struct nl nl;

	ktap_begin();
	module_load("");
	key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0);
	nl_open(&nl);
	cable_lay_nics();
	skel = pieces_bpf__open_and_load();
	if (!skel)
		ktap_bail("no programs");
	skel->bss->port = htons(CABLE_PORT);
	skel->bss->pn_off = SAMPLE_PN_OFF;
	skel->bss->key = keyring_add(&nl, &key, EQUIC_KEY_USE_OPEN);
	resealer = keyring_add(&nl, &key, EQUIC_KEY_USE_SEAL);
	cable_attach(CABLE_XDP_NATIVE, skel->progs.pieces_xdp);
	xsk = bind_zero_copy();
	near = cable_socket(cable_near);
	far = cable_socket(cable_far);
	test_open();
	test_refused();
	test_seal(resealer);
	close(xsk);
	cable_attach(CABLE_XDP_NATIVE, NULL);
	cable_take_nics();
	pieces_bpf__destroy(skel);
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
