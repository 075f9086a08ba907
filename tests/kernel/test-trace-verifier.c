/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ringside trace`: random scripts that are right are taken by this kernel's verifier, whatever they are put together
 * from and wherever they hang, or what it can not follow is told. They are loaded and attached but do not run. The seeds are fixed; others by arguments:
 * FIRST [COUNT [show]].
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"
#include "tests/kernel/lib/tracing.h"

#define SCRIPTS 10

/* Where a script hangs, and what there is only there. */
struct place {
	const char *probe;
	enum tracing_need need;
	const char *numbers[4], *texts[3], *statements[3];
};

static const struct place places[] = {
	{ "BEGIN", NEED_NOTHING, { NULL }, { NULL }, { NULL } },
	{ "END", NEED_NOTHING, { NULL }, { NULL }, { NULL } },
	{ "tracepoint:syscalls:sys_enter_openat",
	  NEED_NOTHING,
	  { "args.flags", "args.dfd", "args.mode" },
	  { "str(args.filename)", "str(args.filename, 20)", "ustr(args.filename)" },
	  { "@path[str(args.filename)] = count();" } },
	{ "tracepoint:syscalls:sys_enter_execve",
	  NEED_NOTHING,
	  { "args.__syscall_nr" },
	  { "str(args.argv[1])", "str(*args.argv)" },
	  { "join(args.argv);", "join(args.argv, \"-\");" } },
	{ "tracepoint:sched:sched_switch",
	  NEED_NOTHING,
	  { "args.prev_pid", "args.next_prio", "args.prev_state" },
	  { "args.prev_comm", "str(args.next_comm)" },
	  { "print(args);" } },
	{ "tracepoint:sched:sched_process_exec",
	  NEED_NOTHING,
	  { "args.pid" },
	  { "args.filename" },
	  { NULL } },
	{ "rawtracepoint:sched_switch", NEED_NOTHING, { "arg0", "arg1" }, { NULL }, { NULL } },
	{ "rawtracepoint:sched_process_exit",
	  NEED_BTF_TP,
	  { "args.p.pid", "args.p.mm.total_vm" },
	  { "args.p.comm", "str(args.p.real_parent.comm)" },
	  { NULL } },
	{ "uprobe:{self}:traced_inner",
	  NEED_NOTHING,
	  { "arg0", "arg5", "sarg0", "reg(\"sp\")" },
	  { "str(arg1)", "func" },
	  { "@u3[ustack(perf, 3)] = count();", "print(usym(reg(\"ip\")));" } },
	{ "uretprobe:{self}:traced_inner",
	  NEED_NOTHING,
	  { "retval" },
	  { "str(retval)" },
	  { NULL } },
	{ "profile:hz:9", NEED_NOTHING, { "reg(\"ip\")" }, { NULL }, { "@u[ustack] = count();" } },
	{ "interval:s:9", NEED_NOTHING, { NULL }, { NULL }, { "print(@n);" } },
	{ "software:page-faults:1000", NEED_NOTHING, { NULL }, { NULL }, { NULL } },
	{ "iter:task",
	  NEED_TASK_ITER,
	  { "ctx.task.tgid", "ctx.meta.seq_num" },
	  { "ctx.task.comm" },
	  { NULL } },
	{ "kprobe:vfs_read", NEED_KPROBE, { "arg0", "arg2" }, { "func", "str(arg1)" }, { NULL } },
	{ "kretprobe:vfs_read", NEED_KPROBE, { "retval" }, { NULL }, { NULL } },
	{ "fentry:vfs_fallocate",
	  NEED_FENTRY,
	  { "args.mode", "args.file.f_flags", "args.len" },
	  { "str(args.file.f_path.dentry.d_name.name)" },
	  { NULL } },
	{ "fexit:vfs_fallocate", NEED_FENTRY, { "retval", "args.offset" }, { NULL }, { NULL } },
};

#define NUMBERS 4
#define WORDS   3

struct gen {
	uint64_t random;
	struct rs_str script;
	const struct place *place;
	unsigned names;
	bool walks, sums; /* the kernel can walk through maps, read what all CPUs counted */
};

/* --- chance --- */

static unsigned below(struct gen *g, unsigned n)
{
	uint64_t v = g->random += UINT64_C(0x9e3779b97f4a7c15);

	v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((v ^ (v >> 31)) % n);
}

static const char *one_of(struct gen *g, const char *const words[], unsigned room)
{
	unsigned n = 0;

	while (n < room && words[n])
		n++;
	return n ? words[below(g, n)] : NULL;
}

/* --- what is filled in --- */

/* %N: a number, %S: text, %C: a condition, %B: statements, %v and %s: variables of these kinds, %d: a small number that
 * is written, %n: a new name, %o: the newest name. */
static void fill(struct gen *g, const char *text, unsigned depth);

static void number(struct gen *g, unsigned depth)
{
	static const char *const leaves[] = {
		"%v",
		"%v",
		"%v",
		"%d",
		"pid",
		"tid",
		"uid",
		"gid",
		"nsecs",
		"elapsed",
		"cpu",
		"rand",
		"cgroup",
		"numaid",
		"jiffies",
		"ppid",
		"@n",
		"@m[1]",
		"curtask.pid",
		"curtask.real_parent.tgid",
		"curtask.mm.total_vm",
		"(uint64)curtask",
		"curtask.comm[3]",
		"$p.tgid",
		"$t.0",
		"sizeof($s0)",
		"curtask.group_leader.real_parent.se.vruntime",
		"*(int32 *)&curtask.pid",
		"nsecs(monotonic)",
	};
	static const char *const trees[] = {
		"(%N + %N)",
		"(%N - %N)",
		"(%N * %N)",
		"(%N / %N)",
		"(%N % %N)",
		"(%N & %N)",
		"(%N | %N)",
		"(%N ^ %N)",
		"(%N << (%N & 63))",
		"(%N >> (%N & 63))",
		"(%N / %d)",
		"(%N % %d)",
		"(%N - %d)",
		"(-%N)",
		"(~%N)",
		"(int8)%N",
		"(uint16)%N",
		"(int32)%N",
		"(uint64)%N",
		"(%C ? %N : %N)",
		"((int64)%N ?: %N)",
		"(int64)(%C)",
		"strlen(%S)",
		"strstr(%S, \"a\")",
		"@m[%N]",
		"@t[%N, %S].0",
		"(%N, %S).0",
		"((uint8[8])(uint64)%N)[%d & 7]",
		"((uint8[8])(uint64)%N)[%v]",
		"({ let $%n = (int64)%N; $%o + %N })",
		"(if %C { (int64)%N } else { (int64)%N })",
		"*(uint32 *)(%N)",
		"((struct task_struct *)(%N)).pid",
		"curtask.comm[%N]",
		"len(kstack(3))",
		"(has_key(@m, %N) ? 1 : 2)",
		"((struct task_struct *)%N)->real_parent->pid",
		"%s[%N & 7]",
		"strncmp(%S, %S, %d)",
		"bswap((uint32)%N)",
		"(&curtask.pid)[%d & 3]",
	};
	const char *own = depth && below(g, 6) ? NULL : one_of(g, g->place->numbers, NUMBERS);

	if (own && below(g, 2))
		fill(g, own, 0);
	else if (!depth || !below(g, 4))
		fill(g, leaves[below(g, ARRAY_SIZE(leaves))], 0);
	else
		fill(g, trees[below(g, ARRAY_SIZE(trees))], depth - 1);
}

static void text(struct gen *g, unsigned depth)
{
	static const char *const leaves[] = {
		"%s",
		"%s",
		"comm",
		"\"word\"",
		"\"\"",
		"@s",
		"@names[1]",
		"curtask.comm",
		"$t.1",
		"$p.comm",
		"curtask.real_parent.comm",
		"\"a much longer text than all the others\"",
		"str(curtask.comm)",
		"pcomm",
	};
	static const char *const trees[] = {
		"(%C ? %S : %S)",
		"str(%N)",
		"str(%N, %N)",
		"str_concat(%S, %S)",
		"@names[%N]",
		"kstr(%N)",
		"(%N, %S).1",
		"@t[%N, %S].1",
		"str($p.comm, %d)",
		"kstr(curtask.fs.pwd.dentry.d_name.name)",
		"({ let $%n = %S; $%o })",
	};
	const char *own = depth && below(g, 6) ? NULL : one_of(g, g->place->texts, WORDS);

	if (own && below(g, 2))
		fill(g, own, 0);
	else if (!depth || below(g, 2))
		fill(g, leaves[below(g, ARRAY_SIZE(leaves))], 0);
	else
		fill(g, trees[below(g, ARRAY_SIZE(trees))], depth - 1);
}

static void condition(struct gen *g, unsigned depth)
{
	static const char *const leaves[] = { "%v",          "%v < %d",       "%v == %d",
					      "%s == \"a\"", "comm != \"b\"", "$p != 0",
					      "pid",         "has_key(@m, 1)" };
	static const char *const trees[] = {
		"%N < %N",
		"%N >= %N",
		"%N == %N",
		"%N != 0",
		"%S == %S",
		"%S != %S",
		"!(%C)",
		"(%C) && (%C)",
		"(%C) || (%C)",
		"strcontains(%S, \"b\")",
		"strncmp(%S, \"abc\", 2) == 0",
		"has_key(@m, %N)",
		"(%N, %S) == (%N, %S)",
		"globmatch(%S, \"a*b\")",
		"(bool)%N",
	};

	fill(g,
	     depth && below(g, 4) ? trees[below(g, ARRAY_SIZE(trees))]
				  : leaves[below(g, ARRAY_SIZE(leaves))],
	     depth ? depth - 1 : 0);
}

static void statement(struct gen *g, unsigned depth)
{
	static const char *const leaves[] = {
		"%v = (int64)(%N);",
		"%v += %N;",
		"%v++;",
		"%s = %S;",
		"@n = (int64)(%N);",
		"@n += %N;",
		"@n++;",
		"@s = %S;",
		"@m[%N] = (int64)%N;",
		"@m[%N]++;",
		"@names[%N] = %S;",
		"@t[%N, %S] = ((int64)%N, %S);",
		"$t = @t[%N, %S];",
		"$t = ((int64)%N, %S);",
		"$p = (struct task_struct *)(%N);",
		"$p = curtask.real_parent;",
		"@c[%S] = count();",
		"@c2 = count();",
		"@a[%N, %N] = sum(%N);",
		"@a1 = avg(%N);",
		"@a2[%S] = min(%N);",
		"@a3 = max(%N);",
		"@a4[comm, %N] = stats(%N);",
		"@h[%S] = hist(%N);",
		"@h2 = hist(%N, 3);",
		"@l[%N] = lhist(%N, 0, 100, 10);",
		"@k[kstack(4), comm] = count();",
		"@k2 = kstack;",
		"printf(\"%%d %%s %%x\\n\", %N, %S, %N);",
		"printf(\"%%s %%s\\n\", %S, %S);",
		"printf(\"%%r|%%p\\n\", buf(%N, %N & 63), %N);",
		"print((%N, %S, (%N, comm)));",
		"print(%S);",
		"print(ksym(%N)); print(ntop((uint32)(%N)));",
		"delete(@m, %N);",
		"delete(@names, (int64)%N);",
		"let $%n; if (find(@m, %N, $%o)) { %v = $%o; }",
		"strftime(\"%%H\", nsecs); time(\"%%S\");",
		"$%n = *curtask; %v = $%o.pid;",
		"if (%C) { exit(); }",
		"clear(@m);",
	};
	static const char *const trees[] = {
		"if (%C) { %B }",
		"if (%C) { %B } else { %B }",
		"if (%C) { %B } else if (%C) { %B } else { %B }",
		"if (%C) { %B return; }",
		"for ($%n : 0..%d) { %v += $%o; %B }",
		"for ($%n : 0..100) { if ($%o > 50) { break; } %B if (%C) { continue; } %B }",
		"for ($%n : (%N & 3)..(%N & 7)) { %B }",
		"unroll(3) { %B }",
		"%v = 0; while (%v < 20) { %v++; if (%C) { break; } @n++; }",
		"{ %B }",
	};
	const char *own = one_of(g, g->place->statements, WORDS);

	if (own && !below(g, 8))
		fill(g, own, 0);
	else if (depth && !below(g, 8) && g->walks)
		fill(g,
		     below(g, 2)
			     ? "for ($%n : @m) { %v += $%o.1 + $%o.0; %B }"
			     : "for ($%n : @names) { if ($%o.1 == %s) { break; } %s = $%o.1; %B }",
		     depth - 1);
	else if (g->sums && !below(g, 16))
		fill(g, "if (@c2 > 3 && @a1 < 9) { %v = (int64)@a[1, 2]; }", 0);
	else if (depth && below(g, 3))
		fill(g, trees[below(g, ARRAY_SIZE(trees))], depth - 1);
	else
		fill(g, leaves[below(g, ARRAY_SIZE(leaves))], 2);
}

static void fill(struct gen *g, const char *pattern, unsigned depth)
{
	unsigned name = 0;

	for (const char *p = pattern; *p; p++) {
		if (*p != '%' || !p[1] || p[1] == ' ') {
			rs_str_append_char(&g->script, *p);
			continue;
		}
		switch (*++p) {
		case 'N':
			number(g, depth);
			break;
		case 'S':
			text(g, depth);
			break;
		case 'C':
			condition(g, depth);
			break;
		case 'B':
			for (unsigned i = 1 + below(g, 2); i; i--)
				statement(g, depth);
			break;
		case 'v':
			rs_str_appendf(&g->script, "$v%u", below(g, 3));
			break;
		case 's':
			rs_str_appendf(&g->script, "$s%u", below(g, 2));
			break;
		case 'd':
			rs_str_appendf(&g->script, "%u", 1 + below(g, 12));
			break;
		case 'n':
			name = ++g->names;
			_fallthrough_;
		case 'o':
			rs_str_appendf(&g->script, "x%u", name);
			break;
		default:
			rs_str_append_char(&g->script, *p);
		}
	}
}

/* --- a script --- */

static const struct place *any_place(struct gen *g)
{
	const struct place *place;

	do
		place = &places[below(g, ARRAY_SIZE(places))];
	while (tracing_lacks(place->need));
	return place;
}

/* All maps with the types that everything above expects. */
static const char first[] =
	"BEGIN { @n = (int64)0; @m[(int64)0] = (int64)0; @s = \"\"; @names[(int64)0] = str(0);"
	" @t[(int64)0, str(0)] = ((int64)0, str(0)); @c2 = count(); @a1 = avg(1); @a[(int64)1, (int64)2] = sum(1); }\n";

static void write_script(struct gen *g)
{
	unsigned n = 1 + below(g, 2);

	if (below(g, 2))
		rs_str_appendf(&g->script, "config = { max_strlen = %u; on_stack_limit = %u }\n",
			       64u << below(g, 5), below(g, 2) ? 32 : 0);
	rs_str_append_cstr(&g->script, first);
	g->place = any_place(g);
	for (unsigned i = 0; i < n; i++) {
		/* iterators stay alone, but for BEGIN and END */
		if (i && strncmp(g->place->probe, "iter", 4) != 0)
			g->place = any_place(g);
		if (i && !strncmp(g->place->probe, "iter", 4))
			break;
		rs_str_appendf(&g->script, "%s ", g->place->probe);
		rs_str_append_cstr(
			&g->script,
			"{ let $v0 = (int64)1; let $v1 = (int64)nsecs; let $v2 = (int64)cpu;"
			" let $s0 = str(0); let $s1 = comm; let $p = curtask;"
			" let $t = ((int64)1, str(0));\n");
		for (unsigned k = 1 + below(g, 4); k; k--) {
			statement(g, 2);
			rs_str_append_char(&g->script, '\n');
		}
		rs_str_append_cstr(&g->script, "}\n");
	}
}

/* Where the kernel's check of programs has its own limits, or mistakes, that is what is told. */
static bool taken(const struct outcome *outcome)
{
	return outcome->code == 0 || strstr(outcome->err, "it gave up here") ||
	       strstr(outcome->err, "a mistake of this kernel, not of the script");
}

static void check(uint64_t seed, bool show)
{
	struct gen g = { .random = seed,
			 .walks = !tracing_lacks(NEED_FOR_EACH),
			 .sums = !tracing_lacks(NEED_LOOKUP_PERCPU) };
	const char *args[] = { "trace", "-q", "--no-warnings", "--dry-run", "-e", NULL, NULL };
	_cleanup_(rs_cleanup_free) char *script = NULL;
	struct outcome outcome;

	write_script(&g);
	script = tracing_text(rs_str_cstr(&g.script));
	args[5] = script;
	agent_run(&outcome, args, NULL, NULL);
	if (!tap_ok(taken(&outcome) && !*outcome.out, "script %llu", (unsigned long long)seed) ||
	    show) {
		tap_diag("ended with %d", outcome.code);
		tap_diag("standard error: \"%s\"", outcome.err);
		tap_diag("script: %s", script);
	}
	outcome_done(&outcome);
	rs_str_done(&g.script);
}

int main(int argc, char *argv[])
{
	uint64_t first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 0) : argc > 1 ? 1 : SCRIPTS;

	if (getenv("RINGSIDE_VM")) {
		tap_skip("random scripts",
			 "where the kernel is emulated its check of them takes minutes");
		return tap_done();
	}
	for (uint64_t i = 0; i < n; i++)
		check(first_seed + i, argc > 3);
	return tap_done();
}
