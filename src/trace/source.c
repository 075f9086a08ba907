/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "kern/cpus.h"
#include "trace/constants.h"
#include "trace/types.h"

#define INCLUDE_MOST ((size_t)1 << 20)

struct rs_trace_source {
	struct rs_lang_source lang;
	struct rs_lang_source types_lang; /* what types answer, with their own context */
	const struct rs_trace_options *options;
	struct rs_btf_set *btf;
	struct rs_trace_types *types;
	struct rs_probes *probes;
	struct rs_trace_features features;
	int denied; /* -EPERM, -EACCES: something was not shown to us */
};

/* --- types --- */

static const struct rs_type *find_type(void *ctx, struct rs_types *types, const char *name)
{
	const struct rs_trace_source *s = ctx;

	return s->types_lang.find_type(s->types_lang.ctx, types, name);
}

static const struct rs_type *complete_type(void *ctx, struct rs_types *types,
					   const struct rs_type *lazy)
{
	const struct rs_trace_source *s = ctx;

	return s->types_lang.complete_type(s->types_lang.ctx, types, lazy);
}

static bool find_constant(void *ctx, struct rs_types *types, const char *name, int64_t *ret_value,
			  const struct rs_type **ret_type)
{
	const struct rs_trace_source *s = ctx;

	if (s->types_lang.find_constant(s->types_lang.ctx, types, name, ret_value, ret_type))
		return true;
	*ret_type = rs_type_int64;
	return rs_trace_find_constant(name, ret_value);
}

static int find_function(void *ctx, struct rs_types *types, const char *module, const char *name,
			 struct rs_prototype *ret)
{
	const struct rs_trace_source *s = ctx;

	return s->types_lang.find_function(s->types_lang.ctx, types, module, name, ret);
}

static int find_rawtracepoint(void *ctx, struct rs_types *types, const char *module,
			      const char *name, struct rs_prototype *ret)
{
	const struct rs_trace_source *s = ctx;

	return s->types_lang.find_rawtracepoint(s->types_lang.ctx, types, module, name, ret);
}

static const struct rs_type *find_iter(void *ctx, struct rs_types *types, const char *kind)
{
	const struct rs_trace_source *s = ctx;

	return s->types_lang.find_iter(s->types_lang.ctx, types, kind);
}

static const char *nearest_type(void *ctx, struct rs_types *types, const char *name)
{
	const struct rs_trace_source *s = ctx;

	return s->types_lang.nearest_type(s->types_lang.ctx, types, name);
}

/* --- probes and symbols --- */

static const char *tracepoint_format(void *ctx, struct rs_arena *arena, const char *group,
				     const char *event, struct rs_error *err)
{
	const struct rs_trace_source *s = ctx;

	return rs_probes_tracepoint_format(s->probes, arena, group, event, err);
}

static int expand(void *ctx, const struct rs_attach_point *point, struct rs_arena *arena,
		  int (*fn)(const struct rs_place *place, void *data), void *data,
		  struct rs_error *err)
{
	struct rs_trace_source *s = ctx;
	int r = rs_probes_expand(s->probes, point, arena, fn, data, err);

	if (r == -EPERM || r == -EACCES)
		s->denied = r;
	return r;
}

static bool kernel_address(void *ctx, const char *symbol, uint64_t *ret_address)
{
	const struct rs_trace_source *s = ctx;

	return rs_probes_kernel_address(s->probes, symbol, ret_address);
}

static bool user_address(void *ctx, const char *binary, const char *symbol, uint64_t *ret_address)
{
	const struct rs_trace_source *s = ctx;

	return rs_probes_user_address(s->probes, binary, symbol, ret_address);
}

/* The number of the group's directory is its id. */
static bool cgroup_id(void *ctx, const char *path, uint64_t *ret_id)
{
	struct stat st;

	(void)ctx;
	if (stat(path, &st) < 0)
		return false;
	*ret_id = st.st_ino;
	return true;
}

/* --- features --- */

static bool has_feature(void *ctx, size_t offset)
{
	struct rs_trace_source *s = ctx;

	return rs_trace_has_feature(&s->features, offset);
}

static bool has_kfunc(void *ctx, const char *name)
{
	struct rs_trace_source *s = ctx;

	return rs_trace_kernel_function(s->btf, name) > 0;
}

/* --- includes --- */

static int read_below(const char *folder, size_t n, const char *name, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(4096);

	if (*name != '/') {
		rs_str_append(&path, folder, n);
		rs_str_append_char(&path, '/');
	}
	rs_str_append_cstr(&path, name);
	if (path.error)
		return -ENAMETOOLONG;
	return rs_fd_read_file_at(AT_FDCWD, rs_str_cstr(&path), INCLUDE_MOST, out);
}

/* From -I, then from beside the script. What is not there is one of the system's headers: what those declare is
 * known from BTF. */
static int read_include(void *ctx, const char *name, struct rs_str *out)
{
	const struct rs_trace_options *options = ((const struct rs_trace_source *)ctx)->options;
	const char *slash = strrchr(options->name, '/');
	int r = -ENOENT;

	for (unsigned i = 0; i < options->n_include_dirs && r == -ENOENT; i++)
		r = read_below(options->include_dirs[i], strlen(options->include_dirs[i]), name,
			       out);
	if (r == -ENOENT && slash)
		r = read_below(options->name, (size_t)(slash - options->name), name, out);
	if (r == -ENOENT && *name == '/')
		r = read_below("", 0, name, out);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}

/* --- */

static void fill(struct rs_trace_source *s)
{
	rs_trace_types_source(s->types, &s->types_lang);
	s->lang = (struct rs_lang_source){
		.ctx = s,
		.has_feature = has_feature,
		.n_cpus = rs_cpus_possible(),
		.find_type = find_type,
		.complete_type = complete_type,
		.find_constant = find_constant,
		.find_function = find_function,
		.find_rawtracepoint = find_rawtracepoint,
		.find_iter = find_iter,
		.nearest_type = nearest_type,
		.tracepoint_format = tracepoint_format,
		.expand = expand,
		.kernel_address = kernel_address,
		.user_address = user_address,
		.cgroup_id = cgroup_id,
		.has_kfunc = has_kfunc,
		.read_include = read_include,
	};
}

int rs_trace_source_new(const struct rs_trace_options *options, struct rs_trace_source **ret_source,
			struct rs_error *err)
{
	_cleanup_(rs_trace_source_free) struct rs_trace_source *s = calloc(1, sizeof(*s));
	struct rs_probes_options probes = { .pid = options->pid };
	int r;

	if (!s)
		return rs_error_set(err, -ENOMEM, "out of memory");
	s->options = options;
	r = rs_btf_set_new(NULL, NULL, &s->btf);
	if (!r)
		r = rs_trace_types_new(s->btf, &s->types);
	if (r < 0)
		return rs_error_set(err, r, "out of memory");
	s->features.btf = probes.btf = s->btf;
	r = rs_probes_new(&probes, &s->probes, err);
	if (r < 0)
		return r;
	fill(s);
	*ret_source = TAKE_PTR(s);
	return 0;
}

void rs_trace_source_free(struct rs_trace_source **source)
{
	struct rs_trace_source *s = TAKE_PTR(*source);

	if (!s)
		return;
	rs_probes_free(&s->probes);
	rs_trace_types_free(&s->types);
	rs_btf_set_free(&s->btf);
	free(s);
}

int rs_trace_source_denied(const struct rs_trace_source *source)
{
	return source->denied;
}

const struct rs_lang_source *rs_trace_source_lang(const struct rs_trace_source *source)
{
	return &source->lang;
}

struct rs_probes *rs_trace_source_probes(struct rs_trace_source *source)
{
	return source->probes;
}

struct rs_btf_set *rs_trace_source_btf(struct rs_trace_source *source)
{
	return source->btf;
}
