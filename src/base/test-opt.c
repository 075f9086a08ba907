/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/opt.h"

enum format {
	FORMAT_TABLE,
	FORMAT_JSON = 7,
};

struct selection {
	uint32_t pid;
	struct rs_opt_list comms;
};

struct settings {
	bool verbose, quiet, color;
	const char *file;
	uint64_t number, duration, size, kinds;
	int64_t offset;
	enum format format;
	struct rs_opt_list raw;
	int pair[2];
	unsigned count;
	const char *maybe;
	struct selection select;
};

static int parse_pair(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	int *pair = field;
	char end;

	assert_string_equal(opt->long_name, "pair");
	if (sscanf(value, "%d:%d%c", &pair[0], &pair[1], &end) != 2)
		return rs_error_set(err, -EINVAL, "\"%s\" is not A:B", value);
	return 0;
}

static int count_up(const struct rs_opt *opt, const char *value, void *field, struct rs_error *err)
{
	(void)opt;
	(void)err;
	assert_null(value);
	++*(unsigned *)field;
	return 0;
}

static int take_maybe(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	(void)opt;
	(void)err;
	*(const char **)field = value ? value : "nothing";
	return 0;
}

static const struct rs_opt_name formats[] = {
	{ "table", FORMAT_TABLE, "aligned" },
	{ "json", FORMAT_JSON, NULL },
	{ NULL, 0, NULL },
};

static const struct rs_opt_name kinds[] = {
	{ "exec", 1, NULL },
	{ "file", 2, NULL },
	{ "net", 4, NULL },
	{ NULL, 0, NULL },
};

static const struct rs_opt select_opts[] = {
	RS_OPT_ROW('p', "pid", "PID", RS_OPT_U32, offsetof(struct selection, pid),
		   "only this process and its descendants", .group = "Selection"),
	RS_OPT_ROW(0, "comm", "NAME", RS_OPT_LIST, offsetof(struct selection, comms),
		   "only these names"),
	RS_OPT_END,
};

#define AT(field) offsetof(struct settings, field)

static const struct rs_opt opts[] = {
	RS_OPT_ROW('v', "verbose", NULL, RS_OPT_FLAG, AT(verbose), "say more"),
	RS_OPT_ROW('q', "quiet", NULL, RS_OPT_FLAG, AT(quiet), "say less"),
	RS_OPT_ROW(0, "color", NULL, RS_OPT_FLAG, AT(color), "colour", .flags = RS_OPT_NEGATABLE),
	RS_OPT_ROW('w', "write", "FILE", RS_OPT_STRING, AT(file), "write to FILE"),
	RS_OPT_ROW('n', "number", "N", RS_OPT_U64, AT(number), "a number", .default_text = "5"),
	RS_OPT_ROW('d', "duration", "TIME", RS_OPT_DURATION, AT(duration), "stop after TIME"),
	RS_OPT_ROW('s', "size", "BYTES", RS_OPT_SIZE, AT(size), "size of the buffer"),
	RS_OPT_ROW(0, "offset", "N", RS_OPT_I64, AT(offset), "signed"),
	RS_OPT_ROW('o', "output", "FORMAT", RS_OPT_ENUM, AT(format), "how to print",
		   .names = formats, .default_text = "table"),
	RS_OPT_ROW('k', "kinds", "KINDS", RS_OPT_BITSET, AT(kinds), "which events", .names = kinds),
	RS_OPT_ROW(0, "raw", "TEXT", RS_OPT_LIST, AT(raw), "taken as it is",
		   .flags = RS_OPT_NO_SPLIT),
	RS_OPT_ROW(0, "pair", "A:B", RS_OPT_CALLBACK, AT(pair), "two numbers", .parse = parse_pair),
	RS_OPT_ROW('C', NULL, NULL, RS_OPT_CALLBACK, AT(count), "counts", .parse = count_up,
		   .flags = RS_OPT_NO_VALUE),
	RS_OPT_ROW(0, "maybe", "TEXT", RS_OPT_CALLBACK, AT(maybe), "with or without",
		   .parse = take_maybe, .flags = RS_OPT_MAYBE_VALUE),
	RS_OPT_ROW(0, "secret", NULL, RS_OPT_FLAG, AT(quiet), "not shown", .flags = RS_OPT_HIDDEN),
	RS_OPT_INCLUDE_TABLE(select_opts, AT(select)),
	RS_OPT_END,
};

struct run {
	struct settings set;
	struct rs_opt_args args;
	struct rs_error err;
	char *argv[32];
	int r;
};

/* Splits the line at spaces and parses it; "" stands for an empty argument. */
static void run(struct run *t, const char *line)
{
	static char buf[512];
	int argc = 0;

	rs_opt_args_done(&t->args);
	rs_opt_done(opts, &t->set);
	memset(&t->set, 0, sizeof(t->set));
	memset(&t->err, 0, sizeof(t->err));
	t->set.kinds = 6;
	t->argv[argc++] = (char *)"ringside";
	snprintf(buf, sizeof(buf), "%s", line);
	for (char *p = strtok(buf, " "); p; p = strtok(NULL, " ")) {
		if (strcmp(p, "\"\"") == 0)
			p[0] = '\0';
		t->argv[argc++] = p;
	}
	t->argv[argc] = NULL;
	t->r = rs_opt_parse(opts, argc, t->argv, &t->set, &t->args, &t->err);
}

static void run_done(struct run *t)
{
	rs_opt_args_done(&t->args);
	rs_opt_done(opts, &t->set);
}

static void test_forms(void **state)
{
	_cleanup_(run_done) struct run t = { 0 };

	(void)state;
	run(&t, "");
	assert_int_equal(t.r, 0);
	assert_int_equal(t.args.len, 0);
	assert_null(t.args.items[0]);
	run(&t, "-vq -w out --number=12 x --duration 1m30s -s64K --offset -5 y");
	assert_int_equal(t.r, 0);
	assert_true(t.set.verbose && t.set.quiet);
	assert_string_equal(t.set.file, "out");
	assert_int_equal(t.set.number, 12);
	assert_int_equal(t.set.duration, 90000000000ull);
	assert_int_equal(t.set.size, 65536);
	assert_int_equal(t.set.offset, -5);
	assert_int_equal(t.args.len, 2);
	assert_string_equal(t.args.items[0], "x");
	assert_string_equal(t.args.items[1], "y");
	assert_null(t.args.items[2]);
	assert_true(rs_opt_was_set(&t.args, "verbose"));
	assert_true(rs_opt_was_set(&t.args, "q"));
	assert_false(rs_opt_was_set(&t.args, "pid"));
	run(&t, "-vwout -n 0x10 -- -v --nope");
	assert_int_equal(t.r, 0);
	assert_string_equal(t.set.file, "out");
	assert_int_equal(t.set.number, 16);
	assert_int_equal(t.args.len, 2);
	run(&t, "- --write= --write \"\"");
	assert_int_equal(t.r, 0);
	assert_string_equal(t.args.items[0], "-");
	assert_string_equal(t.set.file, "");
	run(&t, "--color --no-color");
	assert_false(t.set.color);
	run(&t, "--no-color --color -CCvC");
	assert_true(t.set.color);
	assert_int_equal(t.set.count, 3);
	run(&t, "--maybe x");
	assert_string_equal(t.set.maybe, "nothing");
	assert_int_equal(t.args.len, 1);
	run(&t, "--maybe=x");
	assert_string_equal(t.set.maybe, "x");
	assert_int_equal(t.args.len, 0);
	run(&t, "--pair 3:-4 --pid 7 --comm a,bc --comm d --raw x,y --raw \"\"");
	assert_int_equal(t.r, 0);
	assert_int_equal(t.set.pair[1], -4);
	assert_int_equal(t.set.select.pid, 7);
	assert_int_equal(t.set.select.comms.len, 3);
	assert_string_equal(t.set.select.comms.items[1], "bc");
	assert_int_equal(t.set.raw.len, 2);
	assert_string_equal(t.set.raw.items[0], "x,y");
}

static void test_words(void **state)
{
	_cleanup_(run_done) struct run t = { 0 };

	(void)state;
	run(&t, "-o json");
	assert_int_equal(t.set.format, FORMAT_JSON);
	run(&t, "-k exec");
	assert_int_equal(t.set.kinds, 1);
	run(&t, "-k exec,net -k file");
	assert_int_equal(t.set.kinds, 7);
	run(&t, "-k -net");
	assert_int_equal(t.set.kinds, 2);
	run(&t, "--kinds=all,-file");
	assert_int_equal(t.set.kinds, 5);
	run(&t, "--kinds none");
	assert_int_equal(t.r, 0);
	assert_int_equal(t.set.kinds, 0);
}

static void test_help_outcome(void **state)
{
	_cleanup_(run_done) struct run t = { 0 };

	(void)state;
	run(&t, "-v --help --nonsense");
	assert_int_equal(t.r, RS_OPT_HELP);
	run(&t, "-vh");
	assert_int_equal(t.r, RS_OPT_HELP);
	run(&t, "-- --help");
	assert_int_equal(t.r, RS_OPT_OK);
}

static void test_stop_at_positional(void **state)
{
	_cleanup_(run_done) struct run t = { .args.stop_at_positional = true };

	(void)state;
	run(&t, "-v ls -l -- --color");
	assert_int_equal(t.r, 0);
	assert_int_equal(t.args.len, 4);
	assert_string_equal(t.args.items[1], "-l");
	assert_string_equal(t.args.items[2], "--");
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *msg;
	} cases[] = {
		{ "--nmber 5", "unknown option \"--nmber\" (did you mean \"--number\"?)" },
		{ "--pdi=5", "unknown option \"--pdi\" (did you mean \"--pid\"?)" },
		{ "--xyzzy", "unknown option \"--xyzzy\"" },
		{ "--secre", "unknown option \"--secre\"" },
		{ "-vx", "unknown option \"-x\"" },
		{ "--=x", "unknown option \"--\"" },
		{ "--no-verbose", "unknown option \"--no-verbose\" (did you mean \"--verbose\"?)" },
		{ "--no-", "unknown option \"--no-\"" },
		{ "--number", "option \"--number\" needs a value: N" },
		{ "-vn", "option \"-n\" needs a value: N" },
		{ "--verbose=1", "option \"--verbose\" takes no value" },
		{ "--no-color=1", "option \"--no-color\" takes no value" },
		{ "--number 12x", "option \"--number\": \"12x\" is not a number" },
		{ "-p 4294967296", "option \"-p\": \"4294967296\" is more than 4294967295" },
		{ "-d 5", "option \"-d\": \"5\" is not a duration" },
		{ "-s 5X", "option \"-s\": \"5X\" is not a size" },
		{ "--offset x", "option \"--offset\": \"x\" is not a number" },
		{ "--pair x", "option \"--pair\": \"x\" is not A:B" },
		{ "--comm a,,b", "option \"--comm\": an element of the list is empty" },
		{ "--comm \"\"", "option \"--comm\": an element of the list is empty" },
		{ "-o tabel",
		  "option \"-o\": \"tabel\" is not one of table, json (did you mean \"table\"?)" },
		{ "-k exec,-nett", "option \"-k\": \"nett\" is not one of exec, file, net "
				   "(did you mean \"net\"?)" },
		{ "-k exec,", "option \"-k\": \"\" is not one of exec, file, net" },
		{ "-k zzz", "option \"-k\": \"zzz\" is not one of exec, file, net" },
	};
	_cleanup_(run_done) struct run t = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		run(&t, cases[i].line);
		if (t.r != -EINVAL && t.r != -ERANGE)
			fail_msg("accepted: %s", cases[i].line);
		assert_string_equal(t.err.msg, cases[i].msg);
	}
}

static void test_no_positional(void **state)
{
	char *argv[] = { (char *)"x", (char *)"-v", (char *)"file", NULL };
	struct rs_error err = RS_ERROR_INIT;
	struct settings set = { 0 };

	(void)state;
	assert_int_equal(rs_opt_parse(opts, 3, argv, &set, NULL, &err), -EINVAL);
	assert_string_equal(err.msg, "unexpected argument \"file\"");
	assert_int_equal(rs_opt_parse(opts, 2, argv, &set, NULL, &err), 0);
	assert_int_equal(rs_opt_parse(opts, 0, argv, &set, NULL, &err), 0);
	assert_int_equal(rs_opt_parse(opts, 3, argv, &set, NULL, NULL), -EINVAL);
}

static void test_set(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	struct settings set = { 0 };

	(void)state;
	assert_int_equal(rs_opt_set(opts, "verbose", NULL, &set, &err), 0);
	assert_true(set.verbose);
	assert_int_equal(rs_opt_set(opts, "verbose", "off", &set, &err), 0);
	assert_false(set.verbose);
	assert_int_equal(rs_opt_set(opts, "pid", "12", &set, &err), 0);
	assert_int_equal(set.select.pid, 12);
	assert_int_equal(rs_opt_set(opts, "verbose", "maybe", &set, &err), -EINVAL);
	assert_string_equal(err.msg, "option \"verbose\": \"maybe\" is neither true nor false");
	assert_int_equal(rs_opt_set(opts, "comand", "x", &set, &err), -EINVAL);
	assert_int_equal(rs_opt_set(opts, "pid", NULL, &set, &err), -EINVAL);
	assert_int_equal(rs_opt_set(opts, "kinds", "exec", &set, &err), 0);
	assert_int_equal(rs_opt_set(opts, "kinds", "net", &set, &err), 0);
	assert_int_equal(set.kinds, 4);
}

static const char want_wide[] =
	"Options:\n"
	"  -v, --verbose        say more\n"
	"  -q, --quiet          say less\n"
	"      --[no-]color     colour\n"
	"  -w, --write FILE     write to FILE\n"
	"  -n, --number N       a number (default: 5)\n"
	"  -d, --duration TIME  stop after TIME\n"
	"  -s, --size BYTES     size of the buffer\n"
	"      --offset N       signed\n"
	"  -o, --output FORMAT  how to print; one of table, json (default: table)\n"
	"  -k, --kinds KINDS    which events; any of exec, file, net\n"
	"      --raw TEXT       taken as it is\n"
	"      --pair A:B       two numbers\n"
	"  -C                   counts\n"
	"      --maybe[=TEXT]   with or without\n"
	"\n"
	"Selection:\n"
	"  -p, --pid PID        only this process and its descendants\n"
	"      --comm NAME      only these names\n"
	"  -h, --help           show this help\n";

static void test_help(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };

	(void)state;
	assert_int_equal(rs_opt_help(opts, 80, &s), 0);
	assert_string_equal(rs_str_cstr(&s), want_wide);
	for (unsigned width = 0; width < 100; width++) {
		const char *line;

		rs_str_reset(&s);
		assert_int_equal(rs_opt_help(opts, width, &s), 0);
		for (line = rs_str_cstr(&s); *line; line += strcspn(line, "\n") + 1)
			assert_true(strcspn(line, "\n") <= MAX(width, 52));
	}
	rs_str_reset(&s);
	assert_int_equal(rs_opt_help(select_opts, 52, &s), 0);
	assert_string_equal(rs_str_cstr(&s), "Selection:\n"
					     "  -p, --pid PID    only this process and its\n"
					     "                   descendants\n"
					     "      --comm NAME  only these names\n"
					     "  -h, --help       show this help\n");
}

static void test_long_names_help(void **state)
{
	static const struct rs_opt rows[] = {
		RS_OPT_ROW('h', "a-name-too-long-to-share-its-line", "VALUE", RS_OPT_STRING, 0,
			   "text"),
		RS_OPT_END,
	};
	_cleanup_(rs_str_done) struct rs_str s = { 0 };

	(void)state;
	assert_int_equal(rs_opt_help(rows, 80, &s), 0);
	assert_string_equal(rs_str_cstr(&s), "Options:\n"
					     "  -h, --a-name-too-long-to-share-its-line VALUE\n"
					     "                text\n"
					     "      --help    show this help\n");
}

static int collect(const struct rs_opt *opt, const char *group, void *data)
{
	rs_str_appendf(data, "%s/%s ", group, opt->long_name ? opt->long_name : "-");
	return opt->long_name && strcmp(opt->long_name, "pid") == 0 ? 5 : 0;
}

static void test_walk(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };

	(void)state;
	assert_int_equal(rs_opt_walk(opts, collect, &s), 5);
	assert_string_equal(rs_str_cstr(&s),
			    "/verbose /quiet /color /write /number /duration /size /offset /output "
			    "/kinds /raw /pair /- /maybe /secret Selection/pid ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_help_outcome),
		cmocka_unit_test(test_stop_at_positional),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_positional),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_long_names_help),
		cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
