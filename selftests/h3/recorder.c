// SPDX-License-Identifier: GPL-2.0-only
/*
 * libequic's reporting calls, each written as a line of JSON to the file that
 * EQUIC_RECORD names, for the test of the ngtcp2 hook: h3server-recorded is
 * h3server with these in front of libequic's. SIGUSR2 asks one of a process's
 * handles for a replay.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <equic.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct equic {
	struct equic_opts opts;
	uint32_t last_id;
	int signals;
	FILE *file;
};

static void add_bytes(json_object *line, const char *name, const void *data,
		      size_t len)
{
	char text[2 * EQUIC_CID_MAX_LEN + 1] = "";
	size_t i;

	if (!data)
		return;
	for (i = 0; i < len && i < EQUIC_CID_MAX_LEN; i++)
		sprintf(text + 2 * i, "%02x", ((const uint8_t *)data)[i]);
	json_object_object_add(line, name, json_object_new_string(text));
}

static void add_addr(json_object *line, const char *name,
		     const struct sockaddr *sa)
{
	const struct sockaddr_in6 *in6 = (const void *)sa;
	const struct sockaddr_in *in = (const void *)sa;
	char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];

	if (!sa)
		return;
	if (sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
	snprintf(text, sizeof(text), "%s %d", host,
		 ntohs(sa->sa_family == AF_INET6 ? in6->sin6_port :
						   in->sin_port));
	json_object_object_add(line, name, json_object_new_string(text));
}

static void record(struct equic *eq, const char *call,
		   const struct equic_report *report)
{
	json_object *line = json_object_new_object();

	json_object_object_add(line, "call", json_object_new_string(call));
	json_object_object_add(line, "pid", json_object_new_int(getpid()));
	if (report) {
		json_object_object_add(line, "id",
				       json_object_new_int64(report->id));
		add_addr(line, "peer", report->peer);
		add_addr(line, "local", report->local);
		add_bytes(line, "odcid", report->odcid, report->odcid_len);
		add_bytes(line, "scid", report->scid, report->scid_len);
		add_bytes(line, "cid", report->cid, report->cid_len);
	}
	fprintf(eq->file, "%s\n",
		json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
	fflush(eq->file);
	json_object_put(line);
}

int equic_open(struct equic **out, const struct equic_opts *opts)
{
	const char *path = getenv("EQUIC_RECORD");
	struct equic *eq = calloc(1, sizeof(*eq));
	sigset_t set;

	*out = NULL;
	if (!eq)
		return -ENOMEM;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	eq->opts = *opts;
	eq->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	eq->file = path ? fopen(path, "ae") : NULL;
	if (eq->signals < 0 || !eq->file) {
		free(eq);
		return -EINVAL;
	}
	*out = eq;
	return 0;
}

void equic_close(struct equic *eq)
{
	if (!eq)
		return;
	close(eq->signals);
	fclose(eq->file);
	free(eq);
}

const char *equic_strerror(struct equic *eq)
{
	(void)eq;
	return "EQUIC_RECORD names no file";
}

int equic_fd(struct equic *eq)
{
	return eq->signals;
}

int equic_submit(struct equic *eq)
{
	(void)eq;
	return 0;
}

int equic_dispatch(struct equic *eq)
{
	struct signalfd_siginfo info;

	if (read(eq->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	record(eq, "resync-begin", NULL);
	eq->opts.resync(eq, eq->opts.user);
	record(eq, "resync-end", NULL);
	return 0;
}

int equic_conn_accepted(struct equic *eq, struct equic_report *report)
{
	if (!report->id)
		report->id = ++eq->last_id;
	record(eq, "accepted", report);
	return 0;
}

int equic_conn_open(struct equic *eq, struct equic_report *report)
{
	record(eq, "open", report);
	return 0;
}

int equic_conn_close(struct equic *eq, const struct equic_report *report)
{
	record(eq, "close", report);
	return 0;
}

int equic_conn_move(struct equic *eq, const struct equic_report *report)
{
	record(eq, "move", report);
	return 0;
}

int equic_conn_cid(struct equic *eq, const struct equic_report *report,
		   bool add)
{
	record(eq, add ? "cid-add" : "cid-remove", report);
	return 0;
}
