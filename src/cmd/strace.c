/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside strace`: the command line, which is strace's where that makes sense. */
#include "cmd/strace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cmd/cmd.h"

#define BUFFER_MIN ((uint64_t)64 << 10)
#define BUFFER_MAX ((uint64_t)1 << 30)

static int count(const struct rs_opt *opt, const char *value, void *field, struct rs_error *err)
{
	(void)opt;
	(void)value;
	(void)err;
	++*(unsigned *)field;
	return 0;
}

/* The field is the whole of the settings: these options fill several. */
static int take_expression(const struct rs_opt *opt, const char *value, void *field,
			   struct rs_error *err)
{
	(void)opt;
	return rs_strace_take_expression(field, value, err);
}

static int take_named(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	rs_str_appendf(&text, "%s=%s", opt->long_name, value);
	return text.error ?: rs_strace_take_expression(field, rs_str_cstr(&text), err);
}

static const struct rs_opt_name sorts[] = {
	{ "time", RS_SUMMARY_TIME, "time in the call" },
	{ "time-total", RS_SUMMARY_TIME, NULL },
	{ "total-time", RS_SUMMARY_TIME, NULL },
	{ "calls", RS_SUMMARY_CALLS, "how many" },
	{ "count", RS_SUMMARY_CALLS, NULL },
	{ "errors", RS_SUMMARY_ERRORS, "how many failed" },
	{ "error", RS_SUMMARY_ERRORS, NULL },
	{ "name", RS_SUMMARY_NAME, "by name" },
	{ "syscall", RS_SUMMARY_NAME, NULL },
	{ "max", RS_SUMMARY_MAX, "the longest" },
	{ "time-max", RS_SUMMARY_MAX, NULL },
	{ "max-time", RS_SUMMARY_MAX, NULL },
	{ "avg", RS_SUMMARY_AVERAGE, "time of one" },
	{ "time-avg", RS_SUMMARY_AVERAGE, NULL },
	{ "avg-time", RS_SUMMARY_AVERAGE, NULL },
	{ "nothing", RS_SUMMARY_NOTHING, "by number" },
	{ "none", RS_SUMMARY_NOTHING, NULL },
	{ 0 },
};

#define AT(member) offsetof(struct rs_strace_settings, member)
#define FLAG(letter, name, member, text, ...)                                                      \
	RS_OPT_ROW(letter, name, NULL, RS_OPT_FLAG, AT(member), text, __VA_ARGS__)
#define COUNT(letter, name, member, text, ...)                                                     \
	RS_OPT_ROW(letter, name, NULL, RS_OPT_CALLBACK, AT(member), text, .parse = count,          \
		   .flags = RS_OPT_NO_VALUE, __VA_ARGS__)
#define NAMED(name, var, text, ...)                                                                \
	RS_OPT_ROW(0, name, var, RS_OPT_CALLBACK, 0, text, .parse = take_named, __VA_ARGS__)

static const struct rs_opt opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_select_opts, AT(select)),
	RS_OPT_ROW(0, "command", "CMD", RS_OPT_STRING, AT(select.command),
		   "run this command line and watch it, as if its words stood at the end"),
	FLAG(0, "all", all, "every process of the machine"),
	COUNT('f', "follow-forks", follow, "the processes that they make, too"),
	RS_OPT_ROW('E', "env", "VAR[=VALUE]", RS_OPT_LIST, AT(env),
		   "for the command: set this variable, or remove it", .flags = RS_OPT_NO_SPLIT),
	RS_OPT_ROW(0, "duration", "TIME", RS_OPT_DURATION, AT(duration), "stop after this time"),

	RS_OPT_ROW(
		'e', "expression", "EXPR", RS_OPT_CALLBACK, 0,
		"trace=SET (or only SET): these calls, such as open,openat %file %net !futex /^epoll; "
		"signal=SET; status=failed or successful; abbrev=none; raw=all",
		.parse = take_expression, .group = "Which calls (decided in the kernel)"),
	NAMED("trace", "SET", "the same as -e trace=SET"),
	NAMED("signal", "SET", "only these signals: names, !NAME, all, none"),
	NAMED("status", "STATUS", "successful, failed or all"),
	FLAG('Z', "failed-only", failed, "only calls that fail"),
	FLAG('z', "successful-only", successful, "only calls that do not fail"),
	RS_OPT_ROW(0, "slower", "TIME", RS_OPT_DURATION, AT(slower),
		   "only calls that take at least this long"),
	RS_OPT_ROW('P', "trace-path", "PATH", RS_OPT_LIST, AT(paths),
		   "only calls on this path, or on a descriptor that is open on it",
		   .flags = RS_OPT_NO_SPLIT),

	COUNT('t', "absolute-timestamps", times,
	      "time of day in front; -tt: with microseconds; -ttt: seconds since 1970",
	      .group = "Lines"),
	FLAG('r', "relative-timestamps", relative, "time since the call before"),
	FLAG('T', "syscall-times", spent, "time in the call behind it"),
	COUNT('y', "decode-fds", fds, "what descriptors are; -yy: with addresses and devices"),
	FLAG('Y', "decode-comm", comm, "names of threads beside their numbers"),
	COUNT('k', "stack-trace", stacks,
	      "the user's stack below each call; -kk: the kernel's, too"),
	FLAG('n', "syscall-number", number, "numbers of calls"),
	FLAG('v', "no-abbrev", verbose, "structures and lists whole"),
	RS_OPT_ROW('s', "string-limit", "N", RS_OPT_U32, AT(string_max),
		   "bytes of contents that are shown; up to 7680", .default_text = "32"),
	RS_OPT_ROW('a', "columns", "N", RS_OPT_U32, AT(column), "where results are put",
		   .default_text = "40"),
	RS_OPT_ROW('o', "output", "FILE", RS_OPT_STRING, AT(output),
		   "write there; with -f, lines begin with the thread's number"),
	FLAG('A', "output-append-mode", append, "with -o: add to the file"),
	COUNT('q', "quiet", quiet, "do not tell of processes that come; -qq: nor of how they end"),
	FLAG(0, "json", json, "one JSON object a line"),
	RS_OPT_ROW(0, "buffer", "SIZE", RS_OPT_SIZE, AT(buffer),
		   "room for records that wait to be printed", .default_text = "8M"),

	FLAG('c', "summary-only", summary_only,
	     "only count, in the kernel, and end with a table of calls, errors and times",
	     .group = "Summary"),
	FLAG('C', "summary", summary, "lines, and the table at the end"),
	RS_OPT_ROW('S', "summary-sort-by", "BY", RS_OPT_ENUM, AT(sort), "order of the table",
		   .names = sorts, .default_text = "time"),
	FLAG('w', "summary-wall-clock", wall,
	     "accepted: times are always from a call's entry to its end"),
	RS_OPT_END,
};

/* Words of a command line such that rs_command_start() takes them for the words that they are. */
static void quote(const char *word, struct rs_str *out)
{
	bool plain = *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_-+./:,@") == strlen(word);

	if (out->len)
		rs_str_append_char(out, ' ');
	if (plain) {
		rs_str_append_cstr(out, word);
		return;
	}
	rs_str_append_char(out, '\'');
	for (; *word; word++)
		rs_str_append_cstr(out, *word == '\'' ? "'\\''" : (const char[]){ *word, '\0' });
	rs_str_append_char(out, '\'');
}

static int check(const struct rs_strace_settings *s, struct rs_error *err)
{
	const struct rs_select_options *o = &s->select;
	bool somebody = o->pids.len || o->comms.len || o->uids.len || o->cgroups.len ||
			o->containers.len || o->pods.len || o->namespaces.len || o->command;

	if (!somebody && !s->all) {
		rs_error_set(err, -EINVAL,
			     "whom to watch? A command, -p PID, --container NAME ...");
		rs_error_hint(err, "--all watches every process");
		return -EINVAL;
	}
	if (s->failed && s->successful)
		return rs_error_set(err, -EINVAL, "-Z and -z leave nothing");
	if (s->summary_only && (s->failed || s->successful || s->slower || s->paths.len))
		return rs_error_set(err, -EINVAL,
				    "-c counts all calls: -Z, -z, --slower and -P need -C");
	if (s->buffer & (s->buffer - 1) || s->buffer < BUFFER_MIN || s->buffer > BUFFER_MAX)
		return rs_error_set(err, -EINVAL, "--buffer: a power of two from 64K to 1G");
	return 0;
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { .stop_at_positional = true };
	_cleanup_(rs_str_done) struct rs_str command = RS_STR_INIT(0);
	struct rs_strace_settings settings = {
		.string_max = 32, .column = 40, .buffer = 8 << 20, .signals = ~0ull
	};
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_cmd_parse(cmd, argc, argv, &settings, &args);

	if (r == RS_CMD_GO) {
		for (size_t i = 0; i < args.len; i++)
			quote(args.items[i], &command);
		if (args.len)
			settings.select.command = rs_str_cstr(&command);
		r = check(&settings, &err) < 0 ? rs_cmd_misuse(cmd, &err)
					       : rs_strace_run(&settings);
	}
	rs_opt_done(opts, &settings);
	return r;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside strace ls /tmp", "a command's system calls, each with what it asks and gets" },
	{ "ringside strace -p 4711 -f -tt -T", "a process that runs, its threads and children" },
	{ "ringside strace -c -p 4711",
	  "until Ctrl-C: how often which call, how long, how many errors" },
	{ "ringside strace -Z -yy -e trace=%net --container web",
	  "what fails in a container's network" },
	{ "ringside strace --slower 10ms -k -p 4711", "what takes long, and who asked for it" },
	{ "ringside strace -f -P /etc/hosts make", "who touches a file during a build" },
	{ NULL, NULL },
};

#define TEXT                                                                                                              \
	"Shows system calls as strace(1) does, without stopping anybody: programs in the kernel note what is asked and "  \
	"what comes of it. What is not wanted is left out there, and costs next to nothing. All threads of a process "    \
	"are watched; -f adds the processes that it makes.\n\n"                                                           \
	"Lines: a call is written when it ends. One that waits for longer than a moment is shown as far as it is known, " \
	"and its line goes on when it ends: where other lines come between as \"<unfinished ...>\" and \"<... read "      \
	"resumed>\". A call in which a process was when we came is shown, too. Times are those of entry (-t, -r); with "  \
	"several threads lines are in the order in which calls end.\n\n"                                                  \
	"What differs from strace: signals that a process ignores are marked (ignored), for they are not delivered; "     \
	"nothing can be changed (no -e inject); memory is read when it is there without a page fault: what was never "    \
	"touched is shown as an address. What descriptors are (-y) is asked of the kernel when the call is made. In the " \
	"summary, seconds are from entry to end, waiting included.\n\n"                                                   \
	"--json writes an object for each line: time, pid, tid, comm, syscall, nr, args (by name, as text), raw_args, "   \
	"result, errno, duration_ns, stack; signals and ends of threads have signal, exit_code or killed_by.\n\n"         \
	"With -k the first stacks of a command that has only just begun may end early: how its code is unwound is found " \
	"out when it runs.\n\n"                                                                                           \
	"What could not be shown is counted, and told at the end. Ends with the command's own code."

const struct rs_cmd rs_cmd_strace = {
	.name = "strace",
	.group = "System calls and latency",
	.synopsis = "[OPTION...] CMD [ARG...] | -p PID | --container NAME ...",
	.summary = "system calls of processes, line by line, without stopping them",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
