// SPDX-License-Identifier: GPL-2.0-only
/*
 * Survive breakpoints that are only in QEMU's memory.
 *
 * Linux changes its code while other CPUs run it (static keys, tracepoints,
 * BPF dispatchers): it writes int3 over an instruction, then the new tail, then
 * the new first byte. QEMU's software emulation with a thread per CPU drops its
 * translations of a page just before it stores to the page. Another CPU that
 * translates the instruction between these two keeps an int3 that is in memory
 * no more, and the kernel dies of it: within seconds where one CPU switches a
 * static key and the other runs it, with QEMU 7.2 and 10.0 alike.
 *
 * No other byte can be kept: the first is the last to be written, and every
 * earlier translation is dropped by then. So, when a breakpoint is reported
 * that is not there, write its byte once more, which drops the translation,
 * and go on with the instruction.
 */
#include <linux/atomic.h>
#include <linux/kdebug.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <asm/processor-flags.h>
#include <asm/text-patching.h>

static atomic_t stale = ATOMIC_INIT(0);

/*
 * Interrupts are off: nothing else runs on this CPU while pages can be written.
 * Another one may change the byte meanwhile. cmpxchg() leaves that alone, and is
 * a store either way.
 */
static void rewrite(u8 *byte, u8 old)
{
	unsigned long cr0 = read_cr0();

	/* write_cr0() refuses to clear this bit. */
	asm volatile("mov %0, %%cr0" : : "r" (cr0 & ~X86_CR0_WP) : "memory");
	cmpxchg(byte, old, old);
	asm volatile("mov %0, %%cr0" : : "r" (cr0) : "memory");
}

static int on_die(struct notifier_block *block, unsigned long event, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	u8 *byte = (u8 *)regs->ip - INT3_INSN_SIZE;
	u8 old;

	if (event != DIE_INT3 || user_mode(regs))
		return NOTIFY_DONE;
	old = READ_ONCE(*byte);
	if (old == INT3_INSN_OPCODE)
		return NOTIFY_DONE;
	rewrite(byte, old);
	regs->ip = (unsigned long)byte;
	atomic_inc(&stale);
	return NOTIFY_STOP;
}

static struct notifier_block die_block = {
	.notifier_call = on_die,
	.priority = INT_MAX,
};

static int get_stale(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&stale));
}

static const struct kernel_param_ops stale_ops = { .get = get_stale };
module_param_cb(stale, &stale_ops, NULL, 0444);
MODULE_PARM_DESC(stale, "breakpoints survived");

static int __init stale_int3_init(void)
{
	return register_die_notifier(&die_block);
}

static void __exit stale_int3_exit(void)
{
	unregister_die_notifier(&die_block);
}

module_init(stale_int3_init);
module_exit(stale_int3_exit);
MODULE_DESCRIPTION("Survive breakpoints that are only in QEMU's memory");
MODULE_LICENSE("GPL");
