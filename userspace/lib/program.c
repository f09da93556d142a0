// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "device.h"
#include "gateway.skel.h"
#include "handle.h"
#include "program.h"

enum { VERIFIER_LOG_BYTES = 1 << 20 };

/* libbpf's print function is the process's, so this must be as well. */
static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;
static struct program_quiet *print_to;	/* print_lock */
static pthread_t print_thread;		/* print_lock */

__attribute__((format(printf, 2, 0)))
static int print_keep(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct program_quiet *to = print_to;
	size_t len;

	if (!to)
		return 0;
	if (!pthread_equal(print_thread, pthread_self()))
		return to->before ? to->before(level, fmt, ap) : 0;
	if (level != LIBBPF_WARN)
		return 0;
	len = strlen(to->text);
	return vsnprintf(to->text + len, sizeof(to->text) - len, fmt, ap);
}

void program_quiet(struct program_quiet *quiet)
{
	pthread_mutex_lock(&print_lock);
	quiet->text[0] = '\0';
	print_thread = pthread_self();
	print_to = quiet;
	quiet->before = libbpf_set_print(print_keep);
}

void program_loud(struct program_quiet *quiet)
{
	libbpf_set_print(quiet->before);
	print_to = NULL;
	pthread_mutex_unlock(&print_lock);
}

/* The last line with something in it, without what libbpf puts before it. */
static const char *last_line(char *text)
{
	size_t len = strlen(text);
	char *line;

	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		text[--len] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	return strncmp(line, "libbpf: ", 8) ? line : line + 8;
}

/* The line before libbpf's own summary is what the verifier objects to. */
static const char *verifier_words(char *log)
{
	char *line;

	for (;;) {
		line = (char *)last_line(log);
		if (strncmp(line, "processed ", 10) || line == log)
			return line;
		*(line - 1) = '\0';
	}
}

static struct bpf_object *object_open(const char *path,
				      const struct bpf_object_open_opts *opts)
{
	const void *elf;
	size_t size;

	if (path)
		return bpf_object__open_file(path, opts);
	elf = gateway_bpf__elf_bytes(&size);
	return bpf_object__open_mem(elf, size, opts);
}

static const char *object_path(const char *path)
{
	return path ?: secure_getenv("EQUIC_BPF_PATH");
}

static int object_readable(struct equic *eq, const char *path)
{
	int fd;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return handle_fail(eq, -errno, "cannot read the BPF object %s: %s",
				   path, strerror(errno));
	close(fd);
	return 0;
}

static int object_fail(struct equic *eq, const char *path)
{
	return handle_fail(eq, -ENOEXEC,
			   "%s is no BPF object with a program named " GATEWAY_PROGRAM,
			   path ?: "what was built into libequic");
}

int program_check(struct equic *eq, const char *path)
{
	struct program_quiet quiet;
	struct bpf_object *obj;
	bool good;
	int err;

	path = object_path(path);
	err = object_readable(eq, path);
	if (err)
		return err;
	program_quiet(&quiet);
	obj = object_open(path, NULL);
	good = obj && bpf_object__find_program_by_name(obj, GATEWAY_PROGRAM);
	bpf_object__close(obj);
	program_loud(&quiet);
	return good ? 0 : object_fail(eq, path);
}

/* The module, and its BTF: without either the loader's words are a riddle. */
static int module_check(struct equic *eq)
{
	int err;

	err = channel_open(eq, &eq->management);
	if (!err && !eq->management.family.id)
		err = channel_resolve(&eq->management);
	if (err)
		return handle_fail(eq, err, "cannot ask for the netlink family: %s",
				   strerror(-err));
	if (access("/sys/module/equic", F_OK) && !access("/sys/module", F_OK))
		return handle_fail(eq, -ENOPKG,
				   "equic.ko is not loaded: modprobe equic");
	if (!eq->management.family.id)
		return handle_fail(eq, -ENOPKG,
				   "equic.ko is not loaded: modprobe equic");
	if (!access("/sys/kernel/btf/vmlinux", F_OK) &&
	    access("/sys/kernel/btf/equic", F_OK))
		return handle_fail(eq, -ENODATA,
				   "no /sys/kernel/btf/equic: the module was built without BTF: install dwarves (pahole) and build it again");
	return 0;
}

static int load_fail(struct equic *eq, int err, char *log, char *text)
{
	const char *words = verifier_words(log);

	if (err == -EPERM && !*words)
		return handle_fail(eq, err,
				   "no permission to load a BPF program: this needs CAP_BPF and CAP_NET_ADMIN (root)");
	if (!*words)
		words = last_line(text);
	return handle_fail(eq, err, "the kernel refuses the gateway program: %s%s%s",
			   strerror(-err), *words ? ": " : "", words);
}

int program_load(struct equic *eq, const char *path)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct program_quiet quiet;
	struct bpf_program *prog = NULL;
	struct bpf_object *obj;
	int err, fd = -1;
	char *log;

	path = object_path(path);
	err = module_check(eq) ?: object_readable(eq, path);
	if (err)
		return err;
	log = calloc(1, VERIFIER_LOG_BYTES);
	if (!log)
		return handle_fail(eq, -ENOMEM, "out of memory");
	opts.kernel_log_buf = log;
	opts.kernel_log_size = VERIFIER_LOG_BYTES;

	program_quiet(&quiet);
	obj = object_open(path, &opts);
	if (obj)
		prog = bpf_object__find_program_by_name(obj, GATEWAY_PROGRAM);
	if (prog)
		err = bpf_object__load(obj);
	if (prog && !err) {
		fd = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 0);
		err = fd < 0 ? -errno : 0;
	}
	bpf_object__close(obj);
	program_loud(&quiet);

	if (!prog)
		err = object_fail(eq, path);
	else if (err)
		err = load_fail(eq, err, log, quiet.text);
	free(log);
	return err ?: fd;
}
