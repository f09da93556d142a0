// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP programs under traffic, on real cables (cable.h): one processor offers the
 * packets and, in the softirq that follows, receives them.
 *
 *   flood    live frames of test runs, as many as go through: throughput
 *   paced    a packet socket's, so many each second: share of the processor
 *   bounced  a packet socket's, one by one, sent back by the sink behind the
 *            program: round trip times
 *
 * In each run every subject has its turn, so that what disturbs the machine for
 * a while disturbs all of them. Writes a line for each, tabs between:
 *
 *   flood    MODE SUBJECT RUN SENT RECEIVED TIMED NANOSECONDS
 *   paced    MODE SUBJECT RUN SENT RECEIVED NANOSECONDS BUSY_NANOSECONDS
 *   bounced  MODE SUBJECT RUN SENT RECEIVED MEDIAN_NANOSECONDS P99_NANOSECONDS
 *   offload  DEVICE STEP RESULT
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <equic.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "cable.h"
#include "shape.h"
#include "subject.h"

enum {
	BATCH		= 64,	/* test runs send so many at once */
	PACED_BATCH	= 16,
	PATIENCE_NS	= 200000000,
	BOUNCES_MAX	= 100000,
};

static unsigned int runs = 30, flood_ms = 40, paced_ms = 40, bounces = 100;
static unsigned int rate = 4000;
static const char *gateway, *service_name;
static struct equic *equic;
static struct equic_key service;
static int softirq_stat = -1;

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Packets that came to an end behind the program, or at it. */
static __u64 received(const struct subject *subject)
{
	struct equic_stats stats;
	__u64 sum = shape_counted();

	if (!subject->equic)
		return sum;
	if (equic_stats_get(equic, &service, &stats))
		errx(1, "no counters: %s", equic_strerror(equic));
	return sum + stats.dropped_packets;
}

/* Packets that are still on their way come within PATIENCE_NS, or are lost. */
static __u64 await(const struct subject *subject, __u64 before, __u64 sent)
{
	__u64 came = received(subject) - before, seen, since = now();

	while (came < sent && now() - since < PATIENCE_NS) {
		sched_yield();
		seen = received(subject) - before;
		if (seen == came)
			continue;
		came = seen;
		since = now();
	}
	if (came > sent)
		errx(1, "%s: %llu packets came of %llu", subject->name, came,
		     sent);
	return came;
}

/* What one subject has on one cable. */
struct course {
	const struct cable	*cable;
	struct subject		*subject;
	int			source;
	unsigned int		packets;	/* of one flood */
};

/*
 * Sends @packets, of which @came came. A test run takes long to begin and to
 * end, so the source looks at the clock. When a batch begins, the one before it
 * has been received: the softirq runs between them. Returns the nanoseconds
 * that all but the last batch took.
 */
static __u64 flood_once(struct course *course, unsigned int packets,
			__u64 *came)
{
	const struct subject *subject = course->subject;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .repeat = packets,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH,
		    .data_in = subject->frame.data,
		    .data_size_in = subject->frame.len);
	struct shape_clock clock = { .left = packets, .first = packets,
				     .last = BATCH };
	__u64 before = received(subject);

	shape_clock_set(&clock);
	if (bpf_prog_test_run_opts(course->source, &opts))
		err(1, "%s: cannot send live frames", subject->name);
	shape_clock_get(&clock);
	*came = await(subject, before, packets);
	return clock.end - clock.start;
}

static void flood(struct course *course, unsigned int run)
{
	__u64 came, ns = flood_once(course, course->packets, &came);

	printf("flood\t%s\t%s\t%u\t%u\t%llu\t%u\t%llu\n",
	       course->cable->mode, course->subject->name, run, course->packets,
	       came, course->packets - BATCH, ns);
}

/* How many packets make a flood of the wanted length. */
static void calibrate(struct course *course)
{
	const unsigned int packets = 8 * BATCH;
	__u64 came, ns;

	cable_show(course->cable, course->subject->under_load,
		   course->subject->hops);
	flood_once(course, packets, &came);
	if (!came)
		errx(1, "%s, %s: nothing comes through", course->cable->mode,
		     course->subject->name);
	ns = flood_once(course, packets, &came) / (packets - BATCH) + 1;
	course->packets = (flood_ms * 1000000ULL / ns / BATCH + 2) * BATCH;
}

/* ksoftirqd takes over what this process does not get done. */
static void find_softirq(int cpu)
{
	char wanted[32], path[300], name[32];
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	FILE *file;

	snprintf(wanted, sizeof(wanted), "ksoftirqd/%d\n", cpu);
	while (dir && softirq_stat < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strcmp(name, wanted)) {
			snprintf(path, sizeof(path), "/proc/%s/schedstat",
				 entry->d_name);
			softirq_stat = open(path, O_RDONLY | O_CLOEXEC);
		}
		fclose(file);
	}
	if (dir)
		closedir(dir);
	if (softirq_stat < 0)
		errx(1, "no ksoftirqd/%d", cpu);
}

/* Of sending and receiving. */
static __u64 busy(void)
{
	char text[128] = "";
	struct timespec ts;

	if (pread(softirq_stat, text, sizeof(text) - 1, 0) <= 0)
		err(1, "cannot read ksoftirqd's time");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return strtoull(text, NULL, 10) + ts.tv_sec * 1000000000ULL +
	       ts.tv_nsec;
}

static void send_batch(const struct course *course)
{
	struct built *frame = &course->subject->frame;
	struct iovec iov = { .iov_base = frame->data, .iov_len = frame->len };
	struct mmsghdr messages[PACED_BATCH] = {};
	int i;

	for (i = 0; i < PACED_BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &iov;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	if (sendmmsg(course->cable->socket, messages, PACED_BATCH, 0) !=
	    PACED_BATCH)
		err(1, "%s: cannot send", course->subject->name);
}

static void paced(struct course *course, unsigned int run)
{
	unsigned int batches = rate * paced_ms / 1000 / PACED_BATCH ?: 1;
	__u64 gap = 1000000000ULL * PACED_BATCH / rate;
	__u64 before, came, start, at, spent;
	struct timespec next;
	unsigned int i;

	course->subject->frame.data[SHAPE_HOPS_OFF] = course->subject->hops;
	before = received(course->subject);
	spent = busy();
	start = now();
	for (i = 0; i < batches; i++) {
		send_batch(course);
		at = start + (i + 1) * gap;
		next.tv_sec = at / 1000000000;
		next.tv_nsec = at % 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	spent = busy() - spent;
	at = now() - start;
	came = await(course->subject, before, batches * PACED_BATCH);
	printf("paced\t%s\t%s\t%u\t%u\t%llu\t%llu\t%llu\n", course->cable->mode,
	       course->subject->name, run, batches * PACED_BATCH, came, at,
	       spent);
}

static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

/* Sends one and waits for it: 0 when it does not come back. */
static __u64 bounce(const struct course *course)
{
	int fd = course->cable->socket;
	struct pollfd poll_in = { .fd = fd, .events = POLLIN };
	struct built *frame = &course->subject->frame;
	__u64 start = now();
	char data[2048];
	ssize_t len;

	if (send(fd, frame->data, frame->len, 0) < 0)
		err(1, "%s: cannot send", course->subject->name);
	for (;;) {
		len = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (len > SHAPE_ECHO_OFF &&
		    (__u8)data[SHAPE_ECHO_OFF] == SHAPE_ECHO)
			return now() - start;
		if (len < 0 && poll(&poll_in, 1, PATIENCE_NS / 1000000) <= 0)
			return 0;
	}
}

static void bounced(struct course *course, unsigned int run)
{
	static __u64 times[BOUNCES_MAX];
	__u8 *data = course->subject->frame.data;
	__u8 source = data[SHAPE_ECHO_OFF];
	unsigned int i, came = 0;

	data[SHAPE_ECHO_OFF] = SHAPE_ECHO;
	data[SHAPE_HOPS_OFF] = course->subject->hops;
	for (i = 0; i < bounces; i++) {
		times[came] = bounce(course);
		came += times[came] != 0;
	}
	data[SHAPE_ECHO_OFF] = source;
	qsort(times, came, sizeof(times[0]), compare);
	printf("bounced\t%s\t%s\t%u\t%u\t%u\t%llu\t%llu\n", course->cable->mode,
	       course->subject->name, run, bounces, came,
	       came ? times[came / 2] : 0, came ? times[came * 99 / 100] : 0);
}

static void turn(struct course *course, unsigned int run)
{
	const struct subject *subject = course->subject;

	cable_show(course->cable, subject->under_load, subject->hops);
	flood(course, run);
	if (rate)
		paced(course, run);
	if (subject->one_by_one < 0 || !bounces)
		return;
	cable_show(course->cable, subject->one_by_one, subject->hops);
	bounced(course, run);
}

static void courses_run(struct course *courses, unsigned int n)
{
	unsigned int run, i;

	for (i = 0; i < n; i++)
		calibrate(&courses[i]);
	for (run = 0; run < runs; run++)
		/* Another one begins each time. */
		for (i = 0; i < n; i++)
			turn(&courses[(i + run) % n], run);
}

static void pin(void)
{
	int cpu = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "cannot stay on processor %d", cpu);
	find_softirq(cpu);
}

static void open_equic(void)
{
	struct equic_opts opts = EQUIC_INIT(opts, .netns = "xdp-gate");

	if (equic_key_parse(service_name, &service))
		errx(1, "no service: '%s'", service_name);
	if (equic_open(&equic, &opts))
		err(1, "cannot reach equic");
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "runs", required_argument, NULL, 'n' },
		{ "flood-ms", required_argument, NULL, 'f' },
		{ "paced-ms", required_argument, NULL, 'p' },
		{ "rate", required_argument, NULL, 'r' },
		{ "bounces", required_argument, NULL, 'b' },
		{ "gateway", required_argument, NULL, 'g' },
		{ "service", required_argument, NULL, 's' },
		{}
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			runs = atoi(optarg);
			break;
		case 'f':
			flood_ms = atoi(optarg);
			break;
		case 'p':
			paced_ms = atoi(optarg);
			break;
		case 'r':
			rate = atoi(optarg);
			break;
		case 'b':
			bounces = atoi(optarg);
			break;
		case 'g':
			gateway = optarg;
			break;
		case 's':
			service_name = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (bounces > BOUNCES_MAX)
		errx(2, "more than %d bounces", BOUNCES_MAX);
}

int main(int argc, char **argv)
{
	struct cable cables[2];
	struct subject *subjects;
	struct course *courses;
	unsigned int i, n;

	read_options(argc, argv);
	/* What is known when a machine dies is known. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	n = argc - optind;
	subjects = calloc(n, sizeof(*subjects));
	courses = calloc(2 * n, sizeof(*courses));
	if (!subjects || !courses)
		err(1, "no memory");
	pin();
	if (service_name)
		open_equic();
	/* In the service's namespace: test runs are in the caller's. */
	for (i = 0; i < n; i++)
		subject_read(&subjects[i], argv[optind + i], gateway);
	cable_offload("nat1");
	cable_open(&cables[0], "native", "nat");
	cable_open(&cables[1], "generic", "skb");
	for (i = 0; i < 2 * n; i++) {
		courses[i].cable = &cables[i / n];
		courses[i].subject = &subjects[i % n];
		courses[i].source = shape_load_source(cables[i / n].near,
						      subjects[i % n].hops);
	}
	courses_run(courses, 2 * n);
	equic_close(equic);
	return 0;
}
