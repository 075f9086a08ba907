/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that profiles are written in and read from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/test-file.h"
#include "base/utf8.h"
#include "profile/flame.h"
#include "profile/profile-read.h"
#include "profile/profile-write.h"

#define HOSTILE "</script><script>\"'&\\;\x01\xff]]>-->\xe2\x80\xae\xef\xbf\xbf"

/* --- a profile with everything in it --- */

static const struct rs_profile_options everything = {
	.types = { { "cpu", "nanoseconds" }, { "samples", "count" } },
	.n_types = 2,
	.time = 1700000000000000000ull,
	.duration = 30000000000ull,
	.period = 10101010,
	.period_type = { "cpu", "nanoseconds" },
	.title = "CPU of \"nginx\" & <others>",
};

enum {
	PROCESS,
	MAIN,
	MAIN_ELSEWHERE, /* another address */
	WORK,
	INLINED,
	SYSCALL,
	FILTER,
	JIT,
	UNKNOWN,
	REASON,
	HOSTILE_NAME,
	FRAMES,
};

#define PROGRAM .module = "/usr/sbin/nginx", .build_id = "00ff"

static const struct rs_frame frames[FRAMES] = {
	[PROCESS] = { .function = "nginx", .kind = RS_FRAME_PROCESS },
	[MAIN] = { .function = "main", PROGRAM, .file = "nginx.c", .line = 10, .address = 0x1000 },
	[MAIN_ELSEWHERE] = { .function = "main",
			     PROGRAM,
			     .file = "nginx.c",
			     .line = 10,
			     .address = 0x1020 },
	[WORK] = { .function = "work(int)",
		   .system = "_Z4worki",
		   PROGRAM,
		   .file = "work.cc",
		   .line = 7,
		   .address = 0x2000 },
	[INLINED] = { .function = "peek",
		      PROGRAM,
		      .file = "peek.h",
		      .line = 3,
		      .kind = RS_FRAME_INLINED,
		      .address = 0x2000 },
	[SYSCALL] = { .function = "do_syscall_64",
		      .module = "[kernel]",
		      .kind = RS_FRAME_KERNEL,
		      .address = 0xffffffff81000123ull },
	[FILTER] = { .function = "nft_do_chain",
		     .module = "[nf_tables]",
		     .kind = RS_FRAME_MODULE,
		     .address = 0xffffffffc0001000ull },
	[JIT] = { .function = "js:tick", .kind = RS_FRAME_JIT, .address = 0x7f0000001000ull },
	[UNKNOWN] = { .function = "[unknown]", .module = "/usr/lib/libx.so", .address = 0x3000 },
	[REASON] = { .function = "[disk]", .kind = RS_FRAME_OTHER },
	[HOSTILE_NAME] = { .function = HOSTILE, PROGRAM, .address = 0x4000 },
};

static void add(struct rs_profile *p, int64_t cpu, int64_t samples, int64_t pid,
		const unsigned *stack, size_t n)
{
	const struct rs_profile_label labels[] = { { .key = "pid", .number = pid },
						   { .key = "thread", .text = "worker" } };
	struct rs_profile_sample sample = { .values = { cpu, samples },
					    .labels = labels,
					    .n_labels = pid ? 2 : 0 };
	uint32_t numbers[FRAMES];

	for (size_t i = 0; i < n; i++)
		assert_int_equal(rs_profile_frame(p, &frames[stack[i]], &numbers[i]), 0);
	sample.frames = numbers;
	sample.n_frames = n;
	assert_int_equal(rs_profile_add(p, &sample), 0);
}

#define ADD(p, cpu, samples, pid, ...)                                                             \
	add((p), (cpu), (samples), (pid), (const unsigned[]){ __VA_ARGS__ },                       \
	    sizeof((const unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned))

static struct rs_profile *make(void)
{
	struct rs_profile *p = NULL;

	assert_int_equal(rs_profile_new(&everything, &p), 0);
	ADD(p, 3000000000, 300, 7, FILTER, SYSCALL, INLINED, WORK, MAIN, PROCESS);
	ADD(p, 1000000000, 100, 7, INLINED, WORK, MAIN, PROCESS);
	ADD(p, 500000000, 50, 7, INLINED, WORK, MAIN_ELSEWHERE, PROCESS);
	ADD(p, 400000000, 40, 8, JIT, UNKNOWN, MAIN, PROCESS);
	ADD(p, 200000000, 20, 8, REASON, SYSCALL, MAIN, PROCESS);
	ADD(p, 10000000, 1, 8, HOSTILE_NAME, MAIN, PROCESS);
	ADD(p, 7000000, 1, 0, WORK);
	assert_int_equal(rs_profile_note(p, "312 samples lost </script>"), 0);
	return p;
}

static void write_as(const struct rs_profile *p, enum rs_profile_format format, struct rs_str *out)
{
	const struct rs_profile_write how = { .format = format, .width = 90 };
	struct rs_error err = RS_ERROR_INIT;

	rs_str_reset(out);
	if (rs_profile_write(p, &how, out, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct rs_profile *read_back(const struct rs_str *text)
{
	struct rs_profile *p = NULL;
	struct rs_error err = RS_ERROR_INIT;

	if (rs_profile_read(text->data, text->len, &p, &err) < 0)
		fail_msg("%s", err.msg);
	return p;
}

static struct rs_profile *read_text(const char *text)
{
	struct rs_str str = { .data = (char *)(uintptr_t)text, .len = strlen(text) };

	return read_back(&str);
}

static void assert_refused(const char *text, size_t n, const char *why)
{
	struct rs_profile *p = NULL;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_profile_read(text, n, &p, &err), -EINVAL);
	assert_null(p);
	if (!strstr(err.msg, why))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, why);
}

/* --- what is written --- */

static void test_golden(void **state _unused_)
{
	static const struct {
		const char *file;
		enum rs_profile_format format;
	} files[] = {
		{ "tests/golden/profile/all.folded", RS_PROFILE_FOLDED },
		{ "tests/golden/profile/all.json", RS_PROFILE_JSON },
		{ "tests/golden/profile/all.speedscope.json", RS_PROFILE_SPEEDSCOPE },
		{ "tests/golden/profile/all.txt", RS_PROFILE_TABLE },
	};
	_cleanup_(rs_profile_free) struct rs_profile *p = make();
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		write_as(p, files[i].format, &out);
		assert_file(files[i].file, &out);
	}
}

/* Tables keep to the width, whatever it is and whatever is in the names. */
static void test_table_width(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make(), *old = make();

	for (unsigned width = 30; width < 200; width += 7) {
		_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
		const struct rs_profile_write how = { .format = RS_PROFILE_TABLE,
						      .width = width,
						      .old = width % 2 ? old : NULL };
		const char *line;

		assert_int_equal(rs_profile_write(p, &how, &out, NULL), 0);
		line = rs_str_cstr(&out);
		while (*line && width >= 60) {
			size_t n = strcspn(line, "\n");

			assert_in_range(n, 0,
					width + 40); /* bytes; a name has some that are escaped */
			line += n + 1;
		}
	}
}

static void test_formats(void **state _unused_)
{
	enum rs_profile_format format;

	assert_true(rs_profile_format_parse("pprof", &format));
	assert_int_equal(format, RS_PROFILE_PPROF);
	assert_false(rs_profile_format_parse("pdf", &format));
	assert_true(rs_profile_format_of_file("/tmp/x.speedscope.json", &format));
	assert_int_equal(format, RS_PROFILE_SPEEDSCOPE);
	assert_true(rs_profile_format_of_file("X.JSON", &format));
	assert_int_equal(format, RS_PROFILE_JSON);
	assert_true(rs_profile_format_of_file("x.pb.gz", &format));
	assert_int_equal(format, RS_PROFILE_PPROF);
	assert_false(rs_profile_format_of_file(".html", &format));
	for (unsigned i = 0; i < RS_PROFILE_FORMAT_COUNT; i++) {
		assert_true(rs_profile_format_parse(rs_profile_format_name(i), &format));
		assert_int_equal(format, i);
	}
}

static void test_no_such_value(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	const struct rs_profile_write how = { .format = RS_PROFILE_FOLDED, .value = 2 };

	assert_int_equal(rs_profile_write(p, &how, &out, NULL), -EINVAL);
}

/* --- there and back --- */

static void assert_same_frame(const struct rs_frame *a, const struct rs_frame *b)
{
	assert_true(rs_utf8_is_valid(b->function, strlen(b->function)));
	if (rs_utf8_is_valid(a->function, strlen(a->function)))
		assert_string_equal(a->function, b->function);
	assert_string_equal(a->system ? a->system : "-", b->system ? b->system : "-");
	assert_string_equal(a->module ? a->module : "-", b->module ? b->module : "-");
	assert_string_equal(a->build_id ? a->build_id : "-", b->build_id ? b->build_id : "-");
	assert_string_equal(a->file ? a->file : "-", b->file ? b->file : "-");
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->kind, b->kind);
	assert_true(a->address == b->address);
}

static void assert_same_sample(const struct rs_profile *p, const struct rs_profile *q, size_t i)
{
	struct rs_profile_sample a, b;

	rs_profile_sample_at(p, i, &a);
	rs_profile_sample_at(q, i, &b);
	assert_int_equal(a.n_frames, b.n_frames);
	for (size_t k = 0; k < a.n_frames; k++)
		assert_same_frame(rs_profile_frame_at(p, a.frames[k]),
				  rs_profile_frame_at(q, b.frames[k]));
	assert_memory_equal(a.values, b.values, sizeof(a.values));
	assert_int_equal(a.n_labels, b.n_labels);
	for (size_t k = 0; k < a.n_labels; k++) {
		assert_string_equal(a.labels[k].key, b.labels[k].key);
		assert_string_equal(a.labels[k].text ? a.labels[k].text : "-",
				    b.labels[k].text ? b.labels[k].text : "-");
		assert_int_equal(a.labels[k].number, b.labels[k].number);
	}
}

static void assert_same_options(const struct rs_profile *p, const struct rs_profile *q)
{
	const struct rs_profile_options *a = rs_profile_options_of(p),
					*b = rs_profile_options_of(q);

	assert_int_equal(a->n_types, b->n_types);
	for (size_t i = 0; i < a->n_types; i++) {
		assert_string_equal(a->types[i].name, b->types[i].name);
		assert_string_equal(a->types[i].unit, b->types[i].unit);
	}
	assert_true(a->time == b->time);
	assert_true(a->duration == b->duration);
	assert_int_equal(a->period, b->period);
	assert_string_equal(a->period_type.unit, b->period_type.unit);
	assert_string_equal(a->title, b->title);
	assert_int_equal(rs_profile_notes(p), rs_profile_notes(q));
	for (size_t i = 0; i < rs_profile_notes(p); i++)
		assert_string_equal(rs_profile_note_at(p, i), rs_profile_note_at(q, i));
}

static void test_pprof_and_back(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make(), *q = NULL;
	_cleanup_(rs_str_done) struct rs_str first = RS_STR_INIT(0), second = RS_STR_INIT(0);

	write_as(p, RS_PROFILE_PPROF, &first);
	q = read_back(&first);
	assert_same_options(p, q);
	assert_int_equal(rs_profile_samples(p), rs_profile_samples(q));
	for (size_t i = 0; i < rs_profile_samples(p); i++)
		assert_same_sample(p, q, i);
	write_as(q, RS_PROFILE_PPROF, &second);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
}

/* What is read from a form and written in it again is the same text. */
static void test_text_and_back(void **state _unused_)
{
	static const enum rs_profile_format formats[] = { RS_PROFILE_FOLDED, RS_PROFILE_JSON,
							  RS_PROFILE_SPEEDSCOPE };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		_cleanup_(rs_profile_free) struct rs_profile *p = make(), *q = NULL, *r = NULL;
		_cleanup_(rs_str_done) struct rs_str first = RS_STR_INIT(0);
		_cleanup_(rs_str_done) struct rs_str second = RS_STR_INIT(0);

		write_as(p, formats[i], &first);
		q = read_back(&first);
		assert_int_equal(rs_profile_total(p, 0), rs_profile_total(q, 0));
		write_as(q, formats[i], &first);
		r = read_back(&first);
		write_as(r, formats[i], &second);
		assert_int_equal(first.len, second.len);
		assert_memory_equal(first.data, second.data, first.len);
	}
}

/* Labels and values of the same name, and of no name that JSON can say. */
static void test_names_of_json(void **state _unused_)
{
	static const struct rs_profile_options twice = {
		.types = { { "n", "count" },
			   { "n", "count" },
			   { "\xff", "count" },
			   { "value2", "count" } },
		.n_types = 4,
	};
	static const struct rs_profile_label labels[] = {
		{ "a", "x", 0 }, { "a", "y", 0 }, { "\xff", NULL, 3 }, { "label2", NULL, 4 }
	};
	const struct rs_profile_sample sample = { .values = { 1, 2, 3, 4 },
						  .labels = labels,
						  .n_labels = 4 };
	_cleanup_(rs_profile_free) struct rs_profile *p = NULL, *q = NULL;
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_profile_sample got;

	assert_int_equal(rs_profile_new(&twice, &p), 0);
	assert_int_equal(rs_profile_add(p, &sample), 0);
	write_as(p, RS_PROFILE_JSON, &out);
	q = read_back(&out);
	rs_profile_sample_at(q, 0, &got);
	assert_memory_equal(got.values, sample.values, sizeof(got.values));
	assert_int_equal(got.n_labels, 4);
	assert_string_equal(got.labels[0].key, "a");
	assert_string_equal(got.labels[1].text, "y");
	assert_int_equal(got.labels[2].number, 3);
	assert_string_equal(got.labels[3].key, "label2");
}

/* --- pages --- */

/* The JSON that the page carries. */
static struct rs_json_value *data_of(const struct rs_str *page, struct rs_arena *arena)
{
	static const char start[] = "id=\"profile\">";
	const char *json = memmem(page->data, page->len, start, strlen(start)), *end;
	struct rs_json_value *root = NULL;
	struct rs_error err = RS_ERROR_INIT;

	assert_non_null(json);
	json += strlen(start);
	end = memmem(json, (size_t)(page->data + page->len - json), "</script>", 9);
	assert_non_null(end);
	if (rs_json_parse(arena, json, (size_t)(end - json), &root, &err) < 0)
		fail_msg("%s", err.msg);
	return root;
}

static unsigned count(const struct rs_str *page, const char *what)
{
	const char *p = page->data, *end = page->data + page->len;
	unsigned n = 0;

	while ((p = memmem(p, (size_t)(end - p), what, strlen(what)))) {
		p += strlen(what);
		n++;
	}
	return n;
}

static void check_page(enum rs_profile_format format, unsigned scripts)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();
	_cleanup_(rs_str_done) struct rs_str page = RS_STR_INIT(0);
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_json_value *data;

	write_as(p, format, &page);
	data = data_of(&page, &arena);
	assert_string_equal(rs_json_get_str(data, "title", ""), everything.title);
	assert_string_equal(rs_json_get_str(data, "notes.0", ""), "312 samples lost </script>");
	/* Names end nothing, and are in no markup. */
	assert_int_equal(count(&page, "</script>"), scripts);
	assert_int_equal(count(&page, "<script"), scripts);
	assert_int_equal(count(&page, "\xef\xbf\xbf"), 0);
	assert_int_equal(count(&page, "\x01"), 0);
	/* Nothing is fetched: names of schemas are all that looks like an address. */
	assert_int_equal(count(&page, "http"),
			 count(&page, "http://www.w3.org/") + count(&page, "http-equiv"));
	assert_int_equal(count(&page, "@DATA@") + count(&page, "@SCRIPT@"), 0);
	assert_int_equal(count(&page, "src="), 0);
}

static void test_page(void **state _unused_)
{
	check_page(RS_PROFILE_HTML, 2);
}

static void test_picture(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();
	_cleanup_(rs_str_done) struct rs_str picture = RS_STR_INIT(0);

	check_page(RS_PROFILE_SVG, 2);
	write_as(p, RS_PROFILE_SVG, &picture);
	assert_int_equal(count(&picture, "<![CDATA["), 2);
	assert_int_equal(count(&picture, "]]>"), 2);
	/* Drawn without scripts: the frames of the widest stack, and the note. */
	assert_true(count(&picture, ">nft_do_chain</text>") == 1);
	assert_true(count(&picture, ">312 samples lost &lt;/script&gt;</text>") == 1);
	assert_true(count(&picture, "class=\"kernel s") >= 1);
}

static void test_empty(void **state _unused_)
{
	for (unsigned format = 0; format < RS_PROFILE_FORMAT_COUNT; format++) {
		_cleanup_(rs_profile_free) struct rs_profile *p = NULL;
		_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

		assert_int_equal(rs_profile_new(&everything, &p), 0);
		write_as(p, format, &out);
	}
}

/* --- trees --- */

static uint32_t find(const struct rs_flame *flame, const char *name)
{
	for (uint32_t i = 0; i < flame->nodes.len; i++) {
		if (!strcmp(rs_flame_name(flame, i), name))
			return i;
	}
	fail_msg("no %s", name);
	return 0;
}

static void test_tree(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *now = NULL, *old = NULL;
	_cleanup_(rs_flame_free) struct rs_flame *flame = NULL;
	uint32_t node;

	now = read_text("a;b 5\na;c 7\na 1\n");
	old = read_text("a;b 4\na;d 9\n");
	assert_int_equal(rs_flame_new(now, old, &flame, NULL), 0);
	assert_int_equal(rs_flame_sort(flame, 0), 0);
	assert_int_equal(flame->nodes.len, 5);
	assert_int_equal(flame->depth, 2);
	assert_int_equal(rs_flame_total(flame, 0, 0)[0], 13);
	assert_int_equal(rs_flame_total(flame, 0, RS_FLAME_OLD)[0], 13);
	node = find(flame, "a");
	assert_int_equal(rs_flame_self(flame, node, 0)[0], 1);
	assert_int_equal(rs_flame_total(flame, node, 0)[0], 13);
	/* The largest first: c, b, and d, which is gone. */
	node = rs_flame_next(flame, node);
	assert_string_equal(rs_flame_name(flame, node), "c");
	node = rs_flame_next(flame, node);
	assert_string_equal(rs_flame_name(flame, node), "b");
	assert_int_equal(rs_flame_total(flame, node, RS_FLAME_OLD)[0], 4);
	node = rs_flame_next(flame, node);
	assert_string_equal(rs_flame_name(flame, node), "d");
	assert_int_equal(rs_flame_next(flame, node), 0);
}

static void test_trees_without_a_common_value(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *now = make(), *old = NULL;
	_cleanup_(rs_flame_free) struct rs_flame *flame = NULL;
	static const struct rs_profile_options bytes = { .types = { { "inuse", "bytes" } },
							 .n_types = 1 };
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_profile_new(&bytes, &old), 0);
	assert_int_equal(rs_flame_new(now, old, &flame, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "in common"));
}

/* --- what others wrote --- */

static void test_folded(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = NULL;
	struct rs_profile_sample sample;

	p = read_text("# a comment\r\n\r\nmy app;main;read me_[k] 12\r\n;;a;; 2.5\nx 1");
	assert_int_equal(rs_profile_samples(p), 3);
	assert_int_equal(rs_profile_total(p, 0), 16);
	rs_profile_sample_at(p, 0, &sample);
	assert_int_equal(sample.n_frames, 3);
	assert_string_equal(rs_profile_frame_at(p, sample.frames[0])->function, "read me");
	assert_int_equal(rs_profile_frame_at(p, sample.frames[0])->kind, RS_FRAME_KERNEL);
	assert_string_equal(rs_profile_frame_at(p, sample.frames[2])->function, "my app");
	rs_profile_sample_at(p, 1, &sample);
	assert_int_equal(sample.n_frames, 1);
}

static void test_perf(void **state _unused_)
{
	static const char text[] =
		"# captured on: today\n"
		"Web Content  123/124 [001] 100.123456:     250000 cpu-clock:pppH: \n"
		"\tffffffff8100abcd do_it+0x12 ([kernel.kallsyms])\n"
		"\tffffffffc000abcd nft+0x12 ([nf_tables])\n"
		"\t    7f12a0001234 std::map<int, (anonymous)>::find(int)+0x3f (inlined)\n"
		"\t    7f12a0001234 main+0x3f (/usr/lib/fire fox)\n"
		"\t    7f12a0005678 [unknown] (/tmp/perf-123.map)\n"
		"\n"
		"x 5 2.0: cycles: \n"
		"\t  10 f (/bin/x)\n";
	_cleanup_(rs_profile_free) struct rs_profile *p = read_text(text);
	struct rs_profile_sample sample;
	static const struct {
		const char *function, *module;
		enum rs_frame_kind kind;
	} want[] = {
		{ "do_it", "[kernel.kallsyms]", RS_FRAME_KERNEL },
		{ "nft", "[nf_tables]", RS_FRAME_MODULE },
		{ "std::map<int, (anonymous)>::find(int)", NULL, RS_FRAME_INLINED },
		{ "main", "/usr/lib/fire fox", RS_FRAME_USER },
		{ "[unknown]", "/tmp/perf-123.map", RS_FRAME_JIT },
		{ "Web Content", NULL, RS_FRAME_PROCESS },
	};

	assert_int_equal(rs_profile_samples(p), 2);
	assert_int_equal(rs_profile_total(p, 0), 2);
	assert_int_equal(rs_profile_total(p, 1), 250001);
	rs_profile_sample_at(p, 0, &sample);
	assert_int_equal(sample.n_frames, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct rs_frame *frame = rs_profile_frame_at(p, sample.frames[i]);

		assert_string_equal(frame->function, want[i].function);
		assert_int_equal(frame->kind, want[i].kind);
		if (want[i].module)
			assert_string_equal(frame->module, want[i].module);
	}
}

/* Functions that begin and end, in fractions of seconds, of two threads. */
static void test_speedscope_events(void **state _unused_)
{
	static const char text[] =
		"{\"$schema\":\"x\",\"shared\":{\"frames\":[{\"name\":\"a\"},{\"name\":\"b\",\"line\":3,"
		"\"file\":\"b.js\"}]},\"profiles\":[{\"type\":\"evented\",\"name\":\"one\",\"unit\":"
		"\"seconds\",\"startValue\":0,\"endValue\":1,\"events\":["
		"{\"type\":\"O\",\"frame\":0,\"at\":0},{\"type\":\"O\",\"frame\":1,\"at\":0.25},"
		"{\"type\":\"C\",\"frame\":1,\"at\":0.5},{\"type\":\"C\",\"frame\":0,\"at\":1}]},"
		"{\"type\":\"sampled\",\"name\":\"two\",\"unit\":\"seconds\",\"startValue\":0,"
		"\"endValue\":1,\"samples\":[[0,1],[]],\"weights\":[0.5,0.5]}]}";
	_cleanup_(rs_profile_free) struct rs_profile *p = read_text(text);
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	write_as(p, RS_PROFILE_FOLDED, &out);
	assert_string_equal(rs_str_cstr(&out), "one;a 750000000\none;a;b 250000000\n"
					       "two 500000000\ntwo;a;b 500000000\n");
}

static void test_mistakes(void **state _unused_)
{
	static const struct {
		const char *text, *why;
	} mistakes[] = {
		{ "", "nothing in it" },
		{ " \n\t\n", "nothing in it" },
		{ "a;b 1\na;b\n", "line 2" },
		{ "a;b 99999999999999999999\n", "line 1" },
		{ "a;b -1\n", "line 1" },
		{ "{\"ringside\":\"profile\"}\n", "counts" },
		{ "{\"ringside\":\"profile\",\"types\":[{}]}\n{\"stack\":[]}\n", "line 2" },
		{ "{\"shared\":{}}", "profiles" },
		{ "{\"profiles\":[{\"type\":\"sampled\",\"samples\":[[0]],\"weights\":[1]}],"
		  "\"shared\":{\"frames\":[]}}",
		  "does not exist" },
		{ "\x0a\x04\x08\x01\x10", "pprof" },
		{ "\x12\x02\x08\x01", "what it counts" },
		{ "\x1f\x8b\x08", "cut off" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
		assert_refused(mistakes[i].text, strlen(mistakes[i].text), mistakes[i].why);
}

/* Each beginning of a file is refused or read, and never more than is there. */
static void test_cut_off(void **state _unused_)
{
	static const enum rs_profile_format formats[] = { RS_PROFILE_FOLDED, RS_PROFILE_JSON,
							  RS_PROFILE_SPEEDSCOPE, RS_PROFILE_PPROF };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		_cleanup_(rs_profile_free) struct rs_profile *p = make();
		_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

		write_as(p, formats[i], &out);
		for (size_t n = 0; n < out.len; n += 1 + n / 64) {
			_cleanup_(rs_profile_free) struct rs_profile *q = NULL;
			_cleanup_(rs_cleanup_free) char *copy = malloc(n ? n : 1);

			assert_non_null(copy);
			memcpy(copy, out.data, n);
			if (rs_profile_read(copy, n, &q, NULL) == 0)
				assert_true(rs_profile_total(q, 0) <= rs_profile_total(p, 0));
		}
	}
}

/* Deeper than profiles can be: the innermost frames stay. */
static void test_deep(void **state _unused_)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	_cleanup_(rs_profile_free) struct rs_profile *p = NULL;
	struct rs_profile_sample sample;

	for (unsigned i = 0; i < RS_PROFILE_DEPTH_MAX + 10; i++)
		rs_str_appendf(&text, "f%u;", i);
	rs_str_append_cstr(&text, "last 1\n");
	p = read_back(&text);
	rs_profile_sample_at(p, 0, &sample);
	assert_int_equal(sample.n_frames, RS_PROFILE_DEPTH_MAX);
	assert_string_equal(rs_profile_frame_at(p, sample.frames[0])->function, "last");
	assert_string_equal(
		rs_profile_frame_at(p, sample.frames[RS_PROFILE_DEPTH_MAX - 1])->function,
		"[more]");
	for (unsigned format = 0; format < RS_PROFILE_FORMAT_COUNT; format++)
		write_as(p, format, &text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_table_width),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_no_such_value),
		cmocka_unit_test(test_pprof_and_back),
		cmocka_unit_test(test_text_and_back),
		cmocka_unit_test(test_names_of_json),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_picture),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_trees_without_a_common_value),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_perf),
		cmocka_unit_test(test_speedscope_events),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
