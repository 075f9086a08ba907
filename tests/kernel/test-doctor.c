/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor: do its answers agree with doing the thing, does it see programs of others, does it
 * leave nothing behind, and what does it say without rights?
 */
#include <errno.h>
#include <linux/bpf.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/fd.h"
#include "base/str.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/tap.h"

#define PROGRAM "rs_t_doctor"

/* Runs the doctor; *ret_json is what it said, NULL when that is no JSON. */
static int doctor(const char *const args[], agent_setup *setup, json_t **ret_json)
{
	struct outcome outcome;
	json_error_t error;
	int code;

	agent_run(&outcome, args, setup, NULL);
	*ret_json = json_loads(outcome.out, 0, &error);
	if (!*ret_json)
		tap_diag("line %d: %s\n%s%s", error.line, error.text, outcome.out, outcome.err);
	code = outcome.code;
	outcome_done(&outcome);
	return code;
}

static const char *const json_args[] = { "doctor", "-o", "json", NULL };

/* The element of an array whose member is the text. */
static const json_t *element(const json_t *root, const char *array, const char *key,
			     const char *text)
{
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(root, array), i, item)
	{
		if (strcmp(event_str(item, key), text) == 0)
			return item;
	}
	return NULL;
}

static const char *answer(const json_t *root, const char *array, const char *name)
{
	return event_str(element(root, array, "name", name), "answer");
}

/* --- do the thing ourselves --- */

static int load(enum bpf_prog_type type, const char *name)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(type, name, "GPL", insns, 2, NULL);
}

static bool raw_tracepoint_works(const char *name)
{
	int prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, "rs_t_try");
	int link = prog < 0 ? -1 : bpf_raw_tracepoint_open(name, prog);

	if (link >= 0)
		close(link);
	if (prog >= 0)
		close(prog);
	return link >= 0;
}

static bool fork_works(void)
{
	return raw_tracepoint_works("sched_process_fork");
}

static bool raw_syscall_works(void)
{
	return raw_tracepoint_works("sys_exit");
}

static bool map_works(enum bpf_map_type type, unsigned key, unsigned value, unsigned entries)
{
	int fd = bpf_map_create(type, "rs_t_try", key, value, entries, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool ring_works(void)
{
	return map_works(BPF_MAP_TYPE_RINGBUF, 0, 0, (unsigned)getpagesize());
}

static bool prog_array_works(void)
{
	return map_works(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1);
}

static bool stats_work(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool kprobes_are_there(void)
{
	return access("/sys/bus/event_source/devices/kprobe/type", R_OK) == 0;
}

static bool uprobes_are_there(void)
{
	return access("/sys/bus/event_source/devices/uprobe/type", R_OK) == 0;
}

static bool btf_is_there(void)
{
	return access("/sys/kernel/btf/vmlinux", R_OK) == 0;
}

static const struct {
	const char *array;
	const char *name;
	bool (*works)(void);
} agreements[] = {
	{ "hooks", "raw_tracepoint", fork_works },    { "hooks", "raw_syscall", raw_syscall_works },
	{ "hooks", "kprobe", kprobes_are_there },     { "hooks", "uprobe", uprobes_are_there },
	{ "helpers", "kernel_btf", btf_is_there },    { "helpers", "ring_buffer", ring_works },
	{ "helpers", "tail_call", prog_array_works }, { "helpers", "run_time_stats", stats_work },
};

static void test_answers(const json_t *root)
{
	for (size_t i = 0; i < sizeof(agreements) / sizeof(agreements[0]); i++) {
		const char *said = answer(root, agreements[i].array, agreements[i].name);
		const char *is = agreements[i].works() ? "yes" : "no";

		if (!tap_ok(strcmp(said, is) == 0, "%s agrees with doing it", agreements[i].name))
			tap_diag("said \"%s\", is \"%s\"", said, is);
	}
}

static void test_shape(const json_t *root, int code)
{
	const json_t *item;
	size_t i, bad = 0;

	tap_ok(code == 0 && json_is_true(json_object_get(root, "can_run")), "the agent can run");
	tap_ok(json_array_size(json_object_get(root, "reasons")) == 0, "no reasons against it");
	json_array_foreach(json_object_get(root, "hooks"), i, item)
		bad += strcmp(event_str(item, "answer"), "no") == 0 && !*event_str(item, "reason");
	json_array_foreach(json_object_get(root, "helpers"), i, item)
		bad += strcmp(event_str(item, "answer"), "unknown") == 0;
	tap_ok(bad == 0, "each no has a reason, root leaves nothing unknown");
	bad = 0;
	json_array_foreach(json_object_get(root, "sensors"), i, item)
		bad += !*event_str(item, "hook");
	tap_ok(i > 30 && bad == 0, "each kind of event has a hook");
}

/* A command takes the best hook of those that are here, and says what there is without one. */
static bool tool_is_right(const json_t *tool)
{
	const char *used = event_str(tool, "hook"), *best = "";
	const json_t *hook;
	size_t i;

	json_array_foreach(json_object_get(tool, "hooks"), i, hook)
	{
		if (!*best && strcmp(event_str(hook, "answer"), "yes") == 0)
			best = event_str(hook, "name");
	}
	return i > 0 && strcmp(used, best) == 0 && !*used == !!*event_str(tool, "instead");
}

static void test_tools(const json_t *root)
{
	static const char *const everywhere[] = { "strace",  "syscalls", "latency",
						  "profile", "offcpu",   "oom" };
	const json_t *item;
	size_t i, bad = 0;

	json_array_foreach(json_object_get(root, "tools"), i, item)
	{
		if (tool_is_right(item))
			continue;
		tap_diag("%s: hook \"%s\", instead \"%s\"", event_str(item, "name"),
			 event_str(item, "hook"), event_str(item, "instead"));
		bad++;
	}
	tap_ok(i > 10 && bad == 0, "each command takes its best hook, or says what else there is");
	for (i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++)
		tap_ok(*event_str(element(root, "tools", "name", everywhere[i]), "hook") != '\0',
		       "there is a hook for %s", everywhere[i]);
	tap_ok(!*event_str(element(root, "tools", "name", "stacks FUNC"), "hook") ==
		       (strcmp(answer(root, "hooks", "fentry"), "yes") != 0 &&
			!kprobes_are_there()),
	       "functions of the kernel have stacks where they have hooks");
}

/* --- nothing stays behind --- */

static bool is_named(uint32_t id, const char *name)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);
	bool same = false;

	if (fd < 0)
		return false;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
		same = strcmp(info.name, name) == 0;
	close(fd);
	return same;
}

static bool probes_are_left(void)
{
	uint32_t id = 0;

	while (bpf_prog_get_next_id(id, &id) == 0)
		if (is_named(id, "rs_probe"))
			return true;
	return false;
}

/* The kernel frees programs a moment after the last reference goes. */
static void test_leftovers(void)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();

	while (probes_are_left() && now_ms() < end)
		poll(NULL, 0, 5);
	tap_ok(!probes_are_left(), "no program of a trial is left");
}

/* --- programs of others --- */

/*
 * A program of ours on a tracepoint that a child fires all the time, and that no trial of the
 * doctor uses: an emulated machine may hang when code is patched that another CPU is running.
 */
struct other {
	int prog;
	int link;
	pid_t child;
};

#define TRACEPOINT "sched_process_fork"

static void fork_forever(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
		poll(NULL, 0, 2);
	}
}

static void other_start(struct other *other)
{
	other->prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, PROGRAM);
	other->link = other->prog < 0 ? -1 : bpf_raw_tracepoint_open(TRACEPOINT, other->prog);
	if (other->link < 0)
		tap_bail("attaching a program: %s", strerror(errno));
	other->child = fork();
	if (other->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(other->link);
		close(other->prog);
		fork_forever();
	}
}

static void other_stop(struct other *other)
{
	kill(other->child, SIGKILL);
	waitpid(other->child, NULL, 0);
	close(other->link);
	close(other->prog);
}

static void test_programs(const json_t *root)
{
	const json_t *program = element(root, "programs", "name", PROGRAM);
	const json_t *cost = event_get(program, "measured");

	tap_ok(event_int(program, "pid") == getpid(), "a program's holder is found");
	tap_ok(strcmp(event_str(program, "type"), "raw_tracepoint") == 0, "its type");
	tap_ok(strcmp(event_str(program, "attached_to"), TRACEPOINT) == 0,
	       "what it is attached to");
	tap_ok(event_int(program, "links") == 1 && event_int(program, "memory_bytes") > 0,
	       "its link and its memory");
	tap_ok(json_is_true(json_object_get(program, "ours")), "rs_ is ours");
	tap_ok(event_int(cost, "runs") > 0 && event_int(cost, "run_time_ns") > 0,
	       "its cost is measured");
	tap_ok(event_int(cost, "ns") >= 300000000, "for as long as asked");
}

/* --- mounts --- */

/* A mount namespace without tracefs and the BPF file system. */
static void unmounted(void *data)
{
	(void)data;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(99);
	while (umount2("/sys/kernel/tracing", MNT_DETACH) == 0)
		;
	while (umount2("/sys/kernel/debug", MNT_DETACH) == 0)
		;
	while (umount2("/sys/fs/bpf", MNT_DETACH) == 0)
		;
}

static void test_mounts(void)
{
	static const char *const fix_args[] = { "doctor", "-o", "json", "--fix", NULL };
	_cleanup_(rs_str_done) struct rs_str before = RS_STR_INIT(0), after = RS_STR_INIT(0);
	const json_t *tracefs;
	json_t *root;
	int code;

	/* What others mount meanwhile is not our matter. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		tap_diag("no mount namespace of our own: %m");
	rs_fd_read_file("/proc/self/mountinfo", 1 << 20, &before, NULL);
	code = doctor(json_args, unmounted, &root);
	tracefs = element(root, "mounts", "type", "tracefs");
	tap_ok(code == 0 && json_is_null(json_object_get(tracefs, "point")),
	       "runs without tracefs");
	tap_ok(strcmp(answer(root, "hooks", "tracepoint"), "yes") == 0,
	       "tracepoints work without it");
	json_decref(root);
	code = doctor(fix_args, unmounted, &root);
	tracefs = element(root, "mounts", "type", "tracefs");
	tap_ok(code == 0 && json_is_true(json_object_get(tracefs, "fixed")),
	       "--fix mounts tracefs");
	tap_ok(strcmp(event_str(element(root, "mounts", "type", "bpf"), "point"), "/sys/fs/bpf") ==
		       0,
	       "and the BPF file system");
	json_decref(root);
	rs_fd_read_file("/proc/self/mountinfo", 1 << 20, &after, NULL);
	tap_ok(before.len == after.len && memcmp(before.data, after.data, after.len) == 0,
	       "our own mounts are as they were");
}

/* --- rights and use --- */

static void nobody(void *data)
{
	(void)data;
	if (setgid(65534) < 0 || setuid(65534) < 0)
		_exit(99);
}

static void test_rights(void)
{
	json_t *root;
	int code = doctor(json_args, nobody, &root);

	tap_ok(code == 3, "without rights it ends with 3");
	tap_ok(json_is_false(json_object_get(root, "can_run")) &&
		       json_array_size(json_object_get(root, "reasons")) > 0,
	       "and says why");
	tap_ok(*event_str(root, "system.kernel") != '\0', "and what it can tell");
	json_decref(root);
}

static int code_of(const char *const args[])
{
	struct outcome outcome;
	int code;

	agent_run(&outcome, args, NULL, NULL);
	code = outcome.code;
	outcome_done(&outcome);
	return code;
}

static void test_use(void)
{
	static const char *const table[] = { "doctor", NULL };
	static const char *const option[] = { "doctor", "--nonsense", NULL };
	static const char *const argument[] = { "doctor", "nonsense", NULL };
	struct outcome outcome;

	tap_ok(code_of(option) == 2, "an unknown option is wrong use");
	tap_ok(code_of(argument) == 2, "so is an argument");
	agent_run(&outcome, table, nobody, NULL);
	tap_ok(outcome.code == 3 && strstr(outcome.out, "\nHooks\n") &&
		       !strchr(outcome.out, '\033'),
	       "through a pipe the table is plain");
	outcome_done(&outcome);
}

/* Few runs as root: each has the verifier look at all our programs, which an emulated machine
 * takes long for. */
int main(void)
{
	static const char *const args[] = { "doctor", "-o", "json", "--measure", "300ms", NULL };
	struct other other;
	json_t *root;
	int code;

	if (geteuid() != 0)
		tap_bail("needs root");
	agent_publish();
	other_start(&other);
	code = doctor(args, NULL, &root);
	other_stop(&other);
	test_shape(root, code);
	test_answers(root);
	test_tools(root);
	test_programs(root);
	json_decref(root);
	test_leftovers();
	test_mounts();
	test_rights();
	test_use();
	return tap_done();
}
