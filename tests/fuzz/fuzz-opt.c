/* SPDX-License-Identifier: Apache-2.0 */

/* Input is an argument vector, one argument a line, parsed by a table with an option of every
 * type; each line also goes to the number parsers, the name matcher and the column fitter. */

#include <stdlib.h>

#include "base/opt.h"
#include "base/suggest.h"
#include "base/term.h"
#include "base/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARGS_MAX 64

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

struct inner {
	uint32_t pid;
	struct rs_opt_list comms;
};

struct settings {
	bool verbose, color;
	const char *file;
	uint64_t number, duration, size, kinds;
	int64_t offset;
	uint32_t format;
	unsigned count;
	struct rs_opt_list raw;
	struct inner inner;
};

static int count_up(const struct rs_opt *opt, const char *value, void *field, struct rs_error *err)
{
	(void)opt;
	(void)value;
	(void)err;
	++*(unsigned *)field;
	return 0;
}

static const struct rs_opt_name names[] = {
	{ "exec", 1, NULL },
	{ "file", 2, NULL },
	{ "net", 4, NULL },
	{ NULL, 0, NULL },
};

static const struct rs_opt inner_opts[] = {
	RS_OPT_ROW('p', "pid", "PID", RS_OPT_U32, offsetof(struct inner, pid), "pid"),
	RS_OPT_ROW(0, "comm", "NAME", RS_OPT_LIST, offsetof(struct inner, comms), "names"),
	RS_OPT_END,
};

#define AT(field) offsetof(struct settings, field)

static const struct rs_opt opts[] = {
	RS_OPT_ROW('v', "verbose", NULL, RS_OPT_FLAG, AT(verbose), "flag"),
	RS_OPT_ROW(0, "color", NULL, RS_OPT_FLAG, AT(color), "flag", .flags = RS_OPT_NEGATABLE),
	RS_OPT_ROW('w', "write", "FILE", RS_OPT_STRING, AT(file), "string"),
	RS_OPT_ROW('n', "number", "N", RS_OPT_U64, AT(number), "number"),
	RS_OPT_ROW('d', "duration", "TIME", RS_OPT_DURATION, AT(duration), "duration"),
	RS_OPT_ROW('s', "size", "BYTES", RS_OPT_SIZE, AT(size), "size"),
	RS_OPT_ROW(0, "offset", "N", RS_OPT_I64, AT(offset), "signed"),
	RS_OPT_ROW('o', "output", "FORMAT", RS_OPT_ENUM, AT(format), "words", .names = names),
	RS_OPT_ROW('k', "kinds", "KINDS", RS_OPT_BITSET, AT(kinds), "bits", .names = names),
	RS_OPT_ROW(0, "raw", "TEXT", RS_OPT_LIST, AT(raw), "raw", .flags = RS_OPT_NO_SPLIT),
	RS_OPT_ROW('C', NULL, NULL, RS_OPT_CALLBACK, AT(count), "count", .parse = count_up,
		   .flags = RS_OPT_NO_VALUE),
	RS_OPT_INCLUDE_TABLE(inner_opts, AT(inner)),
	RS_OPT_END,
};

static void check_parse(int argc, char **argv, bool stop)
{
	struct rs_opt_args args = { .stop_at_positional = stop };
	struct rs_error err = RS_ERROR_INIT;
	struct settings set = { .kinds = 7 };
	int r = rs_opt_parse(opts, argc, argv, &set, &args, &err);

	CHECK(r >= 0 || err.msg[0]);
	CHECK(!args.items || !args.items[args.len]);
	CHECK(set.kinds <= 7);
	rs_opt_args_done(&args);
	rs_opt_done(opts, &set);
}

static void check_units(const char *text)
{
	char buf[RS_UNITS_BUF];
	uint64_t v, back;
	int64_t i;

	if (rs_units_parse_duration(text, &v, NULL) == 0) {
		rs_units_format_duration_exact(buf, v);
		CHECK(rs_units_parse_duration(buf, &back, NULL) == 0 && back == v);
		rs_units_format_duration(buf, v);
	}
	if (rs_units_parse_size(text, &v, NULL) == 0) {
		rs_units_format_size_exact(buf, v);
		CHECK(rs_units_parse_size(buf, &back, NULL) == 0 && back == v);
		rs_units_format_bytes(buf, v);
		rs_units_format_rate(buf, (double)v);
	}
	rs_units_parse_count(text, &v, NULL);
	rs_units_parse_i64(text, &i, NULL);
}

static void check_text(const char *text, size_t n)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	size_t width = n % 23, columns;

	columns = rs_term_append_fit(&out, text, n, width, RS_TERM_LEFT);
	CHECK(columns == width && rs_term_columns(out.data, out.len) == width);
	rs_str_reset(&out);
	columns = rs_term_append_fit_path(&out, text, n, width, RS_TERM_NOPAD);
	CHECK(columns <= width && rs_term_columns(out.data, out.len) == columns);
	for (size_t i = 0; i < out.len; i++)
		CHECK((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
	CHECK(rs_suggest_distance(text, text) == 0 || n > 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rs_cleanup_free) char *copy = malloc(size + 1);
	char *argv[ARGS_MAX + 1];
	int argc = 0;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	for (char *line = copy; line && argc < ARGS_MAX;) {
		char *end = strchr(line, '\n');

		if (end)
			*end++ = '\0';
		check_units(line);
		check_text(line, strlen(line));
		argv[argc++] = line;
		line = end;
	}
	argv[argc] = NULL;
	check_parse(argc, argv, false);
	check_parse(argc, argv, true);
	return 0;
}
