// SPDX-License-Identifier: GPL-2.0-only
/* equic - quotas for QUIC in the driver: the operator's command. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <equic.h>

#include "print.h"
#include "sysfs.h"
#include "tool.h"

#define NETNS_DIR "/run/netns"

struct tool tool;

static const char usage_text[] =
"usage: equic [-j[son]] [-p[retty]] [-n NETNS] OBJECT COMMAND\n"
"\n"
"  equic service add ADDR:PORT [KNOB VALUE]...\n"
"  equic service set ADDR:PORT KNOB VALUE...\n"
"  equic service del ADDR:PORT\n"
"  equic service show [ADDR:PORT]\n"
"  equic client show [service ADDR:PORT] [PREFIX] [over] [sort FIELD] [limit N]\n"
"  equic conn show [service ADDR:PORT] [client PREFIX]\n"
"  equic feed service ADDR:PORT\n"
"  equic attach dev IFNAME [mode native|generic|auto] [check] [replace]\n"
"  equic detach dev IFNAME\n"
"  equic bypass on|off [service ADDR:PORT] [for TIME]\n"
"  equic status\n"
"  equic stats [service ADDR:PORT] [--watch SECONDS]\n"
"  equic monitor\n"
"  equic flush [service ADDR:PORT]\n"
"  equic key show\n"
"  equic help | version\n"
"\n"
"  KNOB   quota N|none            mode new|all|count   no-owner count|enforce\n"
"         enforce-percent 0..100  pending-timeout TIME default allow|deny\n"
"         on-overflow pass|drop   prefix4 1..32        prefix6 1..128\n"
"         owner-uid UID|none\n"
"  ADDR   192.0.2.1, [2001:db8::1], * for any address\n"
"  TIME   500ms, 10s, 15m\n"
"\n"
"Exit status: 0 done, 1 refused, 2 usage. See equic(8).\n";

static int cmd_help(struct args *args)
{
	(void)args;
	fputs(usage_text, stdout);
	return TOOL_OK;
}

static int cmd_version(struct args *args)
{
	struct json_object *object;
	char tool_version[32], module[32];
	bool loaded = sysfs_version(module, sizeof(module));
	int ret = args_end(args);

	if (ret)
		return ret;
	snprintf(tool_version, sizeof(tool_version), "%d.%d",
		 EQUIC_VERSION_MAJOR, EQUIC_VERSION_MINOR);
	if (!tool.json) {
		printf("equic %s%s%s\n", tool_version,
		       loaded ? ", module " : "", loaded ? module : "");
		return TOOL_OK;
	}
	object = json_object_new_object();
	json_add_string(object, "equic", tool_version);
	if (loaded)
		json_add_string(object, "module", module);
	json_begin();
	json_element(object);
	json_end();
	return TOOL_OK;
}

static const struct command objects[] = {
	{ "service", cmd_service },
	{ "client", cmd_client },
	{ "conn", cmd_conn },
	{ "feed", cmd_feed },
	{ "attach", cmd_attach },
	{ "detach", cmd_detach },
	{ "bypass", cmd_bypass },
	{ "status", cmd_status },
	{ "stats", cmd_stats },
	{ "monitor", cmd_monitor },
	{ "flush", cmd_flush },
	{ "key", cmd_key },
	{ "help", cmd_help },
	{ "version", cmd_version },
	{ "top", NULL },
	{ "metrics", NULL },
	{ NULL, NULL },
};

/* As ip-netns(8): a name under NETNS_DIR, or a path. */
static int enter_netns(const char *name)
{
	char path[PATH_MAX];
	int fd, ret = TOOL_OK;

	snprintf(path, sizeof(path), "%s%s%s", strchr(name, '/') ? "" : NETNS_DIR,
		 strchr(name, '/') ? "" : "/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refused("-n %s: cannot open %s: %s%s", name, path,
			       strerror(errno),
			       errno == ENOENT ?
			       ": \"ip netns list\" shows the names" : "");
	if (setns(fd, CLONE_NEWNET) < 0) {
		if (errno == EPERM)
			ret = refused("-n %s: entering it needs CAP_SYS_ADMIN: run as root",
				      name);
		else if (errno == EINVAL)
			ret = refused("-n %s: %s is not a network namespace: \"ip netns add\" makes one",
				      name, path);
		else
			ret = refused("-n %s: %s", name, strerror(errno));
	}
	close(fd);
	return ret;
}

static bool is_option(const char *word, const char *brief, const char *full)
{
	return !strcmp(word, brief) || !strcmp(word, full) ||
	       (word[0] == '-' && word[1] == '-' && !strcmp(word + 1, full));
}

/*
 * Takes the options out of the words: they come before the object in the
 * grammar, and are understood behind it too. What is left is the command's.
 */
static int take_options(int argc, char **argv, struct args *rest)
{
	int i;

	rest->v = argv;
	rest->n = 0;
	for (i = 1; i < argc; i++) {
		char *word = argv[i];

		if (is_option(word, "-j", "-json")) {
			tool.json = true;
		} else if (is_option(word, "-p", "-pretty")) {
			tool.pretty = true;
		} else if (!strcmp(word, "-jp") || !strcmp(word, "-pj")) {
			tool.json = tool.pretty = true;
		} else if (is_option(word, "-n", "-netns")) {
			if (i + 1 == argc)
				return usage_error("%s: the name of a network namespace is missing after it",
						   word);
			tool.netns = argv[++i];
		} else if (is_option(word, "-V", "-version")) {
			rest->v[0] = "version";
			rest->n = 1;
			return TOOL_OK;
		} else if (is_option(word, "-h", "-help")) {
			rest->v[0] = "help";
			rest->n = 1;
			return TOOL_OK;
		} else if (word[0] == '-' && !rest->n) {
			return usage_error("%s: no such option: -j, -p, -n NETNS, -h or -V",
					   word);
		} else {
			rest->v[rest->n++] = word;
		}
	}
	return TOOL_OK;
}

int main(int argc, char **argv)
{
	struct args args;
	int ret;

	ret = take_options(argc, argv, &args);
	if (ret)
		return ret;
	if (!args.n) {
		fputs(usage_text, stderr);
		return TOOL_USAGE;
	}
	if (tool.netns) {
		ret = enter_netns(tool.netns);
		if (ret)
			return ret;
	}
	ret = command_run(objects, NULL, &args);
	if (fflush(stdout) || ferror(stdout)) {
		if (errno == EPIPE)
			return ret;
		return refused("writing the output: %s", strerror(errno));
	}
	return ret;
}
