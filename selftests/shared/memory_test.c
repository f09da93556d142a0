// SPDX-License-Identifier: GPL-2.0-only
/* The memory that senders share: what is mapped, and what is not. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bpf_map.h"
#include "expect.h"
#include "ktap.h"
#include "memory.h"
#include "region.h"

enum { SIZE = sizeof(struct equic_shared) };

static void test_made(void)
{
	struct equic_shared *m, *other;
	int fd = -1;
	bool zero = true;
	size_t i;

	m = memory_make(0x1234, &fd);
	if (!m)
		ktap_bail("no memory");
	ktap_result(m->magic == EQUIC_SHARED_MAGIC && m->version == 1 &&
		    m->streams_max == 256 && m->size == SIZE &&
		    m->connection == 0x1234 && !memory_check(m),
		    "memory is made with its layout and the connection's name");
	expect_eq(m->number, EQUIC_NUMBER_STOP, "the second sender is stopped");
	for (i = offsetof(struct equic_shared, payload_max); i < SIZE; i++)
		zero &= i / 8 == offsetof(struct equic_shared, number) / 8 ||
			!((char *)m)[i];
	ktap_result(zero && !m->budget && !m->data_max,
		    "and nobody may send anything yet");
	ktap_result(ftruncate(fd, 0) && ftruncate(fd, 2 * SIZE) &&
		    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE),
		    "its size stays, and so do its seals");
	ktap_result(fcntl(fd, F_GETFD) & FD_CLOEXEC, "no program inherits it");

	other = memory_map(fd);
	if (!other)
		ktap_bail("cannot map it");
	m->budget = 77;
	other->data = 99;
	ktap_result(other != m && other->budget == 77 && m->data == 99,
		    "who maps it shares it");
	close(fd);
	memory_unmap(m);
	ktap_result(other->budget == 77, "as long as one has it");
	memory_unmap(other);
}

static void refused(int fd, int want, const char *what)
{
	struct equic_shared *m;

	errno = 0;
	m = memory_map(fd);
	if (m || errno != want)
		ktap_diag("%p: %s", m, strerror(errno));
	ktap_result(!m && errno == want, "%s is refused: %s", what, strerror(want));
	if (m)
		memory_unmap(m);
	close(fd);
}

static int memfd(size_t size, int seals)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING);
	struct equic_shared *m;

	if (ftruncate(fd, size))
		ktap_bail("ftruncate");
	m = mmap(NULL, size, PROT_WRITE, MAP_SHARED, fd, 0);
	if (m != MAP_FAILED && size >= SIZE)
		memory_init(m, 1);
	if (m != MAP_FAILED)
		munmap(m, size);
	if (seals)
		fcntl(fd, F_ADD_SEALS, seals);
	return fd;
}

static void test_descriptors(void)
{
	int pipe_fds[2];

	refused(-1, EBADF, "no descriptor");
	refused(memfd(SIZE, F_SEAL_GROW), EINVAL, "a memfd that may shrink");
	refused(memfd(SIZE, 0), EINVAL, "a memfd without seals");
	refused(memfd(SIZE - 1, F_SEAL_SHRINK), EINVAL, "a memfd that is too small");
	refused(memfd(0, F_SEAL_SHRINK), EINVAL, "an empty memfd");
	refused(memfd(SIZE, F_SEAL_SHRINK | F_SEAL_WRITE), EPERM,
		"a memfd that cannot be written");
	refused(open("/dev/zero", O_RDWR), EINVAL, "a device");
	refused(open("/dev/shm", O_TMPFILE | O_RDWR, 0600), EINVAL, "a file");
	if (pipe(pipe_fds))
		ktap_bail("no pipe");
	close(pipe_fds[1]);
	refused(pipe_fds[0], EINVAL, "a pipe");
}

/* Each of the layout's fields by itself. */
static void other_layout(size_t offset, size_t len, const char *what)
{
	int fd = memfd(SIZE, F_SEAL_SHRINK);
	__u8 *m = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	size_t i;

	for (i = 0; i < len; i++) {
		m[offset + i] ^= 1;
		if (memory_check((void *)m) != -EPROTO)
			ktap_diag("byte %zu is not looked at", i);
		if (i + 1 < len)
			m[offset + i] ^= 1;
	}
	ktap_result(memory_check((void *)m) == -EPROTO, "another %s is seen", what);
	refused(fd, EPROTO, what);
	munmap(m, SIZE);
}

#define OTHER(field) other_layout(offsetof(struct equic_shared, field), \
				  sizeof(((struct equic_shared *)0)->field), #field)

/* Of version 1: the kernel has them, too. */
#define IS_AT(type, field, at) (offsetof(struct type, field) == (at))

static void test_places(void)
{
	ktap_result(IS_AT(equic_shared, magic, 0) && IS_AT(equic_shared, version, 4) &&
		    IS_AT(equic_shared, streams_max, 6) && IS_AT(equic_shared, size, 8) &&
		    IS_AT(equic_shared, connection, 12) &&
		    IS_AT(equic_shared, payload_max, 16) &&
		    IS_AT(equic_shared, datagram_max, 20),
		    "what is known from the beginning has its place");
	ktap_result(IS_AT(equic_shared, number, 64) && IS_AT(equic_shared, budget, 128) &&
		    IS_AT(equic_shared, refused, 136) && IS_AT(equic_shared, data, 192) &&
		    IS_AT(equic_shared, data_max, 200) &&
		    IS_AT(equic_shared, heartbeat, 256) && IS_AT(equic_shared, streams, 320),
		    "words that all write have theirs, in cache lines of their own");
	ktap_result(IS_AT(equic_shared_stream, word, 0) && IS_AT(equic_shared_stream, id, 8) &&
		    IS_AT(equic_shared_stream, max, 16) &&
		    sizeof(struct equic_shared_stream) == 32 && SIZE == 320 + 256 * 32,
		    "so have streams");
	ktap_result(IS_AT(equic_record, number, 0) && IS_AT(equic_record, sent_ns, 8) &&
		    IS_AT(equic_record, connection, 16) && IS_AT(equic_record, size, 20) &&
		    IS_AT(equic_record, kind, 22) && IS_AT(equic_record, flags, 23) &&
		    IS_AT(equic_record, slot, 24) && IS_AT(equic_record, generation, 26) &&
		    IS_AT(equic_record, len, 28) && IS_AT(equic_record, offset, 32) &&
		    IS_AT(equic_record, cookie, 40) && sizeof(struct equic_record) == 48,
		    "and what is in a record");
}

static void test_layouts(void)
{
	int fd = memfd(SIZE + 8192, F_SEAL_SHRINK);
	struct equic_shared *m = memory_map(fd);

	ktap_result(m, "more room than is needed, which may grow, is mapped");
	if (m)
		memory_unmap(m);
	close(fd);
	OTHER(magic);
	OTHER(version);
	OTHER(streams_max);
	OTHER(size);
	fd = region_make("test", SIZE);
	refused(fd, EPROTO, "memory that nobody made ready");
}

static void test_maps(void)
{
	struct equic_shared *m, *raw;
	int fd;

	fd = bpf_map_make(BPF_MAP_TYPE_ARRAY, SIZE, 1, BPF_F_MMAPABLE);
	if (fd == -EPERM) {
		ktap_skip("BPF is not for this user", "a BPF array is mapped");
		return;
	}
	raw = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (raw == MAP_FAILED)
		ktap_bail("cannot map an array");
	ktap_result(!memory_map(fd) && errno == EPROTO,
		    "an array of zeroes is refused");
	memory_init(raw, 5);
	m = memory_map(fd);
	ktap_result(m && m->connection == 5, "a BPF array is mapped");
	if (m)
		memory_unmap(m);
	munmap(raw, SIZE);
	close(fd);
	refused(bpf_map_make(BPF_MAP_TYPE_ARRAY, SIZE, 1, 0), EINVAL,
		"an array that cannot be mapped");
	refused(bpf_map_make(BPF_MAP_TYPE_ARRAY, SIZE - 8, 2, BPF_F_MMAPABLE), EINVAL,
		"an array of elements that are too small");
	refused(bpf_map_make(BPF_MAP_TYPE_HASH, SIZE, 1, 0), EINVAL, "a hash");
	refused(bpf_map_make(BPF_MAP_TYPE_RINGBUF, 0, 16384, 0), EINVAL,
		"a ring buffer");
}

int main(void)
{
	ktap_begin();
	test_made();
	test_descriptors();
	test_places();
	test_layouts();
	test_maps();
	return ktap_end();
}
