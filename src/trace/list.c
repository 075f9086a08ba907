/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/list.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/fd.h"
#include "kern/btf.h"
#include "trace/compile.h"

#define WRITE_AT ((size_t)64 << 10)

/* --- output --- */

struct listing {
	const struct rs_trace_options *options;
	struct rs_trace_source *source;
	struct rs_types *types;
	struct rs_str out;
	unsigned n;
};

static int flush(struct listing *listing)
{
	int r = listing->out.error
			? listing->out.error
			: rs_fd_write_all(STDOUT_FILENO, listing->out.data, listing->out.len);

	rs_str_reset(&listing->out);
	return r;
}

static int add_line(const char *text, void *data)
{
	struct listing *listing = data;

	listing->n++;
	rs_str_append_escaped(&listing->out, text, strlen(text));
	rs_str_append_char(&listing->out, '\n');
	return listing->out.len < WRITE_AT ? 0 : flush(listing);
}

/* --- types --- */

static const struct type_word {
	const char *word;
	enum rs_btf_kind kinds[2];
} type_words[] = {
	{ "struct ", { RS_BTF_STRUCT, RS_BTF_STRUCT } },
	{ "union ", { RS_BTF_UNION, RS_BTF_UNION } },
	{ "enum ", { RS_BTF_ENUM, RS_BTF_ENUM64 } },
};

static const struct type_word *find_type_word(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_SIZE(type_words); i++) {
		if (!strncmp(pattern, type_words[i].word, strlen(type_words[i].word)))
			return &type_words[i];
	}
	return NULL;
}

static void add_field(struct listing *listing, const struct rs_type *type,
		      const struct rs_field *field)
{
	if (type->kind == RS_TYPE_ENUM) {
		rs_str_appendf(&listing->out, "\t%s = %lld,\n", field->name,
			       (long long)field->value);
		return;
	}
	rs_str_append_char(&listing->out, '\t');
	rs_type_format(field->type, &listing->out);
	rs_str_appendf(&listing->out, "%s%s", *field->name ? " " : "", field->name);
	if (field->bit_size)
		rs_str_appendf(&listing->out, " : %u", field->bit_size);
	rs_str_append_cstr(&listing->out, ";\n");
}

static int add_type(struct listing *listing, const char *name)
{
	const struct rs_type *type;

	if (!listing->options->verbose)
		return add_line(name, listing);
	type = rs_types_find(listing->types, name);
	type = type ? rs_type_complete(listing->types, type) : NULL;
	listing->n++;
	rs_str_appendf(&listing->out, "%s {\n", name);
	for (uint32_t i = 0; type && i < type->n_fields; i++)
		add_field(listing, type, &type->fields[i]);
	rs_str_append_cstr(&listing->out, "};\n");
	return listing->out.len < WRITE_AT ? 0 : flush(listing);
}

struct type_search {
	struct listing *listing;
	const struct type_word *word;
	const char *pattern; /* behind the word */
};

static int match_type(const struct rs_btf_type *type, void *data)
{
	const struct type_search *search = data;
	char name[256];

	if (!*type->name || fnmatch(search->pattern, type->name, 0) != 0)
		return 0;
	snprintf(name, sizeof(name), "%s%s", search->word->word, type->name);
	return add_type(search->listing, name);
}

static int list_types(struct listing *listing, const char *pattern, const struct type_word *word,
		      struct rs_error *err)
{
	struct rs_btf *vmlinux = rs_btf_set_vmlinux(rs_trace_source_btf(listing->source), err);
	struct type_search search = { listing, word, pattern + strlen(word->word) };
	int r;

	if (!vmlinux)
		return err && err->code ? err->code : -ENOENT;
	r = rs_btf_each(vmlinux, RS_BTF_MASK(word->kinds[0]) | RS_BTF_MASK(word->kinds[1]),
			match_type, &search);
	return r ? rs_error_set_errno(err, r, "listing types") : 0;
}

/* --- probes --- */

static int list_one(struct listing *listing, const char *pattern, struct rs_error *err)
{
	const struct type_word *word = find_type_word(pattern);

	if (word)
		return list_types(listing, pattern, word, err);
	return rs_probes_list(rs_trace_source_probes(listing->source), pattern,
			      listing->options->verbose > 0, add_line, listing, err);
}

static int list_patterns(struct listing *listing, const char *patterns, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) char *copy = strdup(patterns);
	char *save = NULL;
	int r = 0;

	if (!copy)
		return rs_error_set(err, -ENOMEM, "out of memory");
	for (char *one = strtok_r(copy, ",", &save); one && !r; one = strtok_r(NULL, ",", &save))
		r = list_one(listing, one + strspn(one, " "), err);
	return r;
}

static int list_script(struct listing *listing, struct rs_error *err)
{
	struct rs_trace_script script;
	int r;

	r = rs_trace_compile(listing->options, listing->source, &script, err);
	for (unsigned i = 0; !r && i < script.program->n_probes; i++) {
		const struct rs_probe *probe = script.program->probes[i];

		for (unsigned place = 0; !r && place < probe->n_places; place++)
			r = add_line(probe->places[place].point.text, listing);
	}
	rs_trace_script_done(&script);
	return r;
}

int rs_trace_list(const struct rs_trace_options *options, const char *pattern, struct rs_error *err)
{
	_cleanup_(rs_trace_source_free) struct rs_trace_source *source = NULL;
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	struct listing listing = { .options = options };
	int r;

	r = rs_trace_source_new(options, &source, err);
	if (r < 0)
		return r;
	rs_str_init(&listing.out, 0);
	listing.source = source;
	listing.types = rs_types_new(&arena, rs_trace_source_lang(source));
	if (!listing.types)
		return rs_error_set(err, -ENOMEM, "out of memory");
	r = options->text ? list_script(&listing, err) : list_patterns(&listing, pattern, err);
	if (r >= 0)
		r = flush(&listing);
	rs_str_done(&listing.out);
	if (r == -EPIPE) {
		rs_error_reset(err);
		return 0;
	}
	if (r < 0 && err && !err->code && r != -EINVAL)
		rs_error_set_errno(err, r, "writing the list");
	return r;
}
