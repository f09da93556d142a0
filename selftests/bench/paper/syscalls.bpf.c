// SPDX-License-Identifier: GPL-2.0-only
/* Counts the system calls of one process: how many, how many failed, how long. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum {
	CALLS_MAX = 1024,
	THREADS_MAX = 64,
	ERRNO_MAX = 4095,
};

struct begun {
	__u64 number;
	__u64 ns;
};

struct tally {
	__u64 calls;
	__u64 errors;
	__u64 ns;
};

/* The process; 0: none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} process SEC(".maps");

/* By thread: the call that it is in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, THREADS_MAX);
	__type(key, __u32);
	__type(value, struct begun);
} begun SEC(".maps");

/* By number. The process has one thread, so nobody adds at the same time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CALLS_MAX);
	__type(key, __u32);
	__type(value, struct tally);
} tallies SEC(".maps");

/* The thread, if it is one of the process; or 0. */
static __u32 its_thread(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 zero = 0, *wanted;

	wanted = bpf_map_lookup_elem(&process, &zero);
	return wanted && *wanted == id >> 32 ? (__u32)id : 0;
}

/* args: the registers, the number */
SEC("raw_tp/sys_enter")
int enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct begun call = { .number = ctx->args[1] };
	__u32 thread = its_thread();

	if (!thread)
		return 0;
	call.ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&begun, &thread, &call, BPF_ANY);
	return 0;
}

/* args: the registers, what is returned */
SEC("raw_tp/sys_exit")
int leave(struct bpf_raw_tracepoint_args *ctx)
{
	__s64 ret = ctx->args[1];
	__u32 number, thread = its_thread();
	struct begun *call;
	struct tally *tally;

	if (!thread)
		return 0;
	call = bpf_map_lookup_elem(&begun, &thread);
	if (!call)
		return 0;
	number = call->number;
	tally = bpf_map_lookup_elem(&tallies, &number);
	if (tally) {
		tally->calls++;
		tally->errors += ret < 0 && ret >= -ERRNO_MAX;
		tally->ns += bpf_ktime_get_ns() - call->ns;
	}
	bpf_map_delete_elem(&begun, &thread);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
