/* SPDX-License-Identifier: Apache-2.0 */
#include "base/term.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "base/units.h"
#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

static const char *const styles[] = {
	[RS_TERM_RESET] = "\033[0m", [RS_TERM_BOLD] = "\033[1m",     [RS_TERM_DIM] = "\033[2m",
	[RS_TERM_RED] = "\033[31m",  [RS_TERM_GREEN] = "\033[32m",   [RS_TERM_YELLOW] = "\033[33m",
	[RS_TERM_BLUE] = "\033[34m", [RS_TERM_MAGENTA] = "\033[35m", [RS_TERM_CYAN] = "\033[36m",
	[RS_TERM_GRAY] = "\033[90m",
};
_Static_assert(ARRAY_SIZE(styles) == RS_TERM_STYLE_COUNT, "one sequence per style");

bool rs_term_is_tty(int fd)
{
	return isatty(fd) == 1;
}

unsigned rs_term_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };
	uint64_t width = 0;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (!width && columns && rs_units_parse_u64(columns, UINT32_MAX, &width, NULL) < 0)
		width = 0;
	if (!width)
		width = RS_TERM_WIDTH_DEFAULT;
	return (unsigned)MIN(MAX(width, RS_TERM_WIDTH_MIN), RS_TERM_WIDTH_MAX);
}

int rs_term_color_parse(const char *text, enum rs_term_color_mode *ret_mode)
{
	static const char *const names[] = { "auto", "always", "never" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		*ret_mode = (enum rs_term_color_mode)i;
		return 0;
	}
	return -EINVAL;
}

bool rs_term_use_color(int fd, enum rs_term_color_mode mode)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (mode != RS_TERM_COLOR_AUTO)
		return mode == RS_TERM_COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	return term && *term && strcmp(term, "dumb") != 0 && rs_term_is_tty(fd);
}

const char *rs_term_style(bool on, enum rs_term_style style)
{
	return on && style < RS_TERM_STYLE_COUNT ? styles[style] : "";
}

/* One step through a text: how many bytes it takes and how many columns it will show. A character
 * that may not be shown is taken as a whole and shows four columns per byte. */
struct cell {
	size_t bytes;
	size_t columns;
};

static struct cell next_cell(const unsigned char *p, size_t n)
{
	uint32_t cp;
	unsigned len = rs_utf8_decode(p, n, &cp);

	if (!len)
		return (struct cell){ 1, 4 };
	if (rs_utf8_is_unsafe(cp))
		return (struct cell){ len, (size_t)len * 4 };
	return (struct cell){ len, rs_utf8_columns(cp) };
}

size_t rs_term_columns(const void *data, size_t n)
{
	const unsigned char *p = data;
	size_t columns = 0;

	while (n) {
		struct cell cell = next_cell(p, n);

		columns += cell.columns;
		p += cell.bytes;
		n -= cell.bytes;
	}
	return columns;
}

/* The longest start of the text that takes at most width columns, zero-width characters after it
 * included. */
static struct cell fit_head(const unsigned char *p, size_t n, size_t width)
{
	struct cell head = { 0, 0 };

	while (head.bytes < n) {
		struct cell cell = next_cell(p + head.bytes, n - head.bytes);

		if (head.columns + cell.columns > width)
			break;
		head.bytes += cell.bytes;
		head.columns += cell.columns;
	}
	return head;
}

/* The longest end of the text, which takes total columns, with at most width. */
static struct cell fit_tail(const unsigned char *p, size_t n, size_t total, size_t width)
{
	struct cell head = { 0, 0 };

	while (head.bytes < n && total - head.columns > width) {
		struct cell cell = next_cell(p + head.bytes, n - head.bytes);

		head.bytes += cell.bytes;
		head.columns += cell.columns;
	}
	return (struct cell){ n - head.bytes, total - head.columns };
}

/* Appends head, an ellipsis when something is left out, tail; and the padding. */
static size_t append_parts(struct rs_str *out, const unsigned char *p, size_t n, struct cell head,
			   struct cell tail, size_t width, enum rs_term_align align)
{
	bool cut = head.bytes + tail.bytes < n;
	size_t columns = head.columns + tail.columns + cut;
	size_t pad = align == RS_TERM_NOPAD || columns >= width ? 0 : width - columns;

	if (align == RS_TERM_RIGHT)
		rs_str_append_fill(out, ' ', pad);
	rs_str_append_escaped(out, p, head.bytes);
	if (cut)
		rs_str_append_cstr(out, ELLIPSIS);
	if (tail.bytes)
		rs_str_append_escaped(out, p + n - tail.bytes, tail.bytes);
	if (align == RS_TERM_LEFT)
		rs_str_append_fill(out, ' ', pad);
	return columns + pad;
}

/* Everything when it fits, found without looking at more text than the width needs. */
static bool fits(const unsigned char *p, size_t n, size_t width, struct cell *ret_all)
{
	struct cell head = fit_head(p, n, width);

	if (head.bytes < n)
		return false;
	*ret_all = head;
	return true;
}

size_t rs_term_append_fit(struct rs_str *out, const void *data, size_t n, size_t width,
			  enum rs_term_align align)
{
	struct cell head, none = { 0, 0 };

	if (!width)
		return 0;
	if (!fits(data, n, width, &head))
		head = fit_head(data, n, width - 1);
	return append_parts(out, data, n, head, none, width, align);
}

size_t rs_term_append_fit_path(struct rs_str *out, const void *data, size_t n, size_t width,
			       enum rs_term_align align)
{
	struct cell head, tail = { 0, 0 };

	if (!width)
		return 0;
	if (!fits(data, n, width, &head)) {
		/* A third for the start, the rest for the end, which names the file. */
		head = fit_head(data, n, (width - 1) / 3);
		tail = fit_tail(data, n, rs_term_columns(data, n), width - 1 - head.columns);
	}
	return append_parts(out, data, n, head, tail, width, align);
}
