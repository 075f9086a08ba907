/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lang/testing-source.h"

struct script {
	struct testing_world world;
	struct rs_arena arena;
	struct rs_diags diags;
	struct rs_lang_options options;
	struct rs_program *program;
};

static int enter(void **state)
{
	static struct script s;

	memset(&s, 0, sizeof(s));
	testing_world_init(&s.world);
	s.options = (struct rs_lang_options){ .warnings = true, .check_only = true };
	*state = &s;
	return 0;
}

static int leave(void **state)
{
	struct script *s = *state;

	rs_arena_done(&s->arena);
	testing_world_done(&s->world);
	return 0;
}

static int compile(struct script *s, const char *text)
{
	struct rs_error err = RS_ERROR_INIT;

	rs_arena_done(&s->arena);
	rs_arena_init(&s->arena, 64 << 20);
	rs_diags_init(&s->diags, &s->arena, "test", text, strlen(text));
	s->options.source = &s->world.source;
	return rs_lang_compile(&s->arena, &s->diags, &s->options, &s->program, &err);
}

static void good(struct script *s, const char *text)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	if (compile(s, text) == 0 && !s->diags.n)
		return;
	rs_diags_show(&s->diags, false, &out);
	fail_msg("%s\n%s", text, rs_str_cstr(&out));
}

static void told(struct script *s, const char *text, const char *message)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	compile(s, text);
	rs_diags_show(&s->diags, false, &out);
	if (!strstr(rs_str_cstr(&out), message))
		fail_msg("%s\n%s\nexpected: %s", text, rs_str_cstr(&out), message);
}

/* The type of the expression, by the message that refuses it as a map. */
static void is_type(struct script *s, const char *probe, const char *expression, const char *type)
{
	char text[512], message[128];

	snprintf(text, sizeof(text), "%s { clear(%s); }", probe, expression);
	snprintf(message, sizeof(message), "must be a map, not %s\n", type);
	told(s, text, message);
}

static void test_formats(void **state)
{
	struct script *s = *state;

	good(s, "BEGIN { printf(\"hello %d %s %p %x\\n\", 1, \"a\", 3, pid); }");
	good(s, "BEGIN { printf(\"%5d|%-5s|%*d|%.*s\", 1, comm, 3, 4, 5, \"abc\"); }");
	good(s, "BEGIN { printf(\"%s %s %s\", kstack, nsecs, (1, 2)); }");
	good(s, "BEGIN { printf(\"%r %rx %rh\", buf(\"a\", 1), buf(\"a\", 1), buf(\"a\", 1)); }");
	good(s, "BEGIN { @c = count(); printf(\"%d\", @c); }");
	told(s, "BEGIN { printf(\"%d %d\", 1); }",
	     "printf: Not enough arguments for format string (1 supplied, 2 expected)");
	told(s, "BEGIN { printf(\"%d\", 1, 2); }",
	     "printf: Too many arguments for format string (2 supplied, 1 expected)");
	told(s, "BEGIN { printf(\"%*d\", 1); }", "(1 supplied, 2 expected)");
	told(s, "BEGIN { printf(\"%d\", comm); }", "%d can not print a value of type string[16]");
	told(s, "BEGIN { printf(\"%r\", 1); }", "%r can not print a value of type");
	told(s, "BEGIN { printf(\"%f\", 1); }", "there are no floating-point values");
	told(s, "BEGIN { printf(\"%*d\", \"a\", 1); }", "must be an integer");
	told(s, "BEGIN { printf(comm); }", "must be a string literal");
	told(s, "t:syscalls:sys_enter_open { printf(\"%s\", args.filename); }",
	     "str(...) reads the text");
}

static void test_print(void **state)
{
	struct script *s = *state;

	good(s, "BEGIN { @x[1] = count(); print(@x); print(@x, 5); print(@x, 5, 2); }");
	good(s, "BEGIN { @x[1] = 2; print(@x[1]); print((1, \"a\")); print(comm); }");
	told(s, "BEGIN { @x[1] = hist(3); print(@x[1]); }", "only the whole map");
	told(s, "BEGIN { print(1, 2); }", "go with a whole map only");
	told(s, "BEGIN { print(@y); }", "undefined map");
	told(s, "BEGIN { @x[1] = 1; clear(@x[1]); }", "takes the whole map");
}

static void test_output(void **state)
{
	struct script *s = *state;

	good(s, "BEGIN { time(); time(\"%H\"); exit(); }");
	good(s, "BEGIN { exit(3); }");
	good(s, "BEGIN { cat(\"/proc/%d/maps\", pid); }");
	good(s, "t:syscalls:sys_enter_execve { join(args.argv); join(args->argv, \",\"); }");
	told(s, "BEGIN { join(\"a\"); }", "join: expects pointers");
	told(s, "BEGIN { system(\"ls\"); }", "unsafe");
	s->options.unsafe = true;
	good(s, "BEGIN { system(\"ls %d\", pid); }");
	is_type(s, "BEGIN", "strftime(\"%H\", nsecs)", "timestamp");
}

static void test_maps(void **state)
{
	struct script *s = *state;

	good(s, "BEGIN { @x[1] = 1; delete(@x, 1); delete(@x[1]); if (delete(@x, 2)) { } }");
	good(s, "BEGIN { @x[1, \"a\"] = 1; delete(@x, (1, \"a\")); delete(@x[1, \"b\"]); }");
	good(s, "BEGIN { @x = 1; delete(@x); }");
	good(s, "BEGIN { @x[1] = 1; if (has_key(@x, 1)) { exit(); } }");
	good(s, "BEGIN { @x[1] = 1; $n = len(@x); print($n); }");
	good(s, "BEGIN { @x[2] = 5; let $v; if (find(@x, 2, $v)) { print($v); } }");
	good(s, "BEGIN { $d = len(kstack) + len(ustack(5)); print($d); }");
	told(s, "BEGIN { @x[1] = 1; delete(@x); }", "which key of @x?");
	told(s, "BEGIN { @x[1] = 1; delete(@x, \"a\"); }", "the key of @x is");
	told(s, "BEGIN { @x = 1; has_key(@x, 1); }", "@x has no keys");
	told(s, "BEGIN { @x = 1; has_key(@x); }", "@x has no keys");
	told(s, "BEGIN { $s = kstack; len($s); }", "can not be measured");
	told(s, "BEGIN { len(1); }", "expects a map or a stack");
}

static void test_strings(void **state)
{
	struct script *s = *state;

	is_type(s, "k:vfs_read", "str(arg1)", "string[1024]");
	is_type(s, "k:vfs_read", "str(arg1, 10)", "string[11]");
	is_type(s, "k:vfs_read", "str(arg1, arg2)", "string[1024]");
	is_type(s, "BEGIN", "str(curtask->comm)", "string[17]");
	is_type(s, "BEGIN", "str(\"abc\")", "string[4]");
	is_type(s, "k:vfs_read", "buf(arg1, 10)", "buffer[10]");
	is_type(s, "BEGIN", "buf(curtask->comm)", "buffer[16]");
	told(s, "k:vfs_read { print(str(arg1, -1)); }", "can not be negative");
	told(s, "k:vfs_read { print(str(arg1, 4096)); }", "cut to 1023 bytes");
	told(s, "BEGIN { print(str((1, 2))); }", "str: expects a pointer");
	told(s, "k:vfs_read { print(buf(arg1)); }", "how many bytes?");
	told(s, "k:vfs_read { print(buf(arg1, 0)); }", "can not be 0");
	is_type(s, "BEGIN", "strerror(2)", "strerror");
}

static void test_comparisons(void **state)
{
	struct script *s = *state;

	good(s, "BEGIN { if (strncmp(comm, \"ab\", 2) == 0 && strlen(comm) > 3) { exit(); } }");
	good(s, "BEGIN { if (strcontains(comm, \"b\") || strstr(comm, \"a\") >= 0) { exit(); } }");
	good(s, "k:vfs_read { print(memcmp(arg1, curtask->comm, 8)); }");
	told(s, "BEGIN { strncmp(comm, 1.., 2); }", "error");
	told(s, "BEGIN { strncmp(comm, \"a\", pid); }", "must be a constant number");
	told(s, "BEGIN { strcontains(comm, comm); }", "must be a literal");
	told(s, "BEGIN { strlen((1, 2)); }", "strlen: expects text");
	told(s, "BEGIN { memcmp(comm, comm, 100); }", "only 16 bytes");
}

static void test_symbols(void **state)
{
	struct script *s = *state;

	is_type(s, "k:vfs_read", "ksym(arg0)", "ksym_t");
	is_type(s, "k:vfs_read", "usym(reg(\"ip\"))", "usym_t");
	is_type(s, "BEGIN", "kaddr(\"jiffies\")", "uint64");
	told(s, "BEGIN { print(kaddr(\"nothing\")); }", "the kernel has no symbol \"nothing\"");
	told(s, "k:vfs_read { print(reg(\"zz\")); }", "no register \"zz\"");
	told(s, "i:s:1 { print(reg(\"ip\")); }", "interval");
	told(s, "BEGIN { print(uaddr(\"x\")); }", "can not be used");
	good(s, "u:/bin/x:main { print(*uaddr(\"counter\")); }");
	told(s, "u:/bin/x:main { print(uaddr(\"none\")); }", "has no symbol \"none\"");
	good(s, "k:vfs_read { print(str(uptr(arg1))); print(kptr(arg0)); }");
	is_type(s, "k:vfs_read", "container_of(arg0, struct qstr, name)", "struct qstr *");
	is_type(s, "BEGIN", "container_of(&curtask.comm, struct task_struct, comm)",
		"struct task_struct *");
	told(s, "BEGIN { print(container_of(comm, struct task_struct, comm)); }",
	     "a pointer, not string");
	told(s, "BEGIN { print(container_of(1, struct task_struct, con)); }",
	     "has no field \"con\"");
	told(s, "BEGIN { print(container_of(1, 2, 3)); }", "a pointer, a type and a field");
	good(s,
	     "typedef struct { int a; int b; } t_t; BEGIN { print(offsetof(t_t, b)); print(container_of(1, t_t, b)); }");
	good(s, "k:vfs_read { @[kstack(perf, 3)] = count(); @a[ustack(5, raw)] = count(); }");
	good(s, "k:vfs_read { @[kstack] = count(); @a[ustack()] = count(); }");
	told(s, "k:vfs_read { print(kstack(0)); }", "1 to 1024");
	told(s, "k:vfs_read { print(kstack(200)); }", "127 frames at most");
}

static void test_processes(void **state)
{
	struct script *s = *state;

	is_type(s, "BEGIN", "pid", "uint32");
	is_type(s, "BEGIN", "tid(init)", "uint32");
	is_type(s, "BEGIN", "comm", "string[16]");
	is_type(s, "BEGIN", "ppid", "uint32");
	is_type(s, "BEGIN", "pcomm()", "string[16]");
	is_type(s, "BEGIN", "nsecs(tai)", "uint64");
	is_type(s, "BEGIN", "cgroupid(\"/sys/fs/cgroup/test\")", "uint64");
	told(s, "BEGIN { print(pid(other)); }", "one of curr_ns and init");
	told(s, "BEGIN { print(nsecs(other)); }", "the clock is one of");
	told(s, "BEGIN { print(cgroupid(\"/none\")); }", "no control group \"/none\"");
	told(s, "BEGIN { print(comm(1)); }", "6.2");
	told(s, "k:vfs_read { signal(\"KILL\"); }", "unsafe");
	s->options.unsafe = true;
	good(s, "k:vfs_read { signal(\"KILL\"); signal(9); signal_thread(\"SIGUSR1\"); }");
	told(s, "k:vfs_read { signal(\"NOPE\"); }", "no signal \"NOPE\"");
	told(s, "k:vfs_read { signal(65); }", "1 to 64");
	told(s, "BEGIN { signal(9); }", "can not be used");
	told(s, "k:vfs_read { override(1); }", "CONFIG_BPF_KPROBE_OVERRIDE");
	good(s, "fentry:vfs_open { print(path(args.path)); }");
	told(s, "fentry:vfs_open { print(path(1)); }", "expects a struct path");
}

static void test_network(void **state)
{
	struct script *s = *state;

	is_type(s, "BEGIN", "ntop(1)", "inet");
	good(s, "BEGIN { print(ntop(2, pton(\"127.0.0.1\"))); print(ntop(pton(\"::1\"))); }");
	is_type(s, "BEGIN", "pton(\"1.2.3.4\")", "uint8[4]");
	is_type(s, "BEGIN", "pton(\"2001:db8::1.2.3.4\")", "uint8[16]");
	told(s, "BEGIN { print(pton(\"1.2.3\")); }", "is no address");
	told(s, "BEGIN { print(pton(\"1:::2\")); }", "is no address");
	told(s, "BEGIN { print(pton(\"1:2:3:4:5:6:7:8:9\")); }", "is no address");
	told(s, "BEGIN { print(ntop(7, 1)); }", "AF_INET");
	told(s, "BEGIN { print(ntop(comm)); }", "ntop: expects");
	is_type(s, "BEGIN", "bswap((uint16)1)", "uint16");
	is_type(s, "BEGIN", "bswap((int32)1)", "uint32");
	is_type(s, "k:vfs_read", "macaddr(arg1)", "mac_address");
}

static void test_builtins(void **state)
{
	struct script *s = *state;

	is_type(s, "BEGIN", "uid", "uint64");
	is_type(s, "BEGIN", "cpu()", "uint32");
	is_type(s, "BEGIN", "__builtin_cpu", "uint32");
	is_type(s, "BEGIN", "probetype", "string[8]");
	is_type(s, "k:vfs_read", "arg2", "uint64");
	is_type(s, "k:vfs_read", "func", "ksym_t");
	is_type(s, "u:/bin/x:main", "func", "probe");
	is_type(s, "fexit:vfs_open", "retval", "int32");
	is_type(s, "kr:vfs_read", "retval", "uint64");
	is_type(s, "usdt:/bin/server:http:reply", "arg0", "uint64");
	told(s, "k:vfs_read { print(arg9); }", "no register holds");
	told(s, "t:syscalls:sys_enter_open { print(arg0); }", "args.NAME");
	told(s, "k:vfs_read { print(retval); }", "can not be used");
	told(s, "fexit:do_exit { print(retval); }", "returns nothing");
	told(s, "usdt:/bin/server:http:reply { print(arg1); }", "has 1 arguments, no arg1");
	told(s, "BEGIN { print(cpid); }", "there is no child");
	told(s, "BEGIN { print(commm); }", "did you mean \"comm\"?");
}

static void test_checks(void **state)
{
	struct script *s = *state;
	static const char *const given[] = { "--n=7", "--flag", "--name=x" };

	s->options.script_args = given;
	s->options.n_script_args = ARRAY_SIZE(given);
	good(s, "BEGIN { static_assert(getopt(\"n\", 1) == 7, \"n\"); }");
	good(s, "BEGIN { static_assert(getopt(\"flag\"), \"flag\"); }");
	good(s, "BEGIN { static_assert(getopt(\"m\", 3) == 3, \"m\"); }");
	is_type(s, "BEGIN", "getopt(\"name\", \"long default\")", "string[2]");
	told(s, "BEGIN { print(getopt(\"name\", 1)); }", "--name is a number");
	told(s, "BEGIN { static_assert(1 == 2, \"no way\"); }", "no way");
	told(s, "BEGIN { static_assert(1 == 2, \"\"); }", "does not hold");
	told(s, "BEGIN { fail(\"\"); }", "fails here");
	told(s, "BEGIN { fail(\"got %d of %s\", 3, \"x\"); }", "got 3 of x");
	good(s,
	     "BEGIN { static_assert(is_str(comm) && is_integer(pid) && is_ptr(curtask), \"\"); }");
	good(s, "BEGIN { assert(pid > 0, \"pid\"); }");
}

/* Code is made of every function: what the kernel says of it is the trace room's test. */
static void test_code(void **state)
{
	static const char *const texts[] = {
		"BEGIN { printf(\"%s %d %s\", comm, pid, str($1)); print(curtask->comm); print((1, \"a\")); }",
		"BEGIN { errorf(\"a\"); warnf(\"b\"); debugf(\"c\"); cat(\"/proc/%d\", pid); time(); }",
		"BEGIN { @x[1, comm] = 1; delete(@x, (1, \"a\")); print(len(@x)); has_key(@x, (1, comm)); }",
		"BEGIN { @x[1] = \"a\"; let $v; if (find(@x, 1, $v)) { print($v); } print(@x, 1, 2); zero(@x); }",
		"BEGIN { @c = count(); delete(@c); @s = 1; delete(@s); exit(2); }",
		"k:vfs_read { print(str(arg1, arg2)); print(buf(arg1, arg2)); @[kstr(arg1), ustr(arg1)] = 1; }",
		"k:vfs_read { print(strlen(arg1)); print(strlen(str(arg1))); @s = str(arg1); print(strlen(@s)); }",
		"k:vfs_read { print(strncmp(str(arg1), \"ab\", 2)); print(strncmp(arg1, comm, 9)); }",
		"k:vfs_read { print(memcmp(arg1, comm, 9)); print(strstr(str(arg1), \"abc\")); print(strcap(comm)); }",
		"k:vfs_read { print(ksym(arg0)); print(usym(arg0)); print(reg(\"ip\")); print(func); print(sarg0); }",
		"k:vfs_* { @[kstack, ustack(perf, 3)] = count(); print(len(kstack)); print(probe); }",
		"u:/bin/x:main { print(*uaddr(\"counter\")); print(func); print(uptr(arg0)); print(usermode); }",
		"usdt:/bin/server:http:request { print(arg0); print(arg1); print(arg2); print(ctx); }",
		"BEGIN { print(pid(init)); print(ppid); print(pcomm); print(nsecs(sw_tai)); print(elapsed); }",
		"BEGIN { print(cgroup_path(cgroup, \"u*\")); print(strftime(\"%H\", nsecs)); print(username); }",
		"BEGIN { print(cpu); print(numaid); print(ncpus); print(rand); print(jiffies); print(gid); }",
		"BEGIN { print(ntop(1)); print(ntop(2, pton(\"1.2.3.4\"))); print(bswap((uint8)1)); print(bswap(2)); }",
		"BEGIN { print(macaddr(curtask->comm)); print(strerror(1)); print(cpid); assert(pid, \"none\"); }",
		"t:syscalls:sys_enter_execve { join(args.argv); print(args); print(str(args.filename)); }",
		"fentry:vfs_open { print(path(args.path)); print(args); print(arg0); print(func); }",
		"fexit:vfs_open { print(retval); @[args.file] = count(); } fentry:tcp_reset { print(socket_cookie(args.sk)); }",
		"k:vfs_read { print(container_of(arg0, struct qstr, name).name); }",
		"rt:sched_switch { print(args.prev); print(arg2); print(probetype); } kr:vfs_read { print(retval); }",
		"iter:task { printf(\"%s %d\", ctx->task->comm, ctx->task->pid); }",
	};
	struct script *s = *state;

	s->options.check_only = false;
	s->options.warnings = false;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		good(s, texts[i]);
		for (unsigned n = 0; n < s->program->n_probes; n++)
			assert_int_not_equal(s->program->probes[n]->image.n_insns, 0);
	}
}

/* Equal texts are one action, so that equal values are equal keys. */
static void test_shared_formats(void **state)
{
	struct script *s = *state;
	unsigned formats = 0;

	s->options.check_only = false;
	good(s,
	     "BEGIN { @[strftime(\"%H\", 1)] = 1; @[strftime(\"%H\", 2)] = 1; @[strftime(\"%M\", 3)] = 1; }");
	for (unsigned i = 0; i < s->program->n_actions; i++)
		formats += s->program->actions[i]->kind == RS_ACTION_STRFTIME;
	assert_int_equal(formats, 2);
}

/* Places that share a program: consecutive names need no table, others do. */
static void test_names_of_probes(void **state)
{
	struct script *s = *state;

	s->options.check_only = false;
	good(s, "k:vfs_read { print(probe); } k:vfs_* { print(probe); }");
	assert_int_equal(s->program->n_probe_names, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_formats, enter, leave),
		cmocka_unit_test_setup_teardown(test_print, enter, leave),
		cmocka_unit_test_setup_teardown(test_output, enter, leave),
		cmocka_unit_test_setup_teardown(test_maps, enter, leave),
		cmocka_unit_test_setup_teardown(test_strings, enter, leave),
		cmocka_unit_test_setup_teardown(test_comparisons, enter, leave),
		cmocka_unit_test_setup_teardown(test_symbols, enter, leave),
		cmocka_unit_test_setup_teardown(test_processes, enter, leave),
		cmocka_unit_test_setup_teardown(test_network, enter, leave),
		cmocka_unit_test_setup_teardown(test_builtins, enter, leave),
		cmocka_unit_test_setup_teardown(test_checks, enter, leave),
		cmocka_unit_test_setup_teardown(test_code, enter, leave),
		cmocka_unit_test_setup_teardown(test_shared_formats, enter, leave),
		cmocka_unit_test_setup_teardown(test_names_of_probes, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
