/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/suggest.h"
#include "lang/program.h"

#define HELP "--help"

static bool is_named(const struct rs_script_option *option, const char *name, size_t len)
{
	return strlen(option->name) == len && !memcmp(option->name, name, len);
}

static bool has_option(const struct rs_program *program, const char *name, size_t len)
{
	for (unsigned i = 0; i < program->n_options; i++)
		if (is_named(&program->options[i], name, len))
			return true;
	return false;
}

static int unknown(const struct rs_program *program, const char *name, struct rs_error *err)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (unsigned i = 0; i < program->n_options; i++)
		rs_suggest_offer(&suggest, program->options[i].name);
	rs_error_set(err, -EINVAL, "the script has no option \"--%s\"", name);
	if (rs_suggest_best(&suggest))
		rs_error_hint(err, "did you mean \"--%s\"?", rs_suggest_best(&suggest));
	else if (program->n_options)
		rs_error_hint(err, "-- " HELP " lists those it has");
	else
		rs_error_hint(err, "it has none: options are what getopt() asks for");
	return -EINVAL;
}

int rs_trace_check_options(const struct rs_trace_options *options, const struct rs_program *program,
			   struct rs_error *err)
{
	for (unsigned i = 0; i < options->n_script_args; i++) {
		const char *name = options->script_args[i] + 2;
		size_t len = strcspn(name, "=");
		char copy[128];

		if (has_option(program, name, len) || !strcmp(options->script_args[i], HELP))
			continue;
		snprintf(copy, sizeof(copy), "%.*s", (int)MIN(len, sizeof(copy) - 1), name);
		return unknown(program, copy, err);
	}
	return 0;
}

bool rs_trace_wants_help(const struct rs_trace_options *options, const struct rs_program *program)
{
	if (has_option(program, "help", strlen("help")))
		return false;
	for (unsigned i = 0; i < options->n_script_args; i++)
		if (!strcmp(options->script_args[i], HELP))
			return true;
	return false;
}

/* --- the list --- */

static const char *kind_of(const struct rs_script_option *option)
{
	if (!option->usual || option->usual->kind == RS_NODE_BOOL)
		return "";
	return option->usual->kind == RS_NODE_STRING ? "=TEXT" : "=NUMBER";
}

static void tell_usual(const struct rs_script_option *option, struct rs_str *out)
{
	const struct rs_node *usual = option->usual;

	if (!usual)
		return;
	if (usual->kind == RS_NODE_STRING)
		rs_str_appendf(out, " (%s)", usual->text);
	else if (usual->kind == RS_NODE_BOOL)
		rs_str_appendf(out, " (%s)", usual->number ? "true" : "false");
	else if (usual->kind == RS_NODE_INT)
		rs_str_appendf(out, " (%lld)", (long long)usual->number);
}

int rs_trace_tell_options(const struct rs_trace_options *options, const struct rs_program *program)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	rs_str_appendf(&out, "Options of %s%s\n", options->name,
		       program->n_options ? ", behind --:" : ": none");
	for (unsigned i = 0; i < program->n_options; i++) {
		const struct rs_script_option *option = &program->options[i];
		char name[80];

		snprintf(name, sizeof(name), "--%s%s", option->name, kind_of(option));
		rs_str_appendf(&out, option->help || option->usual ? "  %-20s" : "  %s", name);
		if (option->help)
			rs_str_appendf(&out, " %s", option->help);
		tell_usual(option, &out);
		rs_str_append_char(&out, '\n');
	}
	return out.error ? out.error : rs_fd_write_all(STDOUT_FILENO, out.data, out.len);
}
