// SPDX-License-Identifier: GPL-2.0-only
/*
 * killer PID NETNS SOURCE ADDR:PORT: how long after a server's death can
 * somebody else be served?
 *
 * Kills the process PID, which has ADDR:PORT, and takes its place there. From
 * the same moment on it sends, out of the namespace NETNS and from the address
 * SOURCE, a first Initial of another connection each millisecond, and prints
 * the microseconds until the first of them arrived.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../h3/net/addr.h"
#include "../h3/net/clock.h"
#include "../h3/net/udp.h"
#include "initial.h"

enum {
	GIVE_UP_S = 20,
	BETWEEN_INITIALS_NS = 1000000,
};

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret = fd < 0 ? -1 : setns(fd, CLONE_NEWNET);

	if (ret)
		fprintf(stderr, "killer: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

/* A socket of another namespace. */
static int open_there(const char *name, const union addr *source)
{
	char path[128];
	int fd, here;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (here < 0 || enter(path))
		return -1;
	fd = udp_open(source, 0);
	if (fd < 0)
		fprintf(stderr, "killer: socket: %s\n", strerror(-fd));
	if (setns(here, CLONE_NEWNET)) {
		perror("killer: setns");
		return -1;
	}
	close(here);
	return fd;
}

static void send_initial(int fd, const union addr *target, uint64_t *lots)
{
	uint8_t data[INITIAL_BYTES];
	struct handshake handshake;

	initial_choose(&handshake, lots);
	initial_put(data, &handshake, TYPE_INITIAL, handshake.dcid, lots);
	sendto(fd, data, sizeof(data), 0, &target->sa, addr_len(target));
}

/* Microseconds, or -1. */
static long run(pid_t pid, int sender, const union addr *target)
{
	uint64_t start_ns, next_ns, now_ns, lots = pid;
	int receiver = -1;
	uint8_t byte;

	start_ns = next_ns = now_ns = clock_ns();
	if (kill(pid, SIGKILL)) {
		perror("killer: kill");
		return -1;
	}
	while (now_ns < start_ns + GIVE_UP_S * NS_PER_S) {
		/* The address is taken until the dead one's socket is gone. */
		if (receiver < 0)
			receiver = udp_open(target, 0);
		if (receiver >= 0 &&
		    recv(receiver, &byte, 1, MSG_DONTWAIT) == 1)
			return (clock_ns() - start_ns) / 1000;
		now_ns = clock_ns();
		if (receiver < 0 || now_ns < next_ns)
			continue;
		send_initial(sender, target, &lots);
		next_ns = now_ns + BETWEEN_INITIALS_NS;
	}
	fprintf(stderr, "killer: nothing arrived in %d s\n", GIVE_UP_S);
	return -1;
}

int main(int argc, char **argv)
{
	union addr source, target;
	int sender;
	pid_t pid;
	long us;

	if (argc != 5 || (pid = atoi(argv[1])) <= 0 ||
	    addr_parse_host(&source, argv[3]) || addr_parse(&target, argv[4])) {
		fprintf(stderr, "usage: killer PID NETNS SOURCE ADDR:PORT\n");
		return 2;
	}
	sender = open_there(argv[2], &source);
	if (sender < 0)
		return 1;
	us = run(pid, sender, &target);
	if (us < 0)
		return 1;
	printf("%ld\n", us);
	return 0;
}
