// SPDX-License-Identifier: GPL-2.0-only
/* Without the module: reports succeed and do nothing, the rest says why not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "equic.h"
#include "expect.h"
#include "peer.h"

struct told {
	unsigned int n;
	bool in_order;
	int err;
	char text[128];
};

static void told(struct equic *eq, uint64_t cookie, int err, const char *text,
		 void *user)
{
	struct told *t = user;

	(void)eq;
	t->in_order &= cookie == t->n;
	t->n++;
	t->err = err;
	snprintf(t->text, sizeof(t->text), "%s", text);
}

static int never(struct equic *eq, void *user)
{
	(void)eq;
	(void)user;
	ktap_result(false, "nothing is replayed without a module");
	return 0;
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static struct equic *open_reporter(struct told *t)
{
	struct equic_opts opts = EQUIC_INIT(opts, .service = peer_service,
		.resync = never, .report_done = told, .user = t);
	struct equic *eq;
	int err = equic_open(&eq, &opts);

	if (err) {
		errno = -err;
		ktap_bail("equic_open");
	}
	return eq;
}

static void test_reports(void)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);
	struct told t = { .in_order = true };
	struct equic *eq = open_reporter(&t);
	struct peer p;
	uint32_t first = 0;
	int err = 0, i;

	for (i = 0; i < 1000; i++) {
		peer_init(&p, i, i);
		err |= equic_conn_accepted(eq, &p.report);
		if (!i)
			first = p.report.id;
		err |= equic_conn_open(eq, &p.report);
		err |= equic_conn_move(eq, &p.report);
		p.report.cid = "12345678";
		p.report.cid_len = 8;
		err |= equic_conn_cid(eq, &p.report, true);
		if (i % 2)
			err |= equic_conn_close(eq, &p.report);
		err |= equic_submit(eq);
		err |= equic_dispatch(eq);
	}
	expect_eq(err, 0, "every reporting call succeeds");
	expect_eq(p.report.id, first + 999, "ids are chosen all the same");
	equic_report_stats_get(eq, &stats);
	expect_eq(stats.state, EQUIC_REPORTING_NO_MODULE, "the state says why");
	expect_eq(stats.live, 500, "live connections keep their ids");
	expect_eq(stats.sent, 0, "nothing is sent");
	expect_eq(stats.queued, 0, "nothing is kept");
	expect_eq(stats.skipped, 4500, "and it is counted");
	expect_eq(is_readable(equic_fd(eq)), 0,
		  "the descriptor wakes nobody up");

	for (i = 0; i < 10; i++) {
		peer_init(&p, i, i);
		p.report.flags = EQUIC_REPORT_ACK;
		p.report.cookie = i;
		equic_conn_open(eq, &p.report);
	}
	expect_eq(is_readable(equic_fd(eq)), 1,
		  "an outcome that was asked for wakes up");
	expect_eq(equic_dispatch(eq), 0, "dispatch succeeds");
	expect_eq(t.n, 10, "outcomes are told, each once");
	expect_eq(t.in_order, 1, "in order");
	expect_eq(t.err, -ENOPKG, "they say that there is no module");
	expect_text(t.text, "modprobe equic", "and what to do");
	equic_inc_counter(eq, p.report.peer);
	expect_eq(equic_inc_counter(eq, p.report.peer), 0, "inc succeeds");
	expect_eq(equic_dec_counter(eq, p.report.peer), 0, "dec succeeds");
	equic_close(eq);
}

static void test_bad_reports(void)
{
	struct told t = { .in_order = true };
	struct equic *eq = open_reporter(&t), *plain;
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct peer p;

	peer_init(&p, 1, 1);
	p.report.peer = NULL;
	expect_eq(equic_conn_open(eq, &p.report), -EINVAL,
		  "a report without a client is refused");
	expect_text(equic_strerror(eq), "address", "in words");
	peer_init(&p, 1, 1);
	p.report.peer = &other;
	expect_eq(equic_conn_open(eq, &p.report), -EINVAL,
		  "an address that is no address is refused");
	peer_init(&p, 1, 1);
	p.report.odcid_len = 21;
	expect_eq(equic_conn_open(eq, &p.report), -EINVAL,
		  "a connection ID of 21 bytes is refused");
	expect_text(equic_strerror(eq), "21 bytes", "in words");
	peer_init(&p, 1, 1);
	p.report.size = 0;
	expect_eq(equic_conn_open(eq, &p.report), -EINVAL,
		  "a struct without its size is refused");
	peer_init(&p, 1, 1);
	expect_eq(equic_conn_move(eq, &p.report), -EINVAL,
		  "a move without an id is refused");
	expect_eq(equic_inc_counter(eq, &other), -EINVAL,
		  "inc of an address that is none is refused");
	equic_close(eq);

	equic_open(&plain, NULL);
	peer_init(&p, 1, 1);
	expect_eq(equic_conn_open(plain, &p.report), -EDESTADDRREQ,
		  "a handle without a service does not report");
	equic_close(plain);
}

static int count(const struct equic_service *service, void *user)
{
	(void)service;
	++*(int *)user;
	return 0;
}

static void test_management(void)
{
	struct equic_service service = EQUIC_INIT(service, .key = peer_service);
	struct {
		struct equic_service service;
		uint64_t newer;
	} grown = { .service.size = sizeof(grown), .newer = 1,
		    .service.key = peer_service };
	struct equic_stats stats;
	struct equic *eq;
	char text[16];
	int n = 0;

	expect_eq(equic_open(&eq, NULL), 0, "a handle opens");
	expect_eq(equic_module_loaded(eq), 0, "it knows that there is no module");
	expect_eq(equic_service_add(eq, &service), -ENOPKG,
		  "management says that there is no module");
	expect_text(equic_strerror(eq), "modprobe equic", "and what to do");
	expect_eq(equic_error(eq, text, sizeof(text)), -ENOPKG,
		  "the error can be read again");
	expect_eq(strlen(text), sizeof(text) - 1, "cut to the room there is");
	expect_eq(equic_stats_get(eq, NULL, &stats), -ENOPKG, "stats too");
	expect_eq(equic_service_list(eq, count, &n), -ENOPKG, "lists too");
	expect_eq(n, 0, "which call nobody");
	expect_eq(equic_service_add(eq, &grown.service), -EINVAL,
		  "a newer struct with a member set is refused");
	grown.newer = 0;
	expect_eq(equic_service_add(eq, &grown.service), -ENOPKG,
		  "a newer struct without is taken");
	service.key.port = 0;
	expect_eq(equic_service_add(eq, &service), -EINVAL,
		  "a service without a port is refused");
	expect_eq(equic_attach(eq, "lo", NULL), -ENOPKG,
		  "attaching says that there is no module");
	expect_eq(equic_attach(eq, "nosuchdev", NULL), -ENODEV,
		  "an unknown interface is told before");
	expect_text(equic_strerror(eq), "nosuchdev", "by its name");
	ktap_result(equic_events_fd(eq) >= 0,
		    "events can be waited for before there is a module");
	equic_close(eq);
	equic_close(NULL);
}

static void test_open_errors(void)
{
	struct equic_opts opts = EQUIC_INIT(opts, .netns = "nosuchnetns");
	struct equic *eq = (void *)1;
	int fd;

	expect_eq(equic_open(&eq, &opts), -ENOENT,
		  "a namespace that is none is refused");
	ktap_result(!eq, "and there is no handle");
	opts.netns = "/proc/self/ns/net";
	expect_eq(equic_open(&eq, &opts), 0, "a namespace can be given by path");
	equic_close(eq);
	opts.netns = NULL;
	opts.flags = 0x80;
	expect_eq(equic_open(&eq, &opts), -EINVAL, "unknown flags are refused");

	opts.flags = EQUIC_OPEN_NETLINK_FD;
	opts.netlink_fd = socket(AF_INET, SOCK_DGRAM, 0);
	expect_eq(equic_open(&eq, &opts), -EPROTOTYPE,
		  "a descriptor that is no netlink socket is refused");
	expect_eq(fcntl(opts.netlink_fd, F_GETFD), 0, "and left alone");
	close(opts.netlink_fd);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	opts.netlink_fd = fd;
	opts.service = peer_service;
	expect_eq(equic_open(&eq, &opts), 0, "a passed netlink socket is taken");
	expect_eq(fcntl(fd, F_GETFD), -1, "it is the handle's from then on");
	equic_close(eq);
}

static void test_fork(void)
{
	struct told t = { .in_order = true };
	struct equic *eq = open_reporter(&t);
	struct equic_stats stats;
	struct peer p;
	int status, bad;
	pid_t pid;

	peer_init(&p, 1, 1);
	pid = fork();
	if (!pid) {
		bad = equic_conn_open(eq, &p.report) != -EOWNERDEAD;
		bad |= equic_submit(eq) != -EOWNERDEAD;
		bad |= equic_dispatch(eq) != -EOWNERDEAD;
		bad |= equic_fd(eq) != -EOWNERDEAD;
		bad |= equic_stats_get(eq, NULL, &stats) != -EOWNERDEAD;
		bad |= equic_inc_counter(eq, p.report.peer) != -EOWNERDEAD;
		equic_close(eq);
		_exit(bad);
	}
	waitpid(pid, &status, 0);
	expect_eq(status, 0, "a child's calls give -EOWNERDEAD, but for close");
	expect_eq(equic_conn_open(eq, &p.report), 0, "the parent's go on");
	equic_close(eq);
}

static int flags_of(int fd)
{
	return fcntl(fd, F_GETFD);
}

static void test_cloexec(void)
{
	struct told t = { .in_order = true };
	int before[64], fd, bad = 0;
	struct equic *eq;

	for (fd = 0; fd < 64; fd++)
		before[fd] = flags_of(fd);
	eq = open_reporter(&t);
	equic_events_fd(eq);
	equic_module_loaded(eq);
	for (fd = 0; fd < 64; fd++)
		if (before[fd] < 0 && flags_of(fd) >= 0)
			bad += !(flags_of(fd) & FD_CLOEXEC);
	expect_eq(bad, 0, "every descriptor is close-on-exec");
	equic_close(eq);
	for (fd = 0; fd < 64; fd++)
		bad += before[fd] < 0 && flags_of(fd) >= 0;
	expect_eq(bad, 0, "close leaves none open");
}

static void *report_many(void *arg)
{
	struct equic *eq = arg;
	struct peer p;
	long bad = 0;
	int i;

	for (i = 0; i < 20000; i++) {
		peer_init(&p, i, i);
		bad |= equic_conn_accepted(eq, &p.report);
		bad |= equic_conn_close(eq, &p.report);
		bad |= equic_dispatch(eq);
	}
	return (void *)bad;
}

static void test_threads(void)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);
	struct told t = { .in_order = true };
	struct equic *eq = open_reporter(&t);
	pthread_t threads[4];
	void *res, *bad = NULL;
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, report_many, eq);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &res);
		bad = bad ?: res;
	}
	equic_report_stats_get(eq, &stats);
	ktap_result(!bad, "four threads share a handle");
	expect_eq(stats.live, 0, "and no id is left over");
	equic_close(eq);
}

int main(void)
{
	ktap_begin();
	if (!access("/sys/module/equic", F_OK)) {
		puts("1..0 # SKIP the module is loaded");
		return 0;
	}
	test_reports();
	test_bad_reports();
	test_management();
	test_open_errors();
	test_fork();
	test_cloexec();
	test_threads();
	return ktap_end();
}
