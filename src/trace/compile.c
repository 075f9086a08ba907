/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/compile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "kern/bpfcall.h"
#include "trace/options.h"

#define ARENA_MOST   ((size_t)256 << 20)
#define FIRST_PID_NS 0xeffffffcu

/* --- -d --- */

/* Is the stage one of "ast,ir" or of "all"? */
static bool is_wanted(const char *list, const char *stage)
{
	size_t n = strlen(stage);

	while (list && *list) {
		size_t len = strcspn(list, ",");

		if ((len == n && !memcmp(list, stage, n)) || (len == 3 && !memcmp(list, "all", 3)))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

static void dump_probes(const struct rs_program *program, bool image, struct rs_str *out)
{
	for (unsigned i = 0; i < program->n_probes; i++) {
		const struct rs_probe *probe = program->probes[i];

		rs_str_appendf(out, "%s:\n", probe->name);
		if (image)
			rs_ir_dump_image(&probe->image, out);
		else if (probe->module)
			rs_ir_dump(probe->module, out);
		rs_str_append_char(out, '\n');
	}
}

static void dump(void *ctx, const char *stage, const struct rs_program *program)
{
	const struct rs_trace_options *options = ctx;
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	if (!is_wanted(options->dump, stage))
		return;
	rs_str_appendf(&out, "# %s\n", stage);
	if (!strcmp(stage, "ast") || !strcmp(stage, "sema"))
		rs_script_dump(program->script, &out);
	else
		dump_probes(program, !strcmp(stage, "insn"), &out);
	rs_fd_write_all(STDOUT_FILENO, out.data, out.len);
}

/* --- mistakes --- */

void rs_trace_show_diags(const struct rs_trace_options *options, const struct rs_diags *diags,
			 unsigned first)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	for (unsigned i = first; i < diags->n; i++) {
		if (options->warnings || diags->items[i].severity == RS_SEVERITY_ERROR)
			rs_diag_show(diags, &diags->items[i], options->colour, &out);
	}
	rs_fd_write_all(STDERR_FILENO, out.data, out.len);
}

/* --- */

/* The machine's first one always has this number (PROC_PID_INIT_INO). */
static bool in_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino != FIRST_PID_NS;
}

static int compile_as(const struct rs_trace_options *options, struct rs_trace_source *source,
		      const struct rs_lang_config *config, struct rs_trace_script *script,
		      struct rs_error *err)
{
	const struct rs_lang_options lang = {
		.source = rs_trace_source_lang(source),
		.params = options->params,
		.n_params = options->n_params,
		.script_args = options->script_args,
		.n_script_args = options->n_script_args,
		.unsafe = options->unsafe,
		.warnings = options->warnings,
		.helper_errors = options->helper_errors > 0,
		.pid = options->pid,
		.pid_namespace = in_pid_namespace(),
		.has_child = options->command != NULL,
		.config = config,
		.dump = options->dump ? dump : NULL,
		.dump_ctx = (void *)options,
	};

	return rs_lang_compile(&script->arena, script->diags, &lang, &script->program, err);
}

/* --- keys of older kernels --- */

/* Before Linux 5.18 they had to fit on a program's stack. */
#define SHORT_KEY 512
#define SHORTER   4 /* times that it is tried */

static bool has_long_keys(void)
{
	const struct rs_bpf_map map = { .type = BPF_MAP_TYPE_HASH,
					.key_size = SHORT_KEY + 8,
					.value_size = 8,
					.entries = 1,
					.flags = BPF_F_NO_PREALLOC };
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_map_create(&map);

	return fd != -E2BIG;
}

static uint32_t longest_key(const struct rs_program *program)
{
	uint32_t longest = 0;

	for (unsigned i = 0; i < program->n_maps; i++)
		if (program->maps[i]->role == RS_MAP_SCRIPT)
			longest = MAX(longest, program->maps[i]->key_size);
	return longest;
}

static bool is_strlen_chosen(const struct rs_program *program)
{
	const char *name;

	for (unsigned i = 0; (name = rs_lang_config_name(i)); i++)
		if (!strcmp(name, "max_strlen"))
			return program->config.set >> i & 1;
	return false;
}

static void tell_shorter(const struct rs_trace_options *options, uint64_t n)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	if (!options->warnings)
		return;
	rs_str_appendf(
		&out,
		"WARNING: this kernel takes keys of %d bytes at most: strings are cut at %llu "
		"(max_strlen)\n",
		SHORT_KEY, (unsigned long long)n);
	rs_fd_write_all(STDERR_FILENO, out.data, out.len);
}

/* Strings that nobody gave a length get one with which they fit into keys. */
static int compile(const struct rs_trace_options *options, struct rs_trace_source *source,
		   const char *text, size_t len, struct rs_trace_script *script,
		   struct rs_error *err)
{
	struct rs_lang_config config;
	uint32_t key;
	int r = compile_as(options, source, options->config, script, err);

	if (r < 0 || longest_key(script->program) <= SHORT_KEY ||
	    is_strlen_chosen(script->program) || has_long_keys())
		return r;
	if (options->config)
		config = *options->config;
	else
		rs_lang_config_init(&config);
	for (unsigned i = 0; i < SHORTER && r >= 0; i++) {
		key = longest_key(script->program);
		if (key <= SHORT_KEY)
			break;
		config.max_strlen = MAX(config.max_strlen * SHORT_KEY / key & ~7ull, 16ull) - 8;
		rs_diags_init(script->diags, &script->arena, options->name, text, len);
		r = compile_as(options, source, &config, script, err);
	}
	tell_shorter(options, config.max_strlen);
	return r;
}

/* --include: as if the script began with them, which moves its lines down. */
static const char *with_includes(const struct rs_trace_options *options, struct rs_arena *arena,
				 size_t *len)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	if (!options->n_includes)
		return options->text;
	for (unsigned i = 0; i < options->n_includes; i++)
		rs_str_appendf(&text, "#include \"%s\"\n", options->includes[i]);
	rs_str_append(&text, options->text, *len);
	*len = text.len;
	return text.error ? NULL : rs_arena_strndup(arena, text.data, text.len);
}

int rs_trace_compile(const struct rs_trace_options *options, struct rs_trace_source *source,
		     struct rs_trace_script *ret_script, struct rs_error *err)
{
	struct rs_trace_script *script = ret_script;
	size_t len = strlen(options->text);
	const char *text;
	int r;

	*script = (struct rs_trace_script){ 0 };
	rs_arena_init(&script->arena, ARENA_MOST);
	if (len > RS_SCRIPT_MAX)
		return rs_error_set(err, -E2BIG, "\"%s\": the script is longer than %zu bytes",
				    options->name, RS_SCRIPT_MAX);
	script->diags = rs_arena_new(&script->arena, struct rs_diags);
	text = with_includes(options, &script->arena, &len);
	if (!script->diags || !text)
		return rs_error_set(err, -ENOMEM, "out of memory");
	rs_diags_init(script->diags, &script->arena, options->name, text, len);
	r = compile(options, source, text, len, script, err);
	rs_trace_show_diags(options, script->diags, 0);
	if (r < 0 && script->diags->n_errors && r != -ENOMEM) {
		r = rs_trace_source_denied(source);
		rs_error_reset(err);
		return r < 0 ? r : -EINVAL;
	}
	return r < 0 ? r : rs_trace_check_options(options, script->program, err);
}

void rs_trace_script_done(struct rs_trace_script *script)
{
	rs_arena_done(&script->arena);
	*script = (struct rs_trace_script){ 0 };
}
