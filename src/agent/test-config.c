/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config.h"
#include "base/fd.h"
#include "base/test-scratch.h"
#include "base/units.h"
#include "event/event.h"

#define BIT(kind) (1ull << RS_KIND_##kind)

static struct rs_config_mistakes mistakes;

/* --- what is read --- */

static void parse_well(const char *text, struct rs_agent_options *options)
{
	struct rs_error err = RS_ERROR_INIT;

	rs_agent_options_init(options);
	if (rs_config_parse(text, strlen(text), options, &mistakes, &err) < 0)
		fail_msg("%s; %s", err.msg, mistakes.items[0].text);
	assert_int_equal(mistakes.len, 0);
}

static void expect_list(const struct rs_opt_list *list, const char *const *items)
{
	size_t n = 0;

	for (; items[n]; n++) {
		assert_true(n < list->len);
		assert_string_equal(list->items[n], items[n]);
	}
	assert_int_equal(list->len, n);
}

#define EXPECT_LIST(list, ...) expect_list(&(list), (const char *const[]){ __VA_ARGS__, NULL })

static void test_everything(void **state)
{
	static const char text[] = "%YAML 1.1\n"
				   "---\n"
				   "# all keys\n"
				   "watch:\n"
				   "  kinds: [exec, exit, network, -udp]\n"
				   "  pid: [1, 0x10]\n"
				   "  comm: 'a b'\n"
				   "  exe:\n"
				   "    - /usr/bin/python3\n"
				   "    - \"/opt/\\u00e9,x\"\n"
				   "  uid: [root, 4294967294]\n"
				   "  cgroup: /system.slice\n"
				   "  path: [/etc, /]\n"
				   "output: {format: json, file: /tmp/x, env: [A, B], color: never,"
				   " quiet: yes}\n"
				   "agent:\n"
				   "  duration: 1m30s\n"
				   "  command: echo \"hi\"\n"
				   "  ring-size: 64K\n"
				   "  memory: 8M\n"
				   "  measure: always\n"
				   "  control: none\n"
				   "...\n";
	struct rs_agent_options o;

	(void)state;
	parse_well(text, &o);
	assert_true(o.kinds == (BIT(EXEC) | BIT(EXIT) | BIT(CONNECT) | BIT(ACCEPT) | BIT(LISTEN) |
				BIT(BIND) | BIT(CLOSE)));
	EXPECT_LIST(o.pids, "1", "0x10");
	EXPECT_LIST(o.comms, "a b");
	EXPECT_LIST(o.exes, "/usr/bin/python3", "/opt/\u00e9,x");
	EXPECT_LIST(o.uids, "root", "4294967294");
	EXPECT_LIST(o.cgroups, "/system.slice");
	EXPECT_LIST(o.paths, "/etc", "/");
	assert_int_equal(o.output, RS_AGENT_OUTPUT_JSON);
	assert_string_equal(o.file, "/tmp/x");
	EXPECT_LIST(o.env, "A", "B");
	assert_int_equal(o.color, RS_TERM_COLOR_NEVER);
	assert_true(o.quiet);
	assert_true(o.duration == 90 * RS_NSEC_PER_SEC);
	assert_string_equal(o.command, "echo \"hi\"");
	assert_true(o.ring_bytes == 65536 && o.memory == 8 << 20);
	assert_int_equal(o.measure, RS_AGENT_MEASURE_ALWAYS);
	assert_string_equal(o.control, "none");
	rs_agent_options_done(&o);
}

static void test_little(void **state)
{
	static const char *const texts[] = {
		"",
		"# nothing\n",
		"---\n",
		"watch:\n",
		"watch: ~\noutput:\n",
		"agent: {}",
		"\xef\xbb\xbf#\n",
		"watch:\n  pid: []\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct rs_agent_options o;

		parse_well(texts[i], &o);
		assert_true(!o.kinds && !o.pids.len);
		rs_agent_options_done(&o);
	}
}

/* A list in the file replaces what was there; what the file does not mention stays. */
static void test_replaces(void **state)
{
	static const char text[] = "watch:\n  uid: [b]\n  kinds: exec\n";
	struct rs_agent_options o;

	(void)state;
	rs_agent_options_init(&o);
	o.kinds = BIT(OPEN);
	o.duration = 7;
	rs_opt_list_add(&o.uids, "a", 1);
	rs_opt_list_add(&o.pids, "1", 1);
	assert_int_equal(rs_config_parse(text, strlen(text), &o, NULL, NULL), 0);
	assert_true(o.kinds == BIT(EXEC) && o.duration == 7);
	EXPECT_LIST(o.uids, "b");
	EXPECT_LIST(o.pids, "1");
	rs_agent_options_done(&o);
}

/* --- mistakes --- */

struct wrong {
	const char *text;
	const char *mistakes[4]; /* "line:column text" */
};

static const struct wrong wrongs[] = {
	/* keys */
	{ "agent:\n  comand: x\n", { "2:3 unknown key \"comand\" (did you mean \"command\"?)" } },
	{ "agnet:\n  command: x\n", { "1:1 unknown key \"agnet\" (did you mean \"agent\"?)" } },
	{ "xyz: 1\n", { "1:1 unknown key \"xyz\"" } },
	{ "kinds: exec\n", { "1:1 key \"kinds\" belongs under \"watch\"" } },
	{ "watch: {measure: off}\n", { "1:9 key \"measure\" belongs under \"agent\"" } },
	{ "watch: {mesure: off}\n",
	  { "1:9 unknown key \"mesure\" (did you mean \"measure\", under \"agent\"?)" } },
	{ "agent: {root: /x}\n",
	  { "1:9 unknown key \"root\" (this can only be said on the command line)" } },
	{ "agent:\n  memory: 8M\n  memory: 9M\n",
	  { "3:3 key \"memory\" was given before, in line 2" } },
	{ "agent: {}\nwatch: {}\nagent: {memory: 9M}\n",
	  { "3:1 key \"agent\" was given before, in line 1" } },
	{ "? [a]\n: b\nagent: {? {a: b} : c, memory: 8M}\n",
	  { "1:3 a key must be a plain word", "3:11 a key must be a plain word" } },
	{ "\"a\\x1bb\": 1\n", { "1:1 unknown key \"a\\x1bb\"" } },
	{ "\"watch\\0\": {}\n", { "1:1 a NUL character in a text" } },
	/* shapes */
	{ "hello\n", { "1:1 a mapping of sections belongs here, such as \"watch:\"" } },
	{ "[watch]\n", { "1:1 a mapping of sections belongs here, such as \"watch:\"" } },
	{ "watch: exec\n",
	  { "1:8 \"watch\": keys belong here, such as \"kinds: [exec, exit, network]\"" } },
	{ "output: [json]\n", { "1:9 \"output\": keys belong here, such as \"format: json\"" } },
	{ "agent:\n  duration: [1s]\n",
	  { "2:13 \"duration\": one value belongs here, not a list" } },
	{ "agent:\n  duration: {s: 1}\n", { "2:13 \"duration\": a value belongs here, not keys" } },
	{ "watch:\n  kinds: [[exec]]\n", { "2:11 \"kinds\": a plain value belongs here" } },
	{ "watch:\n  pid:\n  uid: [a, ~]\n",
	  { "2:7 \"pid\": a value is missing", "3:12 \"uid\": a value is missing" } },
	{ "watch:\n  kinds: []\n", { "2:10 \"kinds\": it must name at least one kind of event" } },
	{ "watch:\n  kinds: [exec, -exec]\n",
	  { "2:10 \"kinds\": \"exec,-exec\" leaves no kind of event" } },
	/* values */
	{ "watch: {kinds: [exec, exti]}\n",
	  { "1:23 \"kinds\": unknown kind of event \"exti\" (did you mean \"exit\"?)" } },
	{ "watch: {pid: [0, -1, x, 99999999999]}\n",
	  { "1:15 \"pid\": no process has the number 0", "1:18 \"pid\": \"-1\" is not a number",
	    "1:22 \"pid\": \"x\" is not a number",
	    "1:25 \"pid\": \"99999999999\" is more than 2147483647" } },
	{ "watch: {comm: averyveryverylongname}\n",
	  { "1:15 \"comm\": 21 bytes, and 15 are the most" } },
	{ "watch: {path: etc, exe: ./a}\n",
	  { "1:15 \"path\": \"etc\" is not an absolute path",
	    "1:25 \"exe\": \"./a\" is not an absolute path" } },
	{ "watch: {uid: 4294967295}\n",
	  { "1:14 \"uid\": \"4294967295\" is more than 4294967294" } },
	{ "watch: {comm: \"\"}\n", { "1:15 \"comm\": it must not be empty" } },
	{ "watch: {comm: \"a\\0b\"}\n", { "1:15 a NUL character in a text" } },
	{ "output: {format: tabel}\n",
	  { "1:18 \"format\": \"tabel\" is not one of auto, table, json, none"
	    " (did you mean \"table\"?)" } },
	{ "output: {quiet: maybe}\n", { "1:17 \"quiet\": \"maybe\" is neither true nor false" } },
	{ "output: {env: A=b}\n", { "1:15 \"env\": \"A=b\": names only, without a value" } },
	{ "output: {file: x.json}\n", { "1:16 \"file\": \"x.json\" is not an absolute path" } },
	{ "agent: {control: nono}\n", { "1:18 \"control\": \"nono\" is not an absolute path" } },
	{ "agent: {memory: 1M, ring-size: 2G}\n",
	  { "1:17 \"memory\": less than 8M", "1:32 \"ring-size\": more than 1G" } },
	{ "agent: {memory: 99999999T}\n",
	  { "1:17 \"memory\": \"99999999T\" is too large for a size"
	    " (write it as 4096, 64K or 1.5M)" } },
	{ "agent: {ring-size: 12Q}\n",
	  { "1:20 \"ring-size\": \"12Q\" is not a size (write it as 4096, 64K or 1.5M)" } },
	{ "agent: {duration: 1us}\n", { "1:19 \"duration\": less than 1ms" } },
	/* YAML that we do not want */
	{ "watch: &w {kinds: exec}\noutput: *w\n",
	  { "1:8 anchors (\"&w\") are not supported", "2:9 aliases (\"*w\") are not supported" } },
	{ "watch:\n  uid: [*a]\n  <<: *b\n  pid: *c\n",
	  { "2:9 aliases (\"*a\") are not supported", "3:3 unknown key \"<<\"",
	    "3:7 aliases (\"*b\") are not supported", "4:8 aliases (\"*c\") are not supported" } },
	{ "watch: {comm: !!str x}\n",
	  { "1:15 tags (\"tag:yaml.org,2002:str\") are not supported" } },
	{ "watch: {}\n---\nwatch: {}\n", { "2:1 a second document; one is all there may be" } },
	{ "watch: {x: [[[[[[[[[1]]]]]]]]]}\n",
	  { "1:9 unknown key \"x\"", "1:18 nested deeper than 8 levels" } },
	/* not YAML at all: what was found before it counts too */
	{ "agent: {memory: 1M}\nwatch:\n  kinds: [exec\n",
	  { "1:17 \"memory\": less than 8M",
	    "4:1 did not find expected ',' or ']', while parsing a flow sequence" } },
	{ "watch:\n\tkinds: exec\n",
	  { "2:1 found character that cannot start any token, while scanning for the next token" } },
	{ "watch:\n  kinds: ex\x01 ec\n", { "2:12 control characters are not allowed" } },
	{ "watch:\n  comm: \xc3\xa9\xff\n", { "2:10 byte 0xff is not UTF-8" } },
	{ "\xff\xfew\0a\0", { "1:1 byte 0xff is not UTF-8" } },
};

static void expect_mistakes(const struct wrong *wrong)
{
	struct rs_agent_options o;
	struct rs_error err = RS_ERROR_INIT;
	size_t n = 0;
	int r;

	rs_agent_options_init(&o);
	r = rs_config_parse(wrong->text, strlen(wrong->text), &o, &mistakes, &err);
	rs_agent_options_done(&o);
	for (; n < ARRAY_SIZE(wrong->mistakes) && wrong->mistakes[n]; n++) {
		const struct rs_config_mistake *got = &mistakes.items[n];
		char text[640];

		if (n >= mistakes.len)
			fail_msg("%s\nnot found: %s", wrong->text, wrong->mistakes[n]);
		snprintf(text, sizeof(text), "%u:%u %s", got->line, got->column, got->text);
		if (strcmp(text, wrong->mistakes[n]) != 0)
			fail_msg("%s\n%s, not\n%s", wrong->text, text, wrong->mistakes[n]);
	}
	if (mistakes.len > n)
		fail_msg("%s\none more: %s", wrong->text, mistakes.items[n].text);
	assert_int_equal(r, -EINVAL);
	assert_int_equal(err.code, -EINVAL);
}

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++)
		expect_mistakes(&wrongs[i]);
}

/* How mistakes are summed up in the error. */
static void test_error(void **state)
{
	static const char one[] = "watch: {}\nagent:\n  comand: x\n";
	static const char two[] = "a: 1\nb: 2\n";
	struct rs_agent_options o;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	rs_agent_options_init(&o);
	rs_config_parse(one, strlen(one), &o, &mistakes, &err);
	assert_string_equal(err.msg, "line 3, column 3: unknown key \"comand\""
				     " (did you mean \"command\"?)");
	rs_config_parse(two, strlen(two), &o, &mistakes, &err);
	assert_string_equal(err.msg, "2 mistakes");
	rs_config_parse(two, strlen(two), &o, NULL, &err);
	assert_string_equal(err.msg, "line 1, column 1: unknown key \"a\"");
	assert_string_equal(err.hint, "and 1 more mistake");
	assert_int_equal(rs_config_parse(two, strlen(two), &o, NULL, NULL), -EINVAL);
	rs_agent_options_done(&o);
}

/* Many mistakes: those that fit are told, the others counted. */
static void test_many(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct rs_agent_options o;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		rs_str_appendf(&text, "key%u: 1\n", i);
	rs_agent_options_init(&o);
	assert_int_equal(rs_config_parse(text.data, text.len, &o, &mistakes, &err), -EINVAL);
	assert_int_equal(mistakes.len, RS_CONFIG_MISTAKES_MAX);
	assert_int_equal(mistakes.more, 10);
	assert_int_equal(mistakes.items[19].line, 20);
	assert_string_equal(err.msg, "30 mistakes");
	rs_agent_options_done(&o);
}

static void test_caps(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct rs_agent_options o;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	rs_agent_options_init(&o);
	rs_str_append_cstr(&text, "watch:\n  uid: [1");
	for (unsigned i = 0; i < RS_CONFIG_NODES_MAX; i++)
		rs_str_append_cstr(&text, ",1");
	rs_str_append_cstr(&text, "]\n");
	assert_int_equal(rs_config_parse(text.data, text.len, &o, &mistakes, &err), -EINVAL);
	assert_string_equal(mistakes.items[0].text, "more than 10000 items");
	rs_str_append_fill(&text, '#', RS_CONFIG_FILE_MAX);
	assert_int_equal(rs_config_parse(text.data, text.len, &o, &mistakes, &err), -EFBIG);
	rs_agent_options_done(&o);
}

/* --- files --- */

static void expect_load(const char *path, int code, const char *message)
{
	struct rs_agent_options o;
	struct rs_error err = RS_ERROR_INIT;

	rs_agent_options_init(&o);
	assert_int_equal(rs_config_load(path, &o, &mistakes, &err), code);
	assert_string_equal(err.msg, message);
	rs_agent_options_done(&o);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	assert_int_equal(rs_fd_replace_file(path, text, strlen(text), mode, NULL), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_file(void **state)
{
	_cleanup_(rs_str_done) struct rs_str large = RS_STR_INIT(0);

	(void)state;
	write_file("a.yaml", "watch:\n  kinds: exec\n", 0644);
	expect_load("a.yaml", 0, "");
	expect_load("none.yaml", -ENOENT, "opening \"none.yaml\": No such file or directory");
	expect_load(".", -EISDIR, "opening \".\": Is a directory");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	expect_load("pipe", -EINVAL, "opening \"pipe\": not a regular file");
	write_file("a.yaml", "agent:\n\n  comand: x\n", 0600);
	expect_load("a.yaml", -EINVAL,
		    "opening \"a.yaml\": line 3, column 3: unknown key "
		    "\"comand\" (did you mean \"command\"?)");
	write_file("a.yaml", "a: 1\nb: 1\n", 0600);
	expect_load("a.yaml", -EINVAL, "opening \"a.yaml\": 2 mistakes");
	write_file("a.yaml", "", 0666);
	expect_load("a.yaml", -EACCES, "opening \"a.yaml\": anybody may change it (mode 0666)");
	rs_str_append_fill(&large, '#', RS_CONFIG_FILE_MAX + 1);
	write_file("a.yaml", rs_str_cstr(&large), 0600);
	expect_load("a.yaml", -EFBIG, "opening \"a.yaml\": larger than 256 KiB");
	write_file("a.yaml", "", 0);
	if (geteuid() != 0)
		expect_load("a.yaml", -EACCES, "opening \"a.yaml\": Permission denied");
}

static void test_find(void **state)
{
	struct rs_agent_options o;
	char *path = NULL;

	(void)state;
	rs_agent_options_init(&o);
	assert_int_equal(rs_opt_set(rs_agent_opts, "root", "root/", &o, NULL), 0);
	assert_int_equal(rs_config_find(&o, &path, NULL), 0);
	assert_null(path);
	assert_int_equal(rs_fd_mkdir_p("root/etc/ringside", 0755, NULL), 0);
	write_file("root" RS_CONFIG_DEFAULT, "", 0644);
	assert_int_equal(rs_config_find(&o, &path, NULL), 0);
	assert_string_equal(path, "root/etc/ringside/ringside.yaml");
	free(path);
	assert_int_equal(rs_opt_set(rs_agent_opts, "config", "x.yaml", &o, NULL), 0);
	assert_int_equal(rs_config_find(&o, &path, NULL), 0);
	assert_string_equal(path, "x.yaml"); /* though it is not there */
	free(path);
	assert_int_equal(rs_opt_set(rs_agent_opts, "config", "none", &o, NULL), 0);
	assert_int_equal(rs_config_find(&o, &path, NULL), 0);
	assert_null(path);
	rs_agent_options_done(&o);
}

/* --- the table, and what is made from it --- */

/* Every row is an option, and its example is a value that is understood. */
static void check_line(const char *word, int code, const char *message)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options o = { 0 };
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { 0 };
	char *words[] = { (char *)"run", (char *)word };
	struct rs_error err = RS_ERROR_INIT;

	rs_agent_options_init(&o);
	assert_int_equal(rs_opt_parse(rs_agent_opts, 2, words, &o, &args, &err), 0);
	assert_int_equal(rs_config_check_line(&args, &o, &err), code);
	assert_string_equal(err.msg, message);
}

/* The command line keeps the limits of the file. */
static void test_line(void **state)
{
	(void)state;
	check_line("-q", 0, "");
	check_line("--duration=1ms", 0, "");
	check_line("--duration=0s", -ERANGE, "--duration: less than 1ms");
	check_line("--ring-size=0", -ERANGE, "--ring-size: less than 4K");
	check_line("--ring-size=2G", -ERANGE, "--ring-size: more than 1G");
	check_line("--memory=0", -ERANGE, "--memory: less than 8M");
}

static void test_rows(void **state)
{
	(void)state;
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
		struct rs_agent_options o;

		assert_non_null(rs_config_key_option(key));
		assert_ptr_equal(rs_config_key_find(key->section, key->name), key);
		rs_str_appendf(&text, "%s:\n  %s: %s\n", key->section, key->name, key->example);
		parse_well(rs_str_cstr(&text), &o);
		rs_agent_options_done(&o);
	}
}

/* Compares with a file of the source tree, or writes it with RINGSIDE_UPDATE set. */
static void expect_file(const char *name, struct rs_str *want)
{
	const char *root = getenv("RS_SOURCE_ROOT");
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(0), have = RS_STR_INIT(0);

	rs_str_appendf(&path, "%s/%s", root ? root : ".", name);
	if (getenv("RINGSIDE_UPDATE")) {
		assert_int_equal(
			rs_fd_replace_file(rs_str_cstr(&path), want->data, want->len, 0644, NULL),
			0);
		return;
	}
	if (rs_fd_read_file(rs_str_cstr(&path), (size_t)1 << 20, &have, NULL) < 0)
		fail_msg("%s cannot be read", rs_str_cstr(&path));
	if (have.len != want->len || memcmp(have.data, want->data, have.len) != 0)
		fail_msg("%s is out of date: RINGSIDE_UPDATE=1 make check writes it anew", name);
}

static void test_docs(void **state)
{
	_cleanup_(rs_str_done) struct rs_str page = RS_STR_INIT(0);

	(void)state;
	assert_int_equal(rs_config_write_docs(&page), 0);
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		char row[64];

		snprintf(row, sizeof(row), "\n| `%s` |", key->name);
		if (!strstr(rs_str_cstr(&page), row))
			fail_msg("no %s in the page", key->name);
	}
	expect_file("docs/config.md", &page);
}

/* The example is valid as it stands, and with every key's # taken away. */
static void test_example(void **state)
{
	_cleanup_(rs_str_done) struct rs_str page = RS_STR_INIT(0), live = RS_STR_INIT(0);
	struct rs_agent_options o;

	(void)state;
	assert_int_equal(rs_config_write_example(&page), 0);
	parse_well(rs_str_cstr(&page), &o);
	rs_agent_options_done(&o);
	for (const char *p = rs_str_cstr(&page); *p; p++)
		if (*p != '#' || p[1] == ' ')
			rs_str_append_char(&live, *p);
	parse_well(rs_str_cstr(&live), &o);
	assert_true(o.kinds && o.pids.len && o.control && o.memory && o.file && o.quiet);
	rs_agent_options_done(&o);
	expect_file("deploy/ringside.yaml", &page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything), cmocka_unit_test(test_little),
		cmocka_unit_test(test_replaces),   cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_error),      cmocka_unit_test(test_many),
		cmocka_unit_test(test_caps),       scratch_test(test_file),
		scratch_test(test_find),           cmocka_unit_test(test_rows),
		cmocka_unit_test(test_line),       cmocka_unit_test(test_docs),
		cmocka_unit_test(test_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
