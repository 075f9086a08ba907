/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/losses.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "kern/bpfcall.h"

/* As programs count them: one for each site. */
struct failures {
	uint64_t count;
	int64_t last;
};

struct rs_trace_losses {
	struct rs_trace_actions *actions;
	const struct rs_trace_reader *reader;
	const struct rs_map *lost, *errors; /* NULL: nothing is counted */
	uint64_t *words;                    /* room for the contents of one */
	uint64_t told_lost;
	uint64_t unseen; /* RS_ACTION_SEEN among those that were lost */
	uint64_t *told;  /* failures of each site */
};

static const struct rs_map *find(const struct rs_program *program, enum rs_map_role role)
{
	for (unsigned i = 0; i < program->n_maps; i++) {
		if (program->maps[i]->role == role)
			return program->maps[i];
	}
	return NULL;
}

int rs_trace_losses_new(struct rs_trace_actions *actions, const struct rs_trace_reader *reader,
			struct rs_trace_losses **ret_losses, struct rs_error *err)
{
	_cleanup_(rs_trace_losses_free) struct rs_trace_losses *losses = calloc(1, sizeof(*losses));
	const struct rs_program *program = actions->program;
	size_t bytes;

	if (!losses)
		return rs_error_set(err, -ENOMEM, "out of memory");
	losses->actions = actions;
	losses->reader = reader;
	losses->lost = find(program, RS_MAP_LOST);
	losses->errors = find(program, RS_MAP_ERRORS);
	bytes = MAX(losses->lost ? losses->lost->value_size : 0,
		    losses->errors ? losses->errors->value_size : 0);
	losses->words = calloc(1, bytes + sizeof(uint64_t));
	losses->told = calloc(program->n_sites + 1, sizeof(*losses->told));
	if (!losses->words || !losses->told)
		return rs_error_set(err, -ENOMEM, "out of memory");
	*ret_losses = TAKE_PTR(losses);
	return 0;
}

void rs_trace_losses_free(struct rs_trace_losses **losses)
{
	struct rs_trace_losses *l = TAKE_PTR(*losses);

	if (!l)
		return;
	free(l->words);
	free(l->told);
	free(l);
}

bool rs_trace_losses_counts(const struct rs_trace_losses *losses)
{
	return losses->lost || losses->errors ||
	       (losses->reader && rs_trace_reader_fd(losses->reader) >= 0);
}

/* Both are arrays of one value. */
static bool read_words(const struct rs_trace_losses *losses, const struct rs_map *map)
{
	const uint32_t key = 0;

	return map &&
	       rs_bpf_map_lookup(losses->actions->maps->fds[map->id], &key, losses->words) >= 0;
}

/* --- events --- */

static void tell_lost(struct rs_trace_losses *losses, uint64_t lost)
{
	struct rs_trace_actions *actions = losses->actions;
	uint64_t more = lost - losses->told_lost;

	if (lost <= losses->told_lost)
		return;
	losses->told_lost = lost;
	if (actions->options->format == RS_TRACE_JSON) {
		rs_str_appendf(rs_trace_output_text(actions->output),
			       "{\"type\": \"lost_events\", \"count\": %llu}\n",
			       (unsigned long long)more);
		rs_trace_output_commit(actions->output);
		return;
	}
	rs_trace_warn(actions->options, "Lost %llu event%s", (unsigned long long)more,
		      more == 1 ? "" : "s");
}

/* --- failures --- */

static const char *cause_of(const struct failures *failures)
{
	return failures->last < 0 && failures->last > -4096 ? strerror((int)-failures->last)
							    : "failed";
}

/* What tests of the language and scripts of users look for is worded as they know it. */
static void describe(const struct rs_site *site, const struct failures *failures, uint64_t more,
		     struct rs_str *out, const char **ret_hint)
{
	unsigned long long times = more;

	*ret_hint = NULL;
	if (site->kind == RS_SITE_MAP_UPDATE && site->map && failures->last == -E2BIG) {
		rs_str_appendf(
			out, "Map full; can't update element. %s has %llu keys, %llu update%s lost",
			site->map->name, (unsigned long long)site->map->max_entries, times,
			times == 1 ? " was" : "s were");
		*ret_hint = "max_map_keys, or let @x = hash(n), gives room for more";
		return;
	}
	if (site->kind == RS_SITE_NO_SCRATCH) {
		rs_str_appendf(
			out,
			"%llu runs of this probe were lost: too many programs interrupted each other",
			times);
		return;
	}
	if (site->kind == RS_SITE_STACK) {
		rs_str_appendf(out, "%llu stack%s lost: %s", times, times == 1 ? " was" : "s were",
			       cause_of(failures));
		return;
	}
	if (site->kind == RS_SITE_MAP_DELETE && failures->last == -ENOENT)
		rs_str_append_cstr(out, "Can't delete map element because it does not exist.");
	else if (site->kind == RS_SITE_DIVISION)
		rs_str_append_cstr(out, "Divide or modulo by 0 detected. This can lead to "
					"unexpected results. 1 is being used as the result");
	else if (site->kind == RS_SITE_MAP_LOOKUP)
		rs_str_append_cstr(out, "Can't lookup map element because it does not exist.");
	else
		rs_str_append_cstr(out, cause_of(failures));
	if (times > 1)
		rs_str_appendf(out, ", %llu times", times);
}

static void put_json(struct rs_trace_losses *losses, const struct rs_site *site,
		     const struct failures *failures)
{
	struct rs_str *out = rs_trace_output_text(losses->actions->output);
	const struct rs_diags *diags = losses->actions->program->diags;
	struct rs_json json;
	unsigned line, column;

	rs_span_position(diags, site->span, &line, &column);
	rs_json_init(&json, out);
	rs_str_append_cstr(out, "{\"type\": \"helper_error\", \"msg\": ");
	rs_json_cstr(&json, cause_of(failures));
	rs_str_append_cstr(out, ", \"helper\": ");
	rs_json_restart(&json);
	rs_json_cstr(&json, site->helper ? site->helper : "");
	rs_str_appendf(out, ", \"retcode\": %lld, \"filename\": ", (long long)failures->last);
	rs_json_restart(&json);
	rs_json_cstr(&json, diags->sources[0].name);
	rs_str_appendf(out, ", \"line\": %u, \"col\": %u}\n", line, column);
	rs_trace_output_commit(losses->actions->output);
}

static void tell_site(struct rs_trace_losses *losses, const struct rs_site *site,
		      const struct failures *failures, uint64_t more)
{
	const struct rs_trace_options *options = losses->actions->options;
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	_cleanup_(rs_str_done) struct rs_str note = RS_STR_INIT(0);
	_cleanup_(rs_str_done) struct rs_str shown = RS_STR_INIT(0);
	struct rs_diag diag = { .severity = RS_SEVERITY_WARNING, .span = site->span };

	if (options->format == RS_TRACE_JSON) {
		put_json(losses, site, failures);
		return;
	}
	describe(site, failures, more, &text, &diag.hint);
	diag.text = rs_str_cstr(&text);
	if (site->kind != RS_SITE_DIVISION)
		rs_str_appendf(&note, "Additional Info - helper: %s, retcode: %lld",
			       site->helper ? site->helper : "none", (long long)failures->last);
	rs_diag_show_event(losses->actions->program->diags, &diag,
			   note.len ? rs_str_cstr(&note) : NULL, options->colour, &shown);
	rs_fd_write_all(STDERR_FILENO, shown.data, shown.len);
}

/* What loses data is told always; what may well be meant (a key that is not there, a page that is not in memory) only
 * with -k. */
static bool is_wanted(const struct rs_trace_options *options, const struct rs_site *site)
{
	if (!options->warnings)
		return false;
	switch (site->kind) {
	case RS_SITE_NO_SCRATCH:
	case RS_SITE_DIVISION:
	case RS_SITE_MAP_UPDATE: /* full, out of memory, or interrupted by itself */
	case RS_SITE_STACK:
		return true;
	default:
		return options->helper_errors;
	}
}

static void tell_failures(struct rs_trace_losses *losses)
{
	const struct rs_program *program = losses->actions->program;
	unsigned n = MIN(program->n_sites,
			 (unsigned)(losses->errors->value_size / sizeof(struct failures)));

	for (unsigned i = 0; i < n; i++) {
		struct failures failures = { losses->words[2 * i],
					     (int64_t)losses->words[2 * i + 1] };
		uint64_t more = failures.count - losses->told[i];

		if (!more)
			continue;
		losses->told[i] = failures.count;
		if (is_wanted(losses->actions->options, &program->sites[i]))
			tell_site(losses, &program->sites[i], &failures, more);
	}
}

/* Programs tell of a process or stack once. Where that was lost they are to tell it again. */
static void tell_again(struct rs_trace_losses *losses, uint64_t unseen)
{
	const struct rs_map *seen = find(losses->actions->program, RS_MAP_SEEN);

	if (unseen == losses->unseen || !seen)
		return;
	losses->unseen = unseen;
	rs_trace_maps_clear(losses->actions->maps, seen);
}

/* All records that found no room. */
static uint64_t sum_lost(struct rs_trace_losses *losses)
{
	const struct rs_program *program = losses->actions->program;
	uint64_t lost = 0, unseen = 0;

	for (unsigned i = 0; i < losses->lost->value_size / sizeof(uint64_t); i++) {
		lost += losses->words[i];
		if (i < program->n_actions && program->actions[i]->kind == RS_ACTION_SEEN)
			unseen += losses->words[i];
	}
	tell_again(losses, unseen);
	return lost;
}

void rs_trace_losses_tell(struct rs_trace_losses *losses)
{
	uint64_t lost = 0;

	if (losses->reader)
		lost = rs_trace_reader_lost(losses->reader) + rs_trace_reader_bad(losses->reader);
	if (read_words(losses, losses->lost))
		lost += sum_lost(losses);
	tell_lost(losses, lost);
	if (read_words(losses, losses->errors))
		tell_failures(losses);
}
