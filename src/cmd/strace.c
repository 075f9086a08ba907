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

/* -q, -qq, and --quiet=SET */
static int take_quiet(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	struct rs_strace_settings *s = field;

	if (value)
		return take_named(opt, value, field, err);
	s->quiet_set = true;
	s->quiet |= s->quiet & RS_STRACE_QUIET_ATTACH ? RS_STRACE_QUIET_EXIT
						      : RS_STRACE_QUIET_ATTACH;
	return 0;
}

/* -y, -yy, and --decode-fds=SET */
static int take_fds(const struct rs_opt *opt, const char *value, void *field, struct rs_error *err)
{
	struct rs_strace_settings *s = field;

	if (value)
		return take_named(opt, value, field, err);
	s->fds++;
	return 0;
}

/* --- times --- */

static int take_precision(unsigned *digits, bool *on, const char *value, struct rs_error *err)
{
	*on = true;
	return value ? rs_strace_take_precision(value, strlen(value), digits, err) : 0;
}

static int take_relative(const struct rs_opt *opt, const char *value, void *field,
			 struct rs_error *err)
{
	struct rs_strace_settings *s = field;

	(void)opt;
	return take_precision(&s->relative_digits, &s->relative, value, err);
}

static int take_spent(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	struct rs_strace_settings *s = field;

	(void)opt;
	return take_precision(&s->spent_digits, &s->spent, value, err);
}

/* One part of "format:unix,precision:us", where the words before the colons may be left out. */
static int take_time_part(struct rs_strace_settings *s, const char *part, size_t n,
			  struct rs_error *err)
{
	static const struct {
		const char *name;
		enum rs_calls_time time;
	} formats[] = { { "none", RS_CALLS_TIME_NONE },
			{ "time", RS_CALLS_TIME_CLOCK },
			{ "unix", RS_CALLS_TIME_EPOCH } };
	bool format = n > 7 && !strncmp(part, "format:", 7);
	bool precision = n > 10 && !strncmp(part, "precision:", 10);

	part += format ? 7 : precision ? 10 : 0;
	n -= format ? 7 : precision ? 10 : 0;
	for (size_t i = 0; i < ARRAY_SIZE(formats) && !precision; i++)
		if (strlen(formats[i].name) == n && !strncmp(formats[i].name, part, n)) {
			s->times = formats[i].time;
			return 0;
		}
	if (format)
		return rs_error_set(err, -EINVAL,
				    "there is no format \"%.*s\"; there are none, time, unix",
				    n > 40 ? 40 : (int)n, part);
	return rs_strace_take_precision(part, n, &s->time_digits, err);
}

/* -t, -tt, -ttt, and the long form */
static int take_times(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	struct rs_strace_settings *s = field;
	int r = 0;

	(void)opt;
	if (!value) {
		if (s->times && s->time_digits)
			s->times = RS_CALLS_TIME_EPOCH;
		else if (s->times)
			s->time_digits = 6;
		else
			s->times = RS_CALLS_TIME_CLOCK;
		return 0;
	}
	s->times = RS_CALLS_TIME_CLOCK;
	s->time_digits = 0;
	while (!r && *value) {
		size_t n = strcspn(value, ",");

		r = take_time_part(s, value, n, err);
		value += n + (value[n] == ',');
	}
	return r;
}

/* --- text --- */

/* -x, -xx, and --strings-in-hex[=WHICH] */
static int take_hex(const struct rs_opt *opt, const char *value, void *field, struct rs_error *err)
{
	static const struct rs_opt_name words[] = {
		{ "none", RS_CALL_STRINGS_PLAIN, NULL },
		{ "non-ascii-chars", RS_CALL_STRINGS_HEX_ESCAPES, NULL },
		{ "non-ascii", RS_CALL_STRINGS_HEX_ODD, NULL },
		{ "all", RS_CALL_STRINGS_HEX, NULL },
	};
	struct rs_strace_settings *s = field;

	if (!value) {
		s->strings = !opt->short_name || s->strings == RS_CALL_STRINGS_HEX_ODD
				     ? RS_CALL_STRINGS_HEX
				     : RS_CALL_STRINGS_HEX_ODD;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].name, value)) {
			s->strings = (enum rs_call_strings)words[i].value;
			return 0;
		}
	return rs_error_set(
		err, -EINVAL,
		"there is no \"%.40s\"; there are none, non-ascii-chars, non-ascii, all", value);
}

static const struct rs_opt_name styles[] = {
	{ "raw", RS_CALL_STYLE_RAW, "numbers" },
	{ "abbrev", RS_CALL_STYLE_NAMES, "names" },
	{ "verbose", RS_CALL_STYLE_BOTH, "numbers, and names as comments" },
	{ 0 },
};

/* --- the summary --- */

static const struct rs_opt_name sorts[] = {
	{ "time", RS_SUMMARY_TIME, "time in the call" },
	{ "time-percent", RS_SUMMARY_TIME, NULL },
	{ "time-total", RS_SUMMARY_TIME, NULL },
	{ "total-time", RS_SUMMARY_TIME, NULL },
	{ "calls", RS_SUMMARY_CALLS, "how many" },
	{ "count", RS_SUMMARY_CALLS, NULL },
	{ "errors", RS_SUMMARY_ERRORS, "how many failed" },
	{ "error", RS_SUMMARY_ERRORS, NULL },
	{ "name", RS_SUMMARY_NAME, "by name" },
	{ "syscall", RS_SUMMARY_NAME, NULL },
	{ "syscall-name", RS_SUMMARY_NAME, NULL },
	{ "max", RS_SUMMARY_MAX, "the longest" },
	{ "max-time", RS_SUMMARY_MAX, NULL },
	{ "time-max", RS_SUMMARY_MAX, NULL },
	{ "longest", RS_SUMMARY_MAX, NULL },
	{ "avg", RS_SUMMARY_AVERAGE, "time of one" },
	{ "avg-time", RS_SUMMARY_AVERAGE, NULL },
	{ "time-avg", RS_SUMMARY_AVERAGE, NULL },
	{ "nothing", RS_SUMMARY_NOTHING, "by number" },
	{ "none", RS_SUMMARY_NOTHING, NULL },
	{ 0 },
};

static const struct rs_opt_name columns[] = {
	{ "time-percent", RS_SUMMARY_COLUMN_SHARE, NULL },
	{ "time", RS_SUMMARY_COLUMN_SHARE, NULL },
	{ "total-time", RS_SUMMARY_COLUMN_SECONDS, NULL },
	{ "time-total", RS_SUMMARY_COLUMN_SECONDS, NULL },
	{ "max-time", RS_SUMMARY_COLUMN_LONGEST, NULL },
	{ "time-max", RS_SUMMARY_COLUMN_LONGEST, NULL },
	{ "longest", RS_SUMMARY_COLUMN_LONGEST, NULL },
	{ "avg-time", RS_SUMMARY_COLUMN_AVERAGE, NULL },
	{ "time-avg", RS_SUMMARY_COLUMN_AVERAGE, NULL },
	{ "calls", RS_SUMMARY_COLUMN_CALLS, NULL },
	{ "count", RS_SUMMARY_COLUMN_CALLS, NULL },
	{ "errors", RS_SUMMARY_COLUMN_ERRORS, NULL },
	{ "error", RS_SUMMARY_COLUMN_ERRORS, NULL },
	{ "name", RS_SUMMARY_COLUMN_NAME, NULL },
	{ "syscall", RS_SUMMARY_COLUMN_NAME, NULL },
	{ "syscall-name", RS_SUMMARY_COLUMN_NAME, NULL },
	{ 0 },
};

static int take_column(struct rs_summary_layout *layout, const char *word, size_t n,
		       struct rs_error *err)
{
	for (const struct rs_opt_name *c = columns; c->name; c++) {
		if (strlen(c->name) != n || strncmp(c->name, word, n) != 0)
			continue;
		for (size_t i = 0; i < layout->n_columns; i++)
			if (layout->columns[i] == c->value)
				return rs_error_set(err, -EINVAL, "\"%s\" is there twice", c->name);
		layout->columns[layout->n_columns++] = (uint8_t)c->value;
		return 0;
	}
	if ((n == 8 && (!strncmp(word, "min-time", n) || !strncmp(word, "time-min", n) ||
			!strncmp(word, "shortest", n))))
		return rs_error_set(err, -EINVAL,
				    "the shortest time is not kept; max-time and avg-time are");
	return rs_error_set(err, -EINVAL,
			    "there is no column \"%.*s\"; there are time-percent, total-time, "
			    "max-time, avg-time, calls, errors, name",
			    n > 40 ? 40 : (int)n, word);
}

static int take_columns(const struct rs_opt *opt, const char *value, void *field,
			struct rs_error *err)
{
	struct rs_summary_layout *layout = field;
	bool name = false;
	int r = 0;

	(void)opt;
	layout->n_columns = 0;
	for (; !r; value++) {
		size_t n = strcspn(value, ",");

		r = take_column(layout, value, n, err);
		value += n;
		if (!*value)
			break;
	}
	for (size_t i = 0; i < layout->n_columns; i++)
		name |= layout->columns[i] == RS_SUMMARY_COLUMN_NAME;
	if (!r && !name)
		layout->columns[layout->n_columns++] = RS_SUMMARY_COLUMN_NAME;
	return r;
}

/* --- what strace has and we have not: its row says why, or what to do instead --- */

static int refuse(const struct rs_opt *opt, const char *value, void *field, struct rs_error *err)
{
	(void)value;
	(void)field;
	return rs_error_set(err, -EINVAL, "%s", opt->help);
}

#define AT(member) offsetof(struct rs_strace_settings, member)
#define FLAG(letter, name, member, text, ...)                                                      \
	RS_OPT_ROW(letter, name, NULL, RS_OPT_FLAG, AT(member), text, __VA_ARGS__)
#define COUNT(letter, name, member, text, ...)                                                     \
	RS_OPT_ROW(letter, name, NULL, RS_OPT_CALLBACK, AT(member), text, .parse = count,          \
		   .flags = RS_OPT_NO_VALUE, __VA_ARGS__)
#define NAMED(name, var, text, ...)                                                                \
	RS_OPT_ROW(0, name, var, RS_OPT_CALLBACK, 0, text, .parse = take_named, __VA_ARGS__)
#define MAYBE(letter, name, var, at, take, text, ...)                                              \
	RS_OPT_ROW(letter, name, var, RS_OPT_CALLBACK, at, text, .parse = take, __VA_ARGS__)
#define REFUSED(letter, name, value, why)                                                          \
	RS_OPT_ROW(letter, name, "VALUE", RS_OPT_CALLBACK, 0, why, .parse = refuse,                \
		   .flags = RS_OPT_HIDDEN | (value))
#define ALONE RS_OPT_MAYBE_VALUE

static const struct rs_opt opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_select_opts, AT(select)),
	RS_OPT_ROW(0, "attach", "PID,...", RS_OPT_LIST, AT(select.pids), "the same as --pid",
		   .flags = RS_OPT_HIDDEN),
	RS_OPT_ROW(0, "command", "CMD", RS_OPT_STRING, AT(select.command),
		   "run this command line and watch it, as if its words stood at the end"),
	FLAG(0, "all", all, "every process of the machine"),
	COUNT('f', "follow-forks", follow,
	      "the processes that they make, too; -ff: with -o, a file for each thread"),
	RS_OPT_ROW('E', "env", "VAR[=VALUE]", RS_OPT_LIST, AT(env),
		   "for the command: set this variable, or remove it", .flags = RS_OPT_NO_SPLIT),
	RS_OPT_ROW('u', "user", "USER", RS_OPT_STRING, AT(select.user),
		   "run the command with this user's number and groups"),
	RS_OPT_ROW(0, "duration", "TIME", RS_OPT_DURATION, AT(duration), "stop after this time"),

	RS_OPT_ROW(
		'e', "expression", "EXPR", RS_OPT_CALLBACK, 0,
		"trace=SET (or only SET): these calls, such as open,openat %file %net !futex /^epoll; "
		"signal=SET; status=failed or successful; abbrev=SET, verbose=SET, raw=SET: how the "
		"arguments of these calls are written; quiet=SET; decode-fds=SET",
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

	MAYBE('t', "absolute-timestamps", "FORMAT", 0, take_times,
	      "time of day in front; -tt: with microseconds; -ttt: seconds since 1970; FORMAT is "
	      "none, time or unix and s, ms, us or ns",
	      .flags = RS_OPT_MAYBE_VALUE, .group = "Lines"),
	MAYBE(0, "timestamps", "FORMAT", 0, take_times, "the same",
	      .flags = RS_OPT_MAYBE_VALUE | RS_OPT_HIDDEN),
	MAYBE('r', "relative-timestamps", "PRECISION", 0, take_relative,
	      "time since the call before: s, ms, us or ns", .flags = RS_OPT_MAYBE_VALUE),
	MAYBE('T', "syscall-times", "PRECISION", 0, take_spent, "time in the call behind it",
	      .flags = RS_OPT_MAYBE_VALUE),
	MAYBE('y', "decode-fds", "SET", 0, take_fds,
	      "what descriptors are; -yy: with addresses and devices", .flags = RS_OPT_MAYBE_VALUE),
	FLAG('Y', "decode-comm", comm, "names of threads beside their numbers"),
	NAMED("decode-pids", "SET", "the same", .flags = RS_OPT_HIDDEN),
	COUNT('k', "stack-trace", stacks,
	      "the user's stack below each call; -kk: the kernel's, too"),
	MAYBE(0, "stack-traces", NULL, AT(stacks), count, "the same",
	      .flags = RS_OPT_HIDDEN | RS_OPT_NO_VALUE),
	FLAG('n', "syscall-number", number, "numbers of calls"),
	FLAG('v', "no-abbrev", verbose, "structures and lists whole"),
	NAMED("abbrev", "SET", "the same as -e abbrev=SET", .flags = RS_OPT_HIDDEN),
	NAMED("verbose", "SET", "the same as -e verbose=SET", .flags = RS_OPT_HIDDEN),
	NAMED("raw", "SET", "the same as -e raw=SET", .flags = RS_OPT_HIDDEN),
	MAYBE('x', "hex", NULL, 0, take_hex,
	      "texts that are not ASCII in hexadecimal; -xx: all of them",
	      .flags = RS_OPT_NO_VALUE),
	MAYBE(0, "strings-in-hex", "WHICH", 0, take_hex,
	      "the same: none, non-ascii-chars, non-ascii or all, which it is alone",
	      .flags = RS_OPT_MAYBE_VALUE),
	RS_OPT_ROW('X', "const-print-style", "STYLE", RS_OPT_ENUM, AT(style),
		   "how flags and the like are written", .names = styles, .default_text = "abbrev"),
	RS_OPT_ROW('s', "string-limit", "N", RS_OPT_U32, AT(string_max),
		   "bytes of contents that are shown; up to 7680", .default_text = "32"),
	RS_OPT_ROW('a', "columns", "N", RS_OPT_U32, AT(column), "where results are put",
		   .default_text = "40"),
	RS_OPT_ROW('o', "output", "FILE", RS_OPT_STRING, AT(output),
		   "write there, or to a command where it begins with | or !; with -f, lines begin "
		   "with the thread's number"),
	FLAG(0, "output-separately", separate, "with -o: a file FILE.TID for each thread"),
	FLAG('A', "output-append-mode", append, "with -o: add to the file"),
	MAYBE('q', "quiet", "SET", 0, take_quiet,
	      "do not tell of processes that come; -qq: nor of how they end",
	      .flags = RS_OPT_MAYBE_VALUE),
	MAYBE(0, "silent", "SET", 0, take_quiet, "the same",
	      .flags = RS_OPT_MAYBE_VALUE | RS_OPT_HIDDEN),
	MAYBE(0, "silence", "SET", 0, take_quiet, "the same",
	      .flags = RS_OPT_MAYBE_VALUE | RS_OPT_HIDDEN),
	FLAG(0, "json", json, "one JSON object a line"),
	RS_OPT_ROW(0, "buffer", "SIZE", RS_OPT_SIZE, AT(buffer),
		   "room for records that wait to be printed", .default_text = "8M"),

	FLAG('c', "summary-only", summary_only,
	     "only count, in the kernel, and end with a table of calls, errors and times",
	     .group = "Summary"),
	FLAG('C', "summary", summary, "lines, and the table at the end"),
	RS_OPT_ROW('S', "summary-sort-by", "BY", RS_OPT_ENUM, AT(layout.sort), "order of the table",
		   .names = sorts, .default_text = "time"),
	RS_OPT_ROW('U', "summary-columns", "COLUMN,...", RS_OPT_CALLBACK, AT(layout),
		   "columns of the table: time-percent, total-time, max-time, avg-time, calls, "
		   "errors, name",
		   .parse = take_columns),
	FLAG('w', "summary-wall-clock", wall,
	     "accepted: times are always from a call's entry to its end"),

	MAYBE('F', "follow", NULL, AT(follow), count, "the same as -f",
	      .flags = RS_OPT_HIDDEN | RS_OPT_NO_VALUE),
	FLAG(0, "seccomp-bpf", nothing, "nobody is stopped, whatever is not asked for",
	     .flags = RS_OPT_HIDDEN),
	REFUSED('D', "daemonize", ALONE,
		"not here: to have nothing between the command and who starts it, start it yourself "
		"and watch it with -p PID"),
	REFUSED('b', "detach-on", 0,
		"not here: without -f only the process itself is watched, and nobody needs to be let "
		"go"),
	REFUSED('I', "interruptible", 0,
		"not needed: Ctrl-C ends the watching at any time, and nobody who is watched waits "
		"for us"),
	REFUSED('i', "instruction-pointer", ALONE,
		"not here: -k shows the place that calls, and who called it"),
	REFUSED('O', "summary-syscall-overhead", 0,
		"not needed: calls are timed in the kernel, where they begin and end, so nothing has "
		"to be taken off"),
	REFUSED('d', "debug", ALONE,
		"not here: `ringside doctor` says what works on this machine, and what is lost is "
		"told at the end"),
	REFUSED('V', "version", ALONE, "not here: `ringside --version` says it"),
	REFUSED(0, "kill-on-exit", ALONE,
		"not here: processes are watched and never changed; they go on when we end"),
	REFUSED(0, "pidns-translation", ALONE,
		"not needed: numbers are those of the first pid namespace already, as ps on the host "
		"has them"),
	REFUSED(0, "secontext", ALONE, "not here: `ls -Z` and `ps -Z` show security contexts"),
	REFUSED(0, "argv0", 0, "not here: bash -c 'exec -a NAME CMD' as the command does it"),
	REFUSED(0, "tips", ALONE, "not here: `ringside strace --help` has examples"),
	NAMED("inject", "SET", "no", .flags = RS_OPT_HIDDEN),
	NAMED("fault", "SET", "no", .flags = RS_OPT_HIDDEN),
	NAMED("kvm", "SET", "no", .flags = RS_OPT_HIDDEN),
	NAMED("read", "SET", "no", .flags = RS_OPT_HIDDEN),
	NAMED("write", "SET", "no", .flags = RS_OPT_HIDDEN),
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
	if (o->user && !o->command)
		return rs_error_set(err, -EINVAL, "-u USER is for a command that is started here");
	if (s->summary_only && (s->failed || s->successful || s->slower || s->paths.len))
		return rs_error_set(err, -EINVAL,
				    "-c counts all calls: -Z, -z, --slower and -P need -C");
	if (s->separate && (s->summary || s->summary_only))
		return rs_error_set(err, -EINVAL, "-c and -C make one table: not with -ff");
	if (s->separate && s->output && (*s->output == '|' || *s->output == '!'))
		return rs_error_set(err, -EINVAL,
				    "-o \"%.40s\": a command reads one text: not with -ff",
				    s->output);
	if (s->append && !s->output)
		return rs_error_set(err, -EINVAL, "-A is for a file: -o FILE");
	if (s->buffer & (s->buffer - 1) || s->buffer < BUFFER_MIN || s->buffer > BUFFER_MAX)
		return rs_error_set(err, -EINVAL, "--buffer: a power of two from 64K to 1G");
	return 0;
}

/* What options imply, as strace has it. */
static void complete(struct rs_strace_settings *s)
{
	s->separate |= s->follow > 1;
	if (s->output && s->select.command && !s->select.pids.len && !s->quiet_set)
		s->quiet |= RS_STRACE_QUIET_ATTACH;
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { .stop_at_positional = true };
	_cleanup_(rs_str_done) struct rs_str command = RS_STR_INIT(0);
	struct rs_strace_settings settings = {
		.string_max = 32,
		.column = 40,
		.buffer = 8 << 20,
		.signals = ~0ull,
		.relative_digits = 6,
		.spent_digits = 6,
		.style = RS_CALL_STYLE_NAMES,
	};
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_cmd_parse(cmd, argc, argv, &settings, &args);

	if (r == RS_CMD_GO) {
		for (size_t i = 0; i < args.len; i++)
			quote(args.items[i], &command);
		if (args.len)
			settings.select.command = rs_str_cstr(&command);
		complete(&settings);
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
