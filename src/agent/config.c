/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the configuration file. The parser of libyaml hands out events, one after the other, and we
 * walk down with it: nothing of the file is kept but what is stored in the options. A mistake is
 * noted, what it stands in is skipped, and the walk goes on; only what is not YAML at all ends it.
 */
#include "agent/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "base/vec.h"

#define KEYS_MAX 64 /* rows of the table */

struct walk {
	yaml_parser_t parser;
	yaml_event_t event; /* in hand */
	bool have_event;
	const char *text;
	size_t size;
	struct rs_agent_options *options;
	struct rs_config_mistakes *mistakes;
	unsigned depth, nodes;
	unsigned seen[KEYS_MAX];         /* the line in which a row's key stood first; 0: not yet */
	unsigned seen_section[KEYS_MAX]; /* the same, by the first row of the section */
};

/* --- mistakes --- */

static _printf_(4, 5) void note(struct walk *w, size_t line, size_t column, const char *fmt, ...)
{
	struct rs_config_mistakes *mistakes = w->mistakes;
	struct rs_config_mistake *mistake;
	va_list ap;

	if (mistakes->len == RS_CONFIG_MISTAKES_MAX) {
		mistakes->more++;
		return;
	}
	mistake = &mistakes->items[mistakes->len++];
	mistake->line = (unsigned)line + 1;
	mistake->column = (unsigned)column + 1;
	va_start(ap, fmt);
	vsnprintf(mistake->text, sizeof(mistake->text), fmt, ap);
	va_end(ap);
}

#define note_here(w, ...) note_at((w), (w)->event.start_mark, __VA_ARGS__)
#define note_at(w, mark, ...)                                                                      \
	do {                                                                                       \
		yaml_mark_t mark_ = (mark);                                                        \
		note((w), mark_.line, mark_.column, __VA_ARGS__);                                  \
	} while (0)

/* A message of those who check values, with its hint behind it. */
static void note_value(struct walk *w, yaml_mark_t mark, const char *key,
		       const struct rs_error *err)
{
	if (err->hint[0])
		note_at(w, mark, "\"%s\": %s (%s)", key, err->msg, err->hint);
	else
		note_at(w, mark, "\"%s\": %s", key, err->msg);
}

/* Line and column, from 0, of a byte. */
static void locate(const struct walk *w, size_t offset, size_t *ret_line, size_t *ret_column)
{
	size_t line = 0, column = 0;

	for (size_t i = 0; i < offset && i < w->size; i++) {
		if (w->text[i] == '\n') {
			line++;
			column = 0;
		} else if ((w->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

static int note_syntax(struct walk *w)
{
	const yaml_parser_t *parser = &w->parser;
	const char *problem = parser->problem ? parser->problem : "this is not YAML";
	size_t line = parser->problem_mark.line, column = parser->problem_mark.column;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		locate(w, parser->problem_offset, &line, &column);
	if (parser->context && parser->error != YAML_READER_ERROR)
		note(w, line, column, "%s, %s", problem, parser->context);
	else
		note(w, line, column, "%s", problem);
	return -EINVAL;
}

/* --- events --- */

static bool is_start(const struct walk *w)
{
	return w->event.type == YAML_SEQUENCE_START_EVENT ||
	       w->event.type == YAML_MAPPING_START_EVENT;
}

static bool is_end(const struct walk *w)
{
	return w->event.type == YAML_SEQUENCE_END_EVENT || w->event.type == YAML_MAPPING_END_EVENT;
}

/* Things of YAML that have no use here, and some danger. */
static void check_extras(struct walk *w)
{
	const yaml_event_t *event = &w->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (event->type == YAML_ALIAS_EVENT)
		note_here(w, "aliases (\"*%.64s\") are not supported", event->data.alias.anchor);
	if (anchor)
		note_here(w, "anchors (\"&%.64s\") are not supported", anchor);
	if (tag)
		note_here(w, "tags (\"%.64s\") are not supported", tag);
}

/* The next event. -EINVAL when there is no going on: that is noted. */
static int next(struct walk *w)
{
	if (w->have_event)
		yaml_event_delete(&w->event);
	w->have_event = false;
	if (!yaml_parser_parse(&w->parser, &w->event))
		return note_syntax(w);
	w->have_event = true;
	if (++w->nodes > RS_CONFIG_NODES_MAX) {
		note_here(w, "more than %d items", RS_CONFIG_NODES_MAX);
		return -EINVAL;
	}
	if (is_start(w) && ++w->depth > RS_CONFIG_DEPTH_MAX) {
		note_here(w, "nested deeper than %d levels", RS_CONFIG_DEPTH_MAX);
		return -EINVAL;
	}
	if (is_end(w))
		w->depth--;
	check_extras(w);
	return 0;
}

/* Passes over the node whose first event is in hand; its last one then is. */
static int skip(struct walk *w)
{
	unsigned depth = w->depth;
	int r = 0;

	if (!is_start(w))
		return 0;
	while (!r && w->depth >= depth)
		r = next(w);
	return r;
}

/* The scalar in hand as C text; NULL when it holds a NUL (then noted) or is no scalar. */
static const char *scalar_text(struct walk *w)
{
	const char *text = (const char *)w->event.data.scalar.value;

	if (w->event.type != YAML_SCALAR_EVENT)
		return NULL;
	if (strlen(text) != w->event.data.scalar.length) {
		note_here(w, "a NUL character in a text");
		return NULL;
	}
	return text;
}

/* What YAML calls null: nothing, ~ or null, not quoted. */
static bool is_null(const struct walk *w)
{
	const char *text = (const char *)w->event.data.scalar.value;

	return w->event.type == YAML_SCALAR_EVENT &&
	       w->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

/* --- one key --- */

struct values {
	char **items;
	size_t len;
	size_t cap;
};

static void values_done(struct values *values)
{
	rs_vec_foreach(values, item) free(*item);
	rs_vec_done(values);
}

/* Checks and keeps the scalar in hand. 1: it was fine, 0: a mistake was noted. */
static int take_value(struct walk *w, const struct rs_config_key *key, struct values *values)
{
	_cleanup_(rs_cleanup_free) char *copy = NULL;
	struct rs_error err = RS_ERROR_INIT;
	size_t before = w->mistakes->len + w->mistakes->more;
	const char *text = scalar_text(w);

	if (!text && w->event.type == YAML_SCALAR_EVENT)
		return 0;
	if (!text || is_null(w)) {
		note_here(w, "\"%s\": %s", key->name,
			  text ? "a value is missing" : "a plain value belongs here");
		return 0;
	}
	if (rs_config_key_check(key, text, &err) < 0)
		note_value(w, w->event.start_mark, key->name, &err);
	copy = strdup(text);
	if (!copy || rs_vec_push(values, copy) < 0)
		return -ENOMEM;
	TAKE_PTR(copy);
	return w->mistakes->len + w->mistakes->more == before;
}

/* The list in hand. 1: all of it was fine. */
static int take_list(struct walk *w, const struct rs_config_key *key, struct values *values)
{
	int r, fine = 1;

	for (;;) {
		r = next(w);
		if (r < 0 || w->event.type == YAML_SEQUENCE_END_EVENT)
			return r < 0 ? r : fine;
		r = w->event.type == YAML_ALIAS_EVENT ? 0 : take_value(w, key, values);
		if (r < 0)
			return r;
		fine &= r;
		r = skip(w);
		if (r < 0)
			return r;
	}
}

/* The value in hand, of whatever shape. */
static int read_value(struct walk *w, const struct rs_config_key *key)
{
	_cleanup_(values_done) struct values values = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	yaml_mark_t mark = w->event.start_mark;
	int r;

	if (w->event.type == YAML_ALIAS_EVENT)
		return 0;
	if (w->event.type == YAML_MAPPING_START_EVENT) {
		note_here(w, "\"%s\": a value belongs here, not keys", key->name);
		return skip(w);
	}
	if (w->event.type == YAML_SEQUENCE_START_EVENT) {
		if (!rs_config_key_is_list(key)) {
			note_here(w, "\"%s\": one value belongs here, not a list", key->name);
			return skip(w);
		}
		r = take_list(w, key, &values);
	} else {
		r = take_value(w, key, &values);
	}
	if (r <= 0)
		return r;
	r = rs_config_key_store(key, (const char *const *)values.items, values.len, w->options,
				&err);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		note_value(w, mark, key->name, &err);
	return 0;
}

/* --- keys --- */

static int match_option(const struct rs_opt *opt, const char *group, void *data)
{
	(void)group;
	return opt->long_name && !strcmp(opt->long_name, data);
}

/* The section that has such a key, or, with @near, one with such a name. NULL for none. */
static const char *section_of(const char *name, const char **ret_near)
{
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		const char *near = ret_near ? rs_config_nearest(key->section, name) : NULL;

		if (!strcmp(key->name, near ? near : name)) {
			if (ret_near)
				*ret_near = near;
			return key->section;
		}
	}
	return NULL;
}

static void note_unknown(struct walk *w, const char *section, char *name)
{
	const char *nearest = rs_config_nearest(section, name), *home = section_of(name, NULL);
	const char *near = NULL, *near_home = section_of(name, &near);
	char text[128];

	rs_str_escape(text, sizeof(text), name, strlen(name));
	if (home)
		note_here(w, "key \"%s\" belongs under \"%s\"", text, home);
	else if (nearest)
		note_here(w, "unknown key \"%s\" (did you mean \"%s\"?)", text, nearest);
	else if (near)
		note_here(w, "unknown key \"%s\" (did you mean \"%s\", under \"%s\"?)", text, near,
			  near_home);
	else if (rs_opt_walk(rs_agent_opts, match_option, name) == 1)
		note_here(w, "unknown key \"%s\" (this can only be said on the command line)",
			  text);
	else
		note_here(w, "unknown key \"%s\"", text);
}

static bool is_repeated(struct walk *w, unsigned *seen, const char *name)
{
	if (*seen) {
		note_here(w, "key \"%s\" was given before, in line %u", name, *seen);
		return true;
	}
	*seen = (unsigned)w->event.start_mark.line + 1;
	return false;
}

/* Called with a key in hand; has its value's last event in hand afterwards. @name is the key. */
typedef int (*key_fn)(struct walk *w, const char *section, char *name);

static int read_key(struct walk *w, const char *section, char *name)
{
	const struct rs_config_key *key = rs_config_key_find(section, name);
	bool wanted = key && !is_repeated(w, &w->seen[key - rs_config_keys], name);
	int r;

	if (!key)
		note_unknown(w, section, name);
	r = next(w);
	if (r < 0)
		return r;
	return wanted ? read_value(w, key) : skip(w);
}

/* The mapping in hand, key by key. */
static int read_mapping(struct walk *w, const char *section, key_fn fn)
{
	for (;;) {
		_cleanup_(rs_cleanup_free) char *name = NULL;
		const char *text;
		int r = next(w);

		if (r < 0 || w->event.type == YAML_MAPPING_END_EVENT)
			return r;
		text = scalar_text(w);
		if (text) {
			name = strdup(text);
			r = name ? fn(w, section, name) : -ENOMEM;
		} else {
			if (is_start(w))
				note_here(w, "a key must be a plain word");
			r = skip(w);
			if (!r)
				r = next(w);
			if (!r)
				r = skip(w);
		}
		if (r < 0)
			return r;
	}
}

/* The first row of a section, or NULL. */
static const struct rs_config_key *find_section(const char *name)
{
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		if (!strcmp(key->section, name))
			return key;
	}
	return NULL;
}

static int read_section(struct walk *w, const char *section, char *name)
{
	const struct rs_config_key *key = find_section(name);
	bool wanted = key && !is_repeated(w, &w->seen_section[key - rs_config_keys], name);
	int r;

	if (!key)
		note_unknown(w, section, name);
	r = next(w);
	if (r < 0)
		return r;
	if (wanted && w->event.type == YAML_MAPPING_START_EVENT)
		return read_mapping(w, name, read_key);
	if (wanted && !is_null(w) && w->event.type != YAML_ALIAS_EVENT)
		note_here(w, "\"%s\": keys belong here, such as \"%s: %s\"", name, key->name,
			  key->example);
	return skip(w);
}

/* --- the whole --- */

static int read_root(struct walk *w)
{
	if (w->event.type == YAML_MAPPING_START_EVENT)
		return read_mapping(w, NULL, read_section);
	if (!is_null(w))
		note_here(w, "a mapping of sections belongs here, such as \"%s:\"",
			  rs_config_keys[0].section);
	return skip(w);
}

static int read_stream(struct walk *w)
{
	int r = next(w); /* the stream's start */

	if (!r)
		r = next(w);
	if (r < 0 || w->event.type == YAML_STREAM_END_EVENT)
		return r;
	r = next(w); /* after the document's start */
	if (!r)
		r = read_root(w);
	if (!r)
		r = next(w);
	if (!r)
		r = next(w);
	if (!r && w->event.type != YAML_STREAM_END_EVENT)
		note_here(w, "a second document; one is all there may be");
	return r;
}

/* The first byte that is not UTF-8. */
static bool check_utf8(struct walk *w)
{
	size_t line, column;
	uint32_t cp;

	for (size_t i = 0; i < w->size;) {
		unsigned n = rs_utf8_decode(w->text + i, w->size - i, &cp);

		if (!n) {
			locate(w, i, &line, &column);
			note(w, line, column, "byte 0x%02x is not UTF-8",
			     (unsigned char)w->text[i]);
			return false;
		}
		i += n;
	}
	return true;
}

static int walk_text(struct walk *w)
{
	int r;

	if (!check_utf8(w))
		return -EINVAL;
	if (!yaml_parser_initialize(&w->parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&w->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&w->parser, (const unsigned char *)w->text, w->size);
	r = read_stream(w);
	if (w->have_event)
		yaml_event_delete(&w->event);
	yaml_parser_delete(&w->parser);
	return r;
}

static int report(const struct rs_config_mistakes *mistakes, bool listed, struct rs_error *err)
{
	const struct rs_config_mistake *first = &mistakes->items[0];
	size_t count = mistakes->len + mistakes->more;
	int r;

	if (!count)
		return 0;
	if (listed && count > 1)
		return rs_error_set(err, -EINVAL, "%zu mistakes", count);
	r = rs_error_set(err, -EINVAL, "line %u, column %u: %s", first->line, first->column,
			 first->text);
	if (count > 1)
		rs_error_hint(err, "and %zu more mistake%s", count - 1, count > 2 ? "s" : "");
	return r;
}

int rs_config_parse(const void *text, size_t n, struct rs_agent_options *options,
		    struct rs_config_mistakes *ret_mistakes, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) struct rs_config_mistakes *own = NULL;
	struct walk w = { .text = text, .size = n, .options = options, .mistakes = ret_mistakes };
	int r;

	if (n > RS_CONFIG_FILE_MAX)
		return rs_error_set(err, -EFBIG, "larger than %zu KiB", RS_CONFIG_FILE_MAX >> 10);
	if (!ret_mistakes)
		w.mistakes = own = malloc(sizeof(*own));
	if (!w.mistakes)
		return rs_error_set_errno(err, -ENOMEM, "reading the configuration");
	w.mistakes->len = w.mistakes->more = 0;
	r = walk_text(&w);
	if (r < 0 && r != -EINVAL)
		return rs_error_set_errno(err, r, "reading the configuration");
	return report(w.mistakes, ret_mistakes, err);
}

/* --- the file --- */

static int open_file(const char *path, int *ret_fd, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct stat st;
	int r;

	/* Without O_NONBLOCK, opening a named pipe would wait for a writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = rs_error_set_errno(err, -errno, "opening \"%s\"", path);
		if (r == -EACCES && geteuid() != 0)
			rs_error_hint(err, "try sudo");
		return r;
	}
	if (S_ISDIR(st.st_mode))
		return rs_error_set_errno(err, -EISDIR, "opening \"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return rs_error_set(err, -EINVAL, "opening \"%s\": not a regular file", path);
	if (st.st_mode & S_IWOTH) {
		r = rs_error_set(err, -EACCES, "opening \"%s\": anybody may change it (mode %04o)",
				 path, (unsigned)st.st_mode & 07777);
		rs_error_hint(err, "chmod o-w, and look at what it says");
		return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int rs_config_load(const char *path, struct rs_agent_options *options,
		   struct rs_config_mistakes *ret_mistakes, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(RS_CONFIG_FILE_MAX + 1);
	_cleanup_(rs_cleanup_close) int fd = -1;
	int r;

	if (ret_mistakes)
		ret_mistakes->len = ret_mistakes->more = 0;
	r = open_file(path, &fd, err);
	if (r < 0)
		return r;
	r = rs_fd_read_all(fd, RS_CONFIG_FILE_MAX, &text);
	if (r == -EFBIG)
		return rs_error_set(err, r, "opening \"%s\": larger than %zu KiB", path,
				    RS_CONFIG_FILE_MAX >> 10);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading \"%s\"", path);
	r = rs_config_parse(text.data, text.len, options, ret_mistakes, err);
	if (r < 0)
		rs_error_wrap(err, "opening \"%s\"", path);
	return r;
}

int rs_config_find(const struct rs_agent_options *line, char **ret_path, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	char *path = NULL;

	if (line->config && !strcmp(line->config, RS_CONFIG_NONE)) {
		*ret_path = NULL;
		return 0;
	}
	if (line->config)
		rs_str_append_cstr(&text, line->config);
	else
		rs_agent_options_locate(line, RS_CONFIG_DEFAULT, &text);
	path = rs_str_take(&text);
	if (!path)
		return rs_error_set_errno(err, -ENOMEM, "looking for the configuration");
	/* Anything but "it is not there" is found out, and told, by whoever opens it. */
	if (!line->config && access(path, F_OK) < 0 && errno == ENOENT) {
		free(path);
		path = NULL;
	}
	*ret_path = path;
	return 0;
}
