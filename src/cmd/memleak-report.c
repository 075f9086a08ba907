/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/memleak-report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/term.h"
#include "base/units.h"
#include "cmd/report-grid.h"

#define TOP 10

static const char *const kinds[RS_MEM_KIND_COUNT] = { "heap", "mmap", "slab", "pages" };

/* A row's frames, innermost first, in a profile of their own. */
struct frames {
	struct rs_profile *profile;
	uint32_t numbers[RS_STACKS_FRAMES_MAX];
	size_t n;
};

static int find_frames(const struct rs_memleak_report *report, const struct rs_leak *row,
		       struct frames *frames)
{
	const struct rs_profile_options options = { .types = { { "space", "bytes" } },
						    .n_types = 1 };
	int r = frames->profile ? 0 : rs_profile_new(&options, &frames->profile);

	frames->n = 0;
	return r ? r
		 : rs_leaks_frames(report->leaks, row, frames->profile, frames->numbers,
				   &frames->n);
}

static void frames_done(struct frames *frames)
{
	rs_profile_free(&frames->profile);
}

/* --- table --- */

static void put_bytes(struct rs_grid *grid, double bytes, bool sign)
{
	char text[RS_UNITS_BUF];
	double magnitude = fabs(bytes);

	rs_units_format_bytes(text, (uint64_t)llround(magnitude));
	rs_grid_printf(grid, "%s%s", bytes < 0 ? "-" : sign && bytes > 0 ? "+" : "", text);
}

static void put_ages(struct rs_grid *grid, const struct rs_leak *row)
{
	if (row->blocks < 1) {
		rs_grid_cstr(grid, NULL);
		rs_grid_cstr(grid, NULL);
		return;
	}
	rs_grid_duration(grid, row->oldest);
	rs_grid_duration(grid, (uint64_t)(row->age / row->blocks));
}

static void put_row(const struct rs_memleak_report *report, const struct rs_leak *row,
		    struct rs_grid *grid)
{
	put_bytes(grid, row->bytes, false);
	rs_grid_printf(grid, "%" PRIu64, (uint64_t)llround(row->count));
	if (report->interval)
		put_bytes(grid, row->more_bytes, true);
	put_ages(grid, row);
	rs_grid_cstr(grid, kinds[row->kind]);
	if (row->pid)
		rs_grid_printf(grid, "%s (%u)%s", rs_leaks_comm(report->leaks, row->pid), row->pid,
			       row->ended ? ", ended" : "");
	else
		rs_grid_cstr(grid, "[kernel]");
}

static void put_frame(const struct rs_memleak_report *report, const struct rs_frame *frame,
		      struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;

	rs_str_appendf(&text, "%s", frame->function);
	if (frame->file && frame->line)
		rs_str_appendf(&text, " %s:%u", frame->file, frame->line);
	else if (frame->module && frame->kind == RS_FRAME_USER)
		rs_str_appendf(&text, " (%s)", slash ? slash + 1 : frame->module);
	rs_str_append_cstr(out, "      ");
	if (report->width > 8)
		rs_term_append_fit(out, text.data, text.len, report->width - 6, RS_TERM_NOPAD);
	else
		rs_str_append_escaped(out, text.data, text.len);
	rs_str_append_char(out, '\n');
}

static int put_stack(const struct rs_memleak_report *report, const struct rs_leak *row,
		     struct frames *frames, struct rs_str *out)
{
	int r = find_frames(report, row, frames);
	size_t n = frames->n;

	if (r)
		return r;
	if (report->depth && n > report->depth)
		n = report->depth;
	for (size_t i = 0; i < n; i++)
		put_frame(report, rs_profile_frame_at(frames->profile, frames->numbers[i]), out);
	if (n < frames->n)
		rs_str_appendf(out, "      ... %zu more\n", frames->n - n);
	else if (!n)
		rs_str_append_cstr(out, "      [no stack]\n");
	return 0;
}

static void put_title(const struct rs_memleak_report *report, struct rs_str *out)
{
	uint64_t counts[RS_MEM_COUNT_COUNT];
	char text[2][RS_UNITS_BUF];
	double bytes = 0, count = 0, more = 0;
	size_t n;
	const struct rs_leak *rows = rs_leaks_rows(report->leaks, &n);

	for (size_t i = 0; i < n; i++) {
		bytes += rows[i].bytes;
		count += rows[i].count;
		more += rows[i].more_bytes;
	}
	rs_leaks_counts(report->leaks, counts);
	rs_str_appendf(out, "%s%s%s outstanding in %" PRIu64 " allocations of %s after %s",
		       rs_term_style(report->color, RS_TERM_BOLD),
		       rs_units_format_bytes(text[0], (uint64_t)llround(bytes)),
		       rs_term_style(report->color, RS_TERM_RESET), (uint64_t)llround(count),
		       report->who, rs_units_format_duration(text[1], report->elapsed));
	if (report->interval)
		rs_str_appendf(out, "; %s%s in the last %s", more < 0 ? "-" : "+",
			       rs_units_format_bytes(text[0], (uint64_t)llround(fabs(more))),
			       rs_units_format_duration(text[1], report->interval));
	rs_str_appendf(out, "\n%" PRIu64 " allocations (%s), %" PRIu64 " frees%s\n",
		       counts[RS_MEM_ALLOCS],
		       rs_units_format_bytes(text[0], counts[RS_MEM_ALLOC_BYTES]),
		       counts[RS_MEM_FREES], report->sample ? " of those that were sampled" : "");
}

/* Rows worth a look: what is there no more counts only where growth is told. */
static bool shown(const struct rs_leak *row)
{
	return row->blocks > 0;
}

/* The grid's lines, the header first, with the stacks between them. */
static int interleave(const struct rs_memleak_report *report, const struct rs_grid *grid,
		      struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str lines = RS_STR_INIT(0);
	_cleanup_(frames_done) struct frames frames = { 0 };
	size_t n, i = 0, want = rs_grid_rows(grid);
	const struct rs_leak *rows = rs_leaks_rows(report->leaks, &n);
	int r = rs_grid_write(grid, 0, report->width, report->color, &lines);
	const char *at = rs_str_cstr(&lines), *end = strchr(at, '\n');

	if (!r && end)
		rs_str_append(out, at, (size_t)(end + 1 - at));
	for (; !r && end && i < n && want; i++) {
		if (!shown(&rows[i]))
			continue;
		want--;
		at = end + 1;
		end = strchr(at, '\n');
		if (end)
			rs_str_append(out, at, (size_t)(end + 1 - at));
		r = put_stack(report, &rows[i], &frames, out);
	}
	return r;
}

int rs_memleak_table(const struct rs_memleak_report *report, struct rs_str *out)
{
	static const struct rs_grid_column all[] = {
		{ "OUTSTANDING", RS_TERM_RIGHT, false, false },
		{ "COUNT", RS_TERM_RIGHT, false, false },
		{ "GROWTH", RS_TERM_RIGHT, false, false },
		{ "OLDEST", RS_TERM_RIGHT, false, false },
		{ "MEAN AGE", RS_TERM_RIGHT, false, false },
		{ "KIND", RS_TERM_LEFT, false, false },
		{ "PROCESS", RS_TERM_LEFT, true, false },
	};
	struct rs_grid_column columns[ARRAY_SIZE(all)];
	_cleanup_(rs_grid_done) struct rs_grid grid = { .columns = columns };
	size_t n, top = report->top ? report->top : TOP, rest = 0;
	const struct rs_leak *rows = rs_leaks_rows(report->leaks, &n);

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (report->interval || i != 2)
			columns[grid.n++] = all[i];
	put_title(report, out);
	for (size_t i = 0; i < n; i++) {
		if (!shown(&rows[i]))
			continue;
		if (rs_grid_rows(&grid) < top)
			put_row(report, &rows[i], &grid);
		else
			rest++;
	}
	if (rs_grid_rows(&grid)) {
		int r = interleave(report, &grid, out);

		if (r)
			return r;
	}
	if (rest)
		rs_str_appendf(out, "... %zu stacks more (--top)\n", rest);
	return out->error;
}

/* --- JSON --- */

static void write_frame(const struct rs_frame *frame, struct rs_json *w)
{
	rs_json_begin_object(w);
	rs_json_key_lit(w, "function");
	rs_json_cstr(w, frame->function);
	if (frame->module) {
		rs_json_key_lit(w, "module");
		rs_json_cstr(w, frame->module);
	}
	if (frame->file) {
		rs_json_key_lit(w, "file");
		rs_json_cstr(w, frame->file);
		rs_json_key_lit(w, "line");
		rs_json_u64(w, frame->line);
	}
	rs_json_end_object(w);
}

static void write_row(const struct rs_memleak_report *report, const struct rs_leak *row,
		      const struct frames *frames, struct rs_json *w)
{
	const char *comm = rs_leaks_comm(report->leaks, row->pid);

	rs_json_begin_object(w);
	rs_json_key_lit(w, "type");
	rs_json_cstr(w, "stack");
	rs_json_key_lit(w, "pid");
	rs_json_u64(w, row->pid);
	rs_json_key_lit(w, "process");
	rs_json_cstr(w, comm);
	rs_json_key_lit(w, "ended");
	rs_json_bool(w, row->ended);
	rs_json_key_lit(w, "kind");
	rs_json_cstr(w, kinds[row->kind]);
	rs_json_key_lit(w, "bytes");
	rs_json_u64(w, (uint64_t)llround(row->bytes));
	rs_json_key_lit(w, "count");
	rs_json_u64(w, (uint64_t)llround(row->count));
	rs_json_key_lit(w, "growth_bytes");
	rs_json_i64(w, llround(row->more_bytes));
	rs_json_key_lit(w, "growth_count");
	rs_json_i64(w, llround(row->more_count));
	rs_json_key_lit(w, "oldest_ns");
	rs_json_u64(w, row->oldest);
	rs_json_key_lit(w, "mean_age_ns");
	rs_json_u64(w, row->blocks > 0 ? (uint64_t)(row->age / row->blocks) : 0);
	rs_json_key_lit(w, "frames");
	rs_json_begin_array(w);
	for (size_t i = 0; i < frames->n; i++)
		write_frame(rs_profile_frame_at(frames->profile, frames->numbers[i]), w);
	rs_json_end_array(w);
	rs_json_end_object(w);
	rs_str_append_char(w->out, '\n');
}

static int write_note(void *data, const char *text)
{
	struct rs_json *w = data;

	rs_json_cstr(w, text);
	return 0;
}

static void write_summary(const struct rs_memleak_report *report, struct rs_json *w)
{
	static const char *const names[RS_MEM_COUNT_COUNT] = {
		[RS_MEM_ALLOCS] = "allocations",
		[RS_MEM_ALLOC_BYTES] = "allocated_bytes",
		[RS_MEM_FAILED] = "failed",
		[RS_MEM_FREES] = "frees",
		[RS_MEM_LOST_FULL] = "lost_full",
		[RS_MEM_LOST_BYTES] = "lost_full_bytes",
		[RS_MEM_LOST_THREADS] = "lost_threads",
		[RS_MEM_LOST_NESTED] = "lost_nested",
		[RS_MEM_LOST_READ] = "lost_unreadable",
		[RS_MEM_LOST_RECORDS] = "lost_records",
		[RS_MEM_LOST_SYSCALLS] = "lost_calls",
	};
	uint64_t counts[RS_MEM_COUNT_COUNT];
	double bytes = 0, count = 0;
	size_t n;
	const struct rs_leak *rows = rs_leaks_rows(report->leaks, &n);

	for (size_t i = 0; i < n; i++) {
		bytes += rows[i].bytes;
		count += rows[i].count;
	}
	rs_leaks_counts(report->leaks, counts);
	rs_json_begin_object(w);
	rs_json_key_lit(w, "type");
	rs_json_cstr(w, "summary");
	rs_json_key_lit(w, "time");
	rs_json_time(w, rs_clock_real());
	rs_json_key_lit(w, "elapsed_ns");
	rs_json_u64(w, report->elapsed);
	rs_json_key_lit(w, "sample");
	rs_json_u64(w, report->sample);
	rs_json_key_lit(w, "bytes");
	rs_json_u64(w, (uint64_t)llround(bytes));
	rs_json_key_lit(w, "count");
	rs_json_u64(w, (uint64_t)llround(count));
	for (size_t i = 0; i < RS_MEM_COUNT_COUNT; i++) {
		rs_json_key(w, names[i], strlen(names[i]));
		rs_json_u64(w, counts[i]);
	}
	rs_json_key_lit(w, "notes");
	rs_json_begin_array(w);
	rs_memwatch_losses(report->watch, write_note, w);
	rs_json_end_array(w);
	rs_json_end_object(w);
	rs_str_append_char(w->out, '\n');
}

int rs_memleak_json(const struct rs_memleak_report *report, struct rs_str *out)
{
	_cleanup_(frames_done) struct frames frames = { 0 };
	struct rs_json w;
	size_t n;
	const struct rs_leak *rows = rs_leaks_rows(report->leaks, &n);
	int r = 0;

	rs_json_init(&w, out);
	for (size_t i = 0; i < n && !r; i++) {
		if (!shown(&rows[i]) && llround(rows[i].more_bytes) == 0)
			continue;
		r = find_frames(report, &rows[i], &frames);
		if (r)
			break;
		rs_json_restart(&w);
		write_row(report, &rows[i], &frames, &w);
	}
	rs_json_restart(&w);
	if (!r)
		write_summary(report, &w);
	return r ? r : out->error;
}
