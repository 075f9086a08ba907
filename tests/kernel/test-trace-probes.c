/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside trace`: each kind of probe and what a script can have of it, by doing the thing. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/scene.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"
#include "tests/kernel/lib/tracing.h"

/* Most rows leave out what they do not need. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define MINE "/pid == cpid/"

static const struct tracing_row kprobes[] = {
	{ "kprobe: arguments by number",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallocate " MINE " { printf(\"%d %d %d\\n\", arg1, arg2, arg3); }",
	  { "^3 4096 8192$" } },
	{ "kprobe: arguments by name",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallocate " MINE
	  " { printf(\"%d %d %d %s\\n\", args.mode, args.offset, args.len,"
	  " str(args.file->f_path.dentry->d_name.name)); }",
	  { "^3 4096 8192 memfd:traced$" } },
	{ "kprobe: a struct behind an argument",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallocate " MINE
	  " { $f = (struct file *)arg0; printf(\"%s\\n\", str($f->f_path.dentry->d_name.name)); }",
	  { "^memfd:traced$" } },
	{ "kprobe: func, probe, registers",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallocate " MINE
	  " { printf(\"%s %s %s\\n\", func, probe, ksym(reg(\"ip\"))); }",
	  { "^vfs_fallocate kprobe:vfs_fallocate vfs_fallocate" } },
	{ "kprobe: an offset",
	  NEED_KPROBE,
	  "fallocate",
	  "config = { missing_probes = \"ignore\" }"
	  "kprobe:vfs_fallocate+4, kprobe:vfs_fallocate+5, kprobe:vfs_fallocate+9 " MINE
	  " { printf(\"%s\\n\", func); }",
	  { "^vfs_fallocate$" } },
	{ "kprobe: a pattern",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fall*, kprobe:do_exit* " MINE " { printf(\"%s %s\\n\", func, probe); }",
	  { "^vfs_fallocate kprobe:[a-z:]*vfs_fallocate$", "^do_exit kprobe:[a-z:]*do_exit$" } },
	{ "kprobe: a pattern, where it does not matter which",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallo*, kprobe:vfs_fsync* " MINE " { @[pid == cpid] = count(); }",
	  { "^@\\[true\\]: 2$" } },
	{ "kprobe: a pattern for many, counted by function",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_* " MINE " { @[func] = count(); }",
	  { "^@\\[vfs_fallocate\\]: 2$" } },
	{ "kprobe: two of the same function",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallocate " MINE " { @a++; } kprobe:vfs_fallocate " MINE " { @b++; }",
	  { "^@a: 2$", "^@b: 2$" } },
	{ "kprobe: the kernel's stack",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallocate " MINE " { @[kstack(3)] = count(); }",
	  { "^@\\[\n +vfs_fallocate\\+[0-9]+\n(.*\n)+\\]: 2$" } },
	{ "kprobe: stacks of other forms",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallocate /pid == cpid && arg1 == 3/"
	  " { printf(\"%s\\n\", kstack(perf, 2)); printf(\"%s\\n\", kstack(raw, 1)); print(len(kstack)); }",
	  { "^[[:blank:]]+[0-9a-f]+ vfs_fallocate\\+", "^ *(0x)?ffffffff[0-9a-f]+$", "^[0-9]+$" } },
	{ "kretprobe: what it returned",
	  NEED_KPROBE,
	  "fallocate",
	  "kretprobe:vfs_fallocate " MINE " { printf(\"%d %s\\n\", (int32)retval, func); }",
	  { "^0 vfs_fallocate$", "^-(22|95) vfs_fallocate$" } },
	{ "kretprobe: a pattern",
	  NEED_KPROBE,
	  "fallocate",
	  "kretprobe:vfs_fallo*, kretprobe:vfs_fsync* " MINE
	  " { printf(\"%s %d %s\\n\", func, (int32)retval, probe); }",
	  { "^vfs_fallocate -(22|95) kretprobe:[a-z:]*vfs_fallocate$" } },
	{ "kprobe and kretprobe: how long it takes",
	  NEED_KPROBE,
	  "fallocate",
	  "kprobe:vfs_fallocate " MINE " { @start[tid] = nsecs; }"
	  "kretprobe:vfs_fallocate /@start[tid]/ { @ns = hist(nsecs - @start[tid]); delete(@start, tid); }",
	  { "^@ns: *$", "^\\[.*\\).* 1 \\|@+" },
	  .not_want = "^@start" },
	{ "kprobe: by the name of a module",
	  NEED_MODULE,
	  "loop",
	  "kprobe:loop:loop_control_ioctl " MINE " { printf(\"%x %d\\n\", arg1, arg2); }",
	  { "^4c99 5$" } },
	{ "kprobe: a function of a module",
	  NEED_MODULE,
	  "loop",
	  "kprobe:loop_control_ioctl " MINE " { printf(\"%s\\n\", kstack(1)); }",
	  { "^ +loop_control_ioctl\\+[0-9]+" } },
	{ "kprobe: a pattern in a module",
	  NEED_MODULE,
	  "loop",
	  "kprobe:loop:loop_control_* " MINE " { printf(\"%s\\n\", func); }",
	  { "^loop_control_ioctl$" } },
	{ "kprobe: the result is another's",
	  NEED_OVERRIDE,
	  "getpgid",
	  "kprobe:__x64_sys_getpgid " MINE " { override(-34); }"
	  "tracepoint:syscalls:sys_exit_getpgid " MINE " { printf(\"%d\\n\", args.ret); }",
	  { "^-34$" },
	  { "--unsafe" } },
};

static const struct tracing_row fentries[] = {
	{ "fentry: arguments",
	  NEED_FENTRY,
	  "fallocate",
	  "fentry:vfs_fallocate " MINE
	  " { printf(\"%d %d %d\\n\", args.mode, args.offset, args.len); }",
	  { "^3 4096 8192$" } },
	{ "fentry: structs along pointers",
	  NEED_FENTRY,
	  "fallocate",
	  "fentry:vfs_fallocate " MINE
	  " { printf(\"%s %d %d\\n\", str(args.file->f_path.dentry->d_name.name),"
	  " args.file->f_path.dentry->d_name.len, args.file->f_inode->i_sb->s_magic == 0x01021994); }",
	  { "^memfd:traced 12 1$" } },
	{ "fentry: a path",
	  NEED_FENTRY,
	  "fallocate",
	  "fentry:vfs_fallocate " MINE " { printf(\"[%s]\\n\", path(args.file->f_path)); }",
	  { "^\\[/memfd:traced" } },
	{ "fentry: probe, func, stack",
	  NEED_FENTRY,
	  "fallocate",
	  "fentry:vfs_fallocate " MINE " { printf(\"%s %s\\n%s\\n\", probe, func, kstack); }",
	  { "^fentry:vmlinux:vfs_fallocate vfs_fallocate$", "^ +.*sys_fallocate\\+[0-9]+" } },
	{ "fexit: result and arguments",
	  NEED_FENTRY,
	  "fallocate",
	  "fexit:vfs_fallocate " MINE " { printf(\"%d %d\\n\", args.mode, retval); }",
	  { "^3 0$", "^24 -(22|95)$" } },
	{ "fentry, fexit: patterns",
	  NEED_FENTRY,
	  "fallocate",
	  "fentry:vfs_falloc*, fexit:vfs_falloc* " MINE " { printf(\"%s %s\\n\", probe, func); }",
	  { "^fentry:vmlinux:vfs_fallocate vfs_fallocate$",
	    "^fexit:vmlinux:vfs_fallocate vfs_fallocate$" } },
	{ "fentry, fexit: how long it takes",
	  NEED_FENTRY,
	  "fallocate",
	  "fentry:vfs_fallocate " MINE " { @start[tid] = nsecs; }"
	  "fexit:vfs_fallocate /@start[tid]/ { @n += (nsecs - @start[tid] > 0); delete(@start[tid]); }",
	  { "^@n: 2$" } },
	{ "kfunc, kretfunc: their older names",
	  NEED_FENTRY,
	  "fallocate",
	  "kfunc:vfs_fallocate " MINE " { printf(\"%d\\n\", args->mode); }"
	  "kretfunc:vfs_fallocate " MINE " { printf(\"=%d\\n\", retval); }",
	  { "^3$", "^=0$" } },
	{ "fexit: a pointer is returned",
	  NEED_FENTRY,
	  "exec",
	  "config = { missing_probes = ignore } fexit:do_filp_open, fexit:do_file_open " MINE
	  " { if (retval > 0) { @ = count(); } }",
	  { "^@: [1-9]" } },
	{ "fentry: a module's function",
	  NEED_MODULE_TYPES,
	  "loop",
	  "fentry:loop:loop_control_ioctl " MINE " { printf(\"%x %d\\n\", args.cmd, args.parm); }",
	  { "^4c99 5$" } },
	{ "fexit: a module's function",
	  NEED_MODULE_TYPES,
	  "loop",
	  "fexit:loop:loop_control_ioctl " MINE " { printf(\"%d\\n\", retval); }",
	  { "^-38$" } },
	{ "fentry: a module's function, wherever it is",
	  NEED_MODULE_TYPES,
	  "loop",
	  "fentry:loop_control_ioct* " MINE " { printf(\"%s\\n\", probe); }",
	  { "^fentry:loop:loop_control_ioctl$" } },
};

static const struct tracing_row tracepoints[] = {
	{ "tracepoint: a system call",
	  NEED_NOTHING,
	  "getpgid",
	  "tracepoint:syscalls:sys_enter_getpgid " MINE " { printf(\"%d\\n\", args.pid); }"
	  "tracepoint:syscalls:sys_exit_getpgid " MINE " { printf(\"=%d\\n\", args.ret); }",
	  { "^67108863$", "^=-3$" } },
	{ "tracepoint: a pattern of system calls",
	  NEED_NOTHING,
	  "getpgid",
	  "tracepoint:syscalls:sys_enter_getpg* " MINE " { @[probe] = count(); }",
	  { "^@\\[tracepoint:syscalls:sys_enter_getpgid\\]: 2$" } },
	{ "tracepoint: a pattern of groups",
	  NEED_NOTHING,
	  "exec",
	  "tracepoint:sch*:sched_process_ex* " MINE " { @[probe] = count(); }",
	  { "^@\\[tracepoint:sched:sched_process_exec\\]: 2$",
	    "^@\\[tracepoint:sched:sched_process_exit\\]: 1$" } },
	{ "tracepoint: a string of its own length",
	  NEED_NOTHING,
	  "exec",
	  "tracepoint:sched:sched_process_exec " MINE
	  " { printf(\"[%s] %d\\n\", str(args.filename), args.pid == cpid); }",
	  { "^\\[{self}\\] 1$" } },
	{ "tracepoint: an array",
	  NEED_NOTHING,
	  "thread",
	  "tracepoint:task:task_newtask " MINE
	  " { printf(\"[%s] %d\\n\", args.comm, args.pid > pid); }",
	  { "^\\[test-trace-prob\\] 1$" } },
	{ "tracepoint: all arguments",
	  NEED_NOTHING,
	  "getpgid",
	  "tracepoint:syscalls:sys_enter_getpgid " MINE " { print(args); }",
	  { "\\.pid = 67108863" } },
	{ "tracepoint: arguments of a new program",
	  NEED_NOTHING,
	  "exec",
	  "tracepoint:syscalls:sys_enter_execve " MINE
	  " { join(args.argv); join(args.argv, \",\"); }",
	  { "^traced nothing two words$", "^traced,nothing,two words$" } },
	{ "tracepoint: a signal",
	  NEED_NOTHING,
	  "signal",
	  "tracepoint:signal:signal_generate /pid == cpid && args.sig == 12/"
	  " { printf(\"%s %s\\n\", signal_name(args.sig), args.comm); }",
	  { "^SIGUSR2 test-trace-prob$" } },
	{ "tracepoint: strings longer than a script's",
	  NEED_NOTHING,
	  "open",
	  "tracepoint:syscalls:sys_enter_openat " MINE
	  " { $s = str(args.filename); printf(\"%d [%s]\\n\", strlen($s), $s); }",
	  { "^18 \\[/nonexistent/short\\]$", "^102[34] \\[/nonexistent/x+\\.\\.\\]$" } },
	{ "tracepoint: the kernel's stack",
	  NEED_NOTHING,
	  "thread",
	  "tracepoint:task:task_newtask " MINE " { printf(\"%s|\\n\", kstack); }",
	  { "^ +.+\\+[0-9]+\n" } },
	{ "tracepoint: the process's stack",
	  NEED_NOTHING,
	  "getpgid stay",
	  "tracepoint:syscalls:sys_enter_getpgid /pid == cpid && args.pid == 0/"
	  " { printf(\"%s|\\n\", ustack); exit(); }",
	  { "^ +.*getpgid\\+[0-9]+" } },
	{ "tracepoint: a system call's structs",
	  NEED_NOTHING,
	  "writev",
	  "struct part { char *base; uint64 len; }"
	  "tracepoint:syscalls:sys_enter_writev " MINE
	  " { $p = (struct part *)args.vec; printf(\"%d %s %d %s\\n\", args.vlen, str($p->base),"
	  " ($p + 1)->len, str($p[1].base)); }",
	  { "^2 one 6 three$" } },
	{ "rawtracepoint: arguments by number",
	  NEED_NOTHING,
	  "getpgid",
	  "rawtracepoint:sys_exit " MINE " { @[arg1] = count(); }",
	  { "^@\\[(-3|18446744073709551613)\\]: 1$" } },
	{ "rawtracepoint: arguments with types",
	  NEED_BTF_TP,
	  "exec",
	  "rawtracepoint:sched_process_exec " MINE
	  " { printf(\"[%s] %d %s\\n\", str(args.bprm->filename), args.p->tgid == pid, args.p->comm); }",
	  { "^\\[{self}\\] 1 " } },
	{ "rawtracepoint: a pattern",
	  NEED_NOTHING,
	  "exec",
	  "rawtracepoint:sched_process_ex* " MINE " { @[probe] = count(); }",
	  { "^@\\[rawtracepoint:[a-z:]*sched_process_exec\\]: 2$" } },
};

static const struct tracing_row uprobes[] = {
	{ "uprobe: arguments",
	  NEED_NOTHING,
	  "functions",
	  "uprobe:{self}:traced_seven { printf(\"%d %d %s %d %d\\n\", (int32)arg0, arg1, str(arg2),"
	  " (int16)arg4, (uint8)arg5); }",
	  { "^-1 1099511627776 a text -5 200$" } },
	{ "uprobe: an argument on the stack",
	  NEED_NOTHING,
	  "functions",
	  "uprobe:{self}:traced_seven { printf(\"%d\\n\", sarg0); }",
	  { "^77$" } },
	{ "uprobe: structs of the script",
	  NEED_NOTHING,
	  "functions",
	  "struct pair { int number; char name[20]; unsigned short low : 3, high : 9;"
	  " struct pair *next; int table[2][3]; }"
	  "uprobe:{self}:traced_seven { $p = (struct pair *)arg3;"
	  " printf(\"%d %s %d %d %d %s %d\\n\", $p->number, $p->name, $p->low, $p->high,"
	  " $p->next->number, $p->next->name, $p->table[1][2]); }",
	  { "^-11 first 5 300 22 second 6$" } },
	{ "uprobe: a whole struct",
	  NEED_NOTHING,
	  "functions",
	  "struct two { int number; char name[20]; }"
	  "uprobe:{self}:traced_seven { $p = *(struct two *)arg3; print($p); @ = $p; }",
	  { "^\\{ \\.number = -11, \\.name = first \\}$",
	    "^@: \\{ \\.number = -11, \\.name = first \\}$" } },
	{ "uretprobe: what it returned",
	  NEED_NOTHING,
	  "functions stay",
	  "uretprobe:{self}:traced_outer { printf(\"%d %s\\n\", retval, func); exit(); }",
	  { "^43 traced_outer$" } },
	{ "uprobe: an offset",
	  NEED_NOTHING,
	  "steps",
	  "uprobe:{self}:traced_steps+1 { @a++; } uprobe:{self}:traced_steps+3 { @b++; }",
	  { "^@a: 1000$", "^@b: 1000$" } },
	{ "uprobe: a pattern",
	  NEED_NOTHING,
	  "functions",
	  "uprobe:{self}:traced_*ter, uprobe:{self}:traced_inner { printf(\"%s %s %d\\n\", func, probe, arg0); }",
	  { "^traced_outer uprobe:{self}:traced_outer 20$",
	    "^traced_inner uprobe:{self}:traced_inner 21$" } },
	{ "uprobe: a pattern, where it does not matter which",
	  NEED_NOTHING,
	  "functions",
	  "uprobe:{self}:traced_[io]* { @ = count(); }",
	  { "^@: 2$" } },
	{ "uretprobe: a pattern",
	  NEED_NOTHING,
	  "functions stay",
	  "uretprobe:{self}:traced_[io]* { printf(\"%s %d\\n\", func, retval); if (++@n == 2) { exit(); } }",
	  { "^traced_inner 42$", "^traced_outer 43$" } },
	{ "uprobe: the process's stack",
	  NEED_NOTHING,
	  "functions stay",
	  "uprobe:{self}:traced_inner { printf(\"%s|\\n\", ustack(2)); print(usym(reg(\"ip\"))); exit(); }",
	  { "^ +traced_inner\\+0\n", "^traced_inner$" } },
	{ "uprobe: stacks of other forms",
	  NEED_NOTHING,
	  "functions stay",
	  "uprobe:{self}:traced_inner { print(ustack(perf, 1)); print(ustack(raw, 1)); @[ustack, comm] = count(); exit(); }",
	  { "^[[:blank:]]+[0-9a-f]+ traced_inner\\+0", "^@\\[\n +traced_inner\\+0\n" } },
	{ "uprobe: the address of a variable",
	  NEED_NOTHING,
	  "functions",
	  "uprobe:{self}:traced_inner { printf(\"%d\\n\", ((uint64)uaddr(\"traced_inner\") & 4095) == (reg(\"ip\") & 4095)); }",
	  { "^1$" } },
#if defined(__x86_64__)
	{ "usdt: registers",
	  NEED_NOTHING,
	  "usdt",
	  "usdt:{self}:traced:registers { printf(\"%d %d %d %d %d\\n\", arg0, arg1, arg2, arg3, arg4); }",
	  { "^-7 1099511627776 9029 -1 255$" } },
	{ "usdt: constants",
	  NEED_NOTHING,
	  "usdt",
	  "usdt:{self}:traced:constants { printf(\"%d %d %d\\n\", arg0, arg1, arg2); }",
	  { "^-9 77 -1$" } },
	{ "usdt: memory",
	  NEED_NOTHING,
	  "usdt",
	  "usdt:{self}:traced:memory { printf(\"%d %d %d %d\\n\", arg0, arg1, arg2, arg3); }",
	  { "^-100 -200 -100 -300$" } },
	{ "usdt: a symbol",
	  NEED_NOTHING,
	  "usdt",
	  "usdt:{self}:traced:symbol { printf(\"%d\\n\", arg0); }",
	  { "^4711$" } },
	{ "usdt: a string",
	  NEED_NOTHING,
	  "usdt",
	  "usdt:{self}:text { printf(\"%s\\n\", str(arg0)); }",
	  { "^from a note$" } },
	{ "usdt: a pattern",
	  NEED_NOTHING,
	  "usdt",
	  "usdt:{self}:traced:* { @[probe] = count(); }",
	  { "^@\\[usdt:{self}:traced:registers\\]: 1$", "^@\\[usdt:{self}:traced:twice\\]: 2$",
	    "^@\\[usdt:{self}:traced:counted\\]: 1$" } },
#endif
	{ "usdt: two places of one name",
	  NEED_NOTHING,
	  "usdt",
	  "usdt:{self}:traced:twice { printf(\"%d\\n\", arg0); }",
	  { "^1\n2$" } },
	{ "usdt: a semaphore",
	  NEED_NOTHING,
	  "usdt",
	  "usdt:{self}:traced:counted { printf(\"%d\\n\", arg0); }",
	  { "^33$" } },
};

static const struct tracing_row events[] = {
	{ "profile",
	  NEED_NOTHING,
	  "spin",
	  "profile:hz:99 " MINE " { @[comm] = count(); }",
	  { "^@\\[test-trace-prob\\]: [0-9]+$" } },
	/* so many, for on a slow machine hundreds are of the program's start */
	{ "profile: stacks",
	  NEED_NOTHING,
	  "spin stay",
	  "profile:us:1000 " MINE
	  " { @[ustack(1)] = count(); @k[kstack] = count(); @c[cpu] = count(); if (++@n == 2000) { exit(); } }",
	  { "^ +traced_spin\\+[0-9]+", "^@c\\[[0-9]+\\]: " } },
	{ "interval",
	  NEED_NOTHING,
	  NULL,
	  "interval:ms:20 { printf(\"%d\\n\", elapsed > 10000000); exit(); } interval:us:500 { @++ }",
	  { "^1$", "^@: [1-9]" } },
	{ "software: page faults",
	  NEED_NOTHING,
	  "fault",
	  "software:page-faults:1 " MINE " { @ = count(); }",
	  { "^@: ([6-9][0-9]|[1-9][0-9][0-9]+)$" } },
	{ "software: its clock",
	  NEED_NOTHING,
	  "spin",
	  "software:cpu-clock:1000000 " MINE " { @ = count(); }",
	  { "^@: [1-9]" } },
	{ "software: what runs instead",
	  NEED_NOTHING,
	  "thread",
	  "software:cs:1 { @ = count(); }",
	  { "^@: [1-9]" } },
	{ "hardware",
	  NEED_PMU,
	  "spin",
	  "hardware:instructions:100000 " MINE " { @ = count(); }",
	  { "^@: [1-9]" } },
	{ "iter:task",
	  NEED_TASK_ITER,
	  "spin",
	  "iter:task { if (ctx->task->tgid == ctx->task->pid) { @n++; }"
	  " if (ctx->task->pid == cpid) { printf(\"%s %d\\n\", ctx->task->comm, ctx->meta->seq_num > 0); } }",
	  { "^test-trace-prob 1$", "^@n: [1-9]" } },
	{ "iter:task_file",
	  NEED_TASK_ITER,
	  "spin",
	  "iter:task_file { if (ctx->task->tgid == cpid && ctx->fd == 1) { printf(\"%d %s\\n\", ctx->fd,"
	  " str(ctx->file->f_path.dentry->d_name.name)); } }",
	  { "^1 " } },
	{ "iter:task_vma",
	  NEED_VMA_ITER,
	  "spin",
	  "iter:task_vma { if (ctx->task->tgid == cpid && ctx->vma != 0 && ctx->vma->vm_file != 0)"
	  " { printf(\"%d %s\\n\", ctx->vma->vm_start < ctx->vma->vm_end,"
	  " str(ctx->vma->vm_file->f_path.dentry->d_name.name)); } }",
	  { "^1 test-trace-probes$" } },
};

/* --- those of a process that runs already --- */

/* A process that waits until it is told to do the deed. */
struct waiter {
	pid_t pid;
	int go;
};

static void wait_and_do(int ready, int go, const char *program, const char *deed)
{
	char c;

	(void)!write(ready, "r", 1);
	if (read(go, &c, 1) != 1)
		_exit(1);
	if (program)
		execl(program, "traced", deed, NULL);
	_exit(traced_deed(deed, false));
}

/* @setup: before it says that it is ready. False: not possible here (it ended with 77). */
static bool waiter_start(struct waiter *waiter, bool (*setup)(const char **program),
			 const char *deed)
{
	int ready[2], go[2];
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		tap_bail("pipe: %m");
	waiter->pid = fork();
	if (waiter->pid < 0)
		tap_bail("fork: %m");
	if (!waiter->pid) {
		const char *program = NULL;

		close(go[1]);
		if (setup && !setup(&program))
			_exit(77);
		wait_and_do(ready[1], go[0], program, deed);
	}
	close(ready[1]);
	close(go[0]);
	waiter->go = go[1];
	if (read(ready[0], &c, 1) != 1) {
		waitpid(waiter->pid, NULL, 0);
		rs_cleanup_close(&waiter->go);
		waiter->pid = 0;
	}
	close(ready[0]);
	return waiter->pid > 0;
}

static void waiter_end(struct waiter *waiter)
{
	(void)!write(waiter->go, "g", 1);
	rs_cleanup_close(&waiter->go);
	waitpid(waiter->pid, NULL, 0);
}

/* Runs the script for the process, which does its deed meanwhile; the run ends with it. */
static void check_process(const char *name, struct waiter *waiter, const char *script,
			  const char *want)
{
	char pid[16];
	const char *args[] = { "trace", "-p", pid, "-e", script, NULL };
	struct agent agent = AGENT_INIT;

	snprintf(pid, sizeof(pid), "%d", (int)waiter->pid);
	agent_spawn(&agent, args, NULL, NULL);
	agent.raw = true;
	agent_wait_err(&agent, "Attached");
	waiter_end(waiter);
	agent_wait_end(&agent);
	if (!tap_ok(agent_code(&agent) == 0 && tracing_match(want, rs_str_cstr(&agent.line)), "%s",
		    name)) {
		tap_diag("not printed: %s", want);
		tap_diag("standard output: \"%s\"", rs_str_cstr(&agent.line));
		tap_diag("standard error: \"%s\"", rs_str_cstr(&agent.err_text));
	}
	agent_done(&agent);
}

struct process_row {
	const char *name, *deed, *script, *want;
};

static void check_one_process(const void *data)
{
	const struct process_row *row = data;
	_cleanup_(rs_cleanup_free) char *text = tracing_text(row->script);
	struct waiter mine, other;

	waiter_start(&mine, NULL, row->deed);
	waiter_start(&other, NULL, row->deed);
	/* Both do it, the other one while nobody looks at it. */
	waiter_end(&other);
	check_process(row->name, &mine, text, row->want);
}

static bool hide_program(const char **program)
{
	static char path[64] = "/run/traced-XXXXXX";

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("traced", "/mnt", "tmpfs", 0, NULL) < 0)
		return false;
	snprintf(path, sizeof(path), "/mnt/hidden");
	if (!copy_program(traced_self(), path))
		return false;
	*program = path;
	return true;
}

static void check_namespace(void)
{
	static const char name[] = "-p: a program that only its mount namespace has";
	struct waiter waiter;

	if (!waiter_start(&waiter, hide_program, "functions")) {
		tap_skip(name, "no mount namespace can be made");
		return;
	}
	check_process(name, &waiter, "uprobe:/mnt/hidden:traced_inner { printf(\"%d\\n\", arg0); }",
		      "^21$");
}

static void check_watchpoint(void)
{
	static const char name[] = "watchpoint: memory of a process";
	char script[160];
	struct waiter waiter;

	if (tracing_lacks(NEED_WATCHPOINT)) {
		tap_skip(name, tracing_lacks(NEED_WATCHPOINT));
		return;
	}
	snprintf(script, sizeof(script), "watchpoint:0x%llx:8:w { @ = count(); }",
		 (unsigned long long)(uintptr_t)&traced_word);
	waiter_start(&waiter, NULL, "word");
	check_process(name, &waiter, script, "^@: 5$");
}

static const struct process_row processes[] = {
	{ "-p: a kernel's probe", "getpgid",
	  "tracepoint:syscalls:sys_enter_getpgid { @ = count(); }", "^@: 2$" },
	{ "-p: a raw tracepoint", "getpgid", "rawtracepoint:sys_exit /arg1 == -3/ { @ = count(); }",
	  "^@: 1$" },
	{ "-p: a uprobe", "functions",
	  "uprobe:{self}:traced_inner, uretprobe:{self}:traced_inner { @ = count(); }", "^@: 2$" },
	{ "-p: a pattern of uprobes", "functions",
	  "uprobe:{self}:traced_[io]* { @[probe] = count(); }",
	  "^@\\[uprobe:.*:traced_inner\\]: 1$" },
	{ "-p: usdt with a semaphore", "usdt", "usdt:{self}:traced:counted { @ = count(); }",
	  "^@: 1$" },
	{ "-p: profile", "spin", "profile:hz:99 { @[pid] = count(); }", "^@\\[[0-9]+\\]: [0-9]+$" },
	{ "-p: a software event", "fault", "software:page-faults:1 { @[pid] = count(); }",
	  "^@\\[[0-9]+\\]: " },
};

static void check_processes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++)
		again(check_one_process, &processes[i]);
	check_namespace();
	again_plain(check_watchpoint);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return traced_deed(argv[1], argc > 2 && !strcmp(argv[2], "stay"));
	tracing_rows(kprobes, ARRAY_SIZE(kprobes));
	tracing_rows(fentries, ARRAY_SIZE(fentries));
	tracing_rows(tracepoints, ARRAY_SIZE(tracepoints));
	tracing_rows(uprobes, ARRAY_SIZE(uprobes));
	tracing_rows(events, ARRAY_SIZE(events));
	check_processes();
	return tap_done();
}
