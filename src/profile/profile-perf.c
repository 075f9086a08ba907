/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `perf script` prints: a line about each sample, then its stack, innermost first, then an empty line.
 *
 *	nginx 1234/1235 [001] 100.123456:     250000 cpu-clock:pppH:
 *		ffffffff8100abcd do_it+0x12 ([kernel.kallsyms])
 *		    7f12a0001234 main+0x3f (/usr/sbin/nginx)
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "profile/forms.h"

#define MANY 64 /* bytes; of a word that is a number */

struct reader {
	struct rs_profile *profile;
	struct rs_profile_stack *stack;
	struct rs_str comm, function, module;
	int64_t values[2];
	bool open; /* a sample whose stack is being read */
};

static void reader_done(struct reader *rd)
{
	rs_profile_free(&rd->profile);
	free(rd->stack);
	rs_str_done(&rd->comm);
	rs_str_done(&rd->function);
	rs_str_done(&rd->module);
}

struct word {
	const char *text;
	size_t n;
};

/* The next word of the line from *at on. */
static bool next_word(const char *line, size_t n, size_t *at, struct word *ret_word)
{
	while (*at < n && isblank((unsigned char)line[*at]))
		++*at;
	ret_word->text = line + *at;
	while (*at < n && !isblank((unsigned char)line[*at]))
		++*at;
	ret_word->n = (size_t)(line + *at - ret_word->text);
	return ret_word->n;
}

static bool consists_of(const struct word *word, size_t n, const char *characters)
{
	for (size_t i = 0; i < n; i++) {
		if (!word->text[i] || !strchr(characters, word->text[i]))
			return false;
	}
	return n > 0;
}

/* "100.123456:" */
static bool is_time(const struct word *word)
{
	return word->n > 2 && word->text[word->n - 1] == ':' &&
	       consists_of(word, word->n - 1, "0123456789.") && memchr(word->text, '.', word->n);
}

/* The name may have blanks in it: it ends before the last word that is a pid and comes before the time. */
static size_t comm_length(const char *line, size_t time)
{
	size_t at = 0, end = 0;
	struct word word;

	while (next_word(line, time, &at, &word)) {
		size_t start = (size_t)(word.text - line);

		if (start && consists_of(&word, word.n, "0123456789/"))
			end = start;
	}
	while (end && isblank((unsigned char)line[end - 1]))
		end--;
	return end;
}

static int read_head(struct reader *rd, const char *line, size_t n, struct rs_error *err)
{
	size_t at = 0, comm;
	struct word word;
	char number[MANY];

	while (next_word(line, n, &at, &word) && !is_time(&word))
		;
	if (!word.n)
		return rs_error_set(err, -EINVAL, "no sample of `perf script` (no time in it)");
	comm = comm_length(line, (size_t)(word.text - line));
	rs_str_reset(&rd->comm);
	rs_str_append(&rd->comm, line, comm);
	rd->values[0] = rd->values[1] = 1;
	if (next_word(line, n, &at, &word) && word.n < MANY &&
	    consists_of(&word, word.n, "0123456789")) {
		memcpy(number, word.text, word.n);
		number[word.n] = '\0';
		rd->values[1] = strtoll(number, NULL, 10);
	}
	rs_profile_stack_reset(rd->stack);
	rd->open = true;
	return rd->comm.error;
}

/* "do_it+0x12 (/bin/x)", "do_it (inlined)", "[unknown] ([unknown])" */
static int read_frame(struct reader *rd, const char *text, size_t n)
{
	struct rs_frame frame = { 0 };
	const char *open, *plus;
	bool inlined;

	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	open = n && text[n - 1] == ')' ? memrchr(text, '(', n) : NULL;
	rs_str_reset(&rd->function);
	rs_str_reset(&rd->module);
	if (open) {
		rs_str_append(&rd->module, open + 1, (size_t)(text + n - open) - 2);
		n = (size_t)(open - text);
		while (n && text[n - 1] == ' ')
			n--;
	}
	plus = memrchr(text, '+', n);
	if (plus && plus != text && (size_t)(text + n - plus) > 3 && !memcmp(plus, "+0x", 3))
		n = (size_t)(plus - text);
	rs_str_append(&rd->function, n ? text : "[unknown]", n ? n : 9);
	if (rd->function.error || rd->module.error)
		return -ENOMEM;
	inlined = rs_str_equal(&rd->module, "inlined");
	frame.function = rs_str_cstr(&rd->function);
	if (rd->module.len && !inlined && !rs_str_equal(&rd->module, "[unknown]"))
		frame.module = rs_str_cstr(&rd->module);
	frame.kind = inlined ? RS_FRAME_INLINED : rs_frame_kind_guess(frame.function, frame.module);
	return rs_profile_stack_push(rd->stack, rd->profile, &frame);
}

/* Lines that do not begin with an address are of other fields. */
static int read_body(struct reader *rd, const char *line, size_t n)
{
	struct word word;
	size_t at = 0;

	if (!next_word(line, n, &at, &word) ||
	    !consists_of(&word, word.n, "0123456789abcdefABCDEF"))
		return 0;
	while (at < n && line[at] == ' ')
		at++;
	return read_frame(rd, line + at, n - at);
}

static int end_sample(struct reader *rd)
{
	struct rs_profile_sample sample = { .frames = rd->stack->frames };
	struct rs_frame comm = { .kind = RS_FRAME_PROCESS };
	int r = 0;

	if (!rd->open)
		return 0;
	rd->open = false;
	comm.function = rs_str_cstr(&rd->comm);
	if (*comm.function)
		r = rs_profile_stack_push(rd->stack, rd->profile, &comm);
	sample.n_frames = rd->stack->n;
	memcpy(sample.values, rd->values, sizeof(rd->values));
	return r < 0 ? r : rs_profile_add(rd->profile, &sample);
}

static int read_line(struct reader *rd, const char *line, size_t n, struct rs_error *err)
{
	if (!n)
		return end_sample(rd);
	if (*line == '#')
		return 0;
	if (rd->open && isblank((unsigned char)*line))
		return read_body(rd, line, n);
	return end_sample(rd) < 0 ? -ENOMEM : read_head(rd, line, n, err);
}

int rs_profile_read_perf(const char *data, size_t n, struct rs_profile **ret_profile,
			 struct rs_error *err)
{
	static const struct rs_profile_options options = {
		.types = { { "samples", "count" }, { "period", "count" } },
		.n_types = 2,
	};
	_cleanup_(reader_done) struct reader rd = { .stack = calloc(1, sizeof(*rd.stack)) };
	const char *line;
	size_t len, number = 0;
	int r = 0;

	if (!rd.stack || rs_profile_new(&options, &rd.profile) < 0)
		return rs_error_set_errno(err, -ENOMEM, "reading perf's samples");
	while (!r && rs_profile_line(&data, &n, &line, &len)) {
		struct rs_error why = RS_ERROR_INIT;

		number++;
		r = read_line(&rd, line, len, &why);
		if (r < 0)
			return rs_error_set(err, r, "line %zu: %s", number,
					    why.code ? why.msg : "out of memory");
	}
	if (end_sample(&rd) < 0)
		return rs_error_set_errno(err, -ENOMEM, "reading perf's samples");
	*ret_profile = TAKE_PTR(rd.profile);
	return 0;
}
