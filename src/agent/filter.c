/* SPDX-License-Identifier: Apache-2.0 */
/* From the options' words to the kernel's filter: numbers, user names, absolute paths. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "agent/where.h"
#include "base/vec.h"
#include "enrich/choice.h"

/* Whatever is wrong with what the user said is a wrong use, to callers that tell these apart from
 * failures. */
static int wrong_use(struct rs_error *err)
{
	if (err)
		err->code = -EINVAL;
	return -EINVAL;
}

/* Makes path absolute without looking at the file system: "." and "..", double and final slashes
 * go. The result is at least "/". */
static int normalize(const char *path, struct rs_str *out)
{
	char cwd[PATH_MAX];
	const char *parts[2] = { "", path };

	rs_str_reset(out);
	if (*path != '/') {
		if (!getcwd(cwd, sizeof(cwd)))
			return -errno;
		parts[0] = cwd;
	}
	for (size_t i = 0; i < 2; i++) {
		for (const char *p = parts[i]; *p;) {
			size_t n = strcspn(p, "/");

			if (n == 2 && !memcmp(p, "..", 2)) {
				while (out->len && out->data[--out->len] != '/')
					;
			} else if (n && !(n == 1 && *p == '.')) {
				rs_str_append_char(out, '/');
				rs_str_append(out, p, n);
			}
			p += n + (p[n] == '/');
		}
	}
	return out->len ? out->error : rs_str_append_char(out, '/');
}

/* The path as given, and, where that is another one, with its symbolic links followed: the kernel
 * tells where a file really is, a process's argument tells what it was called. */
static int add_path(struct rs_opt_list *list, const char *path, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str plain = RS_STR_INIT(2 * PATH_MAX);
	_cleanup_(rs_cleanup_free) char *real = NULL;
	int r;

	r = normalize(path, &plain);
	if (r < 0)
		return rs_error_set_errno(err, r, "making \"%s\" absolute", path);
	r = rs_opt_list_add(list, rs_str_cstr(&plain), plain.len);
	real = realpath(path, NULL);
	if (!r && real && !rs_str_equal(&plain, real))
		r = rs_opt_list_add(list, real, strlen(real));
	if (r < 0)
		return rs_error_set_errno(err, r, "keeping \"%s\"", path);
	return 0;
}

static int convert_paths(const struct rs_opt_list *from, struct rs_opt_list *to,
			 struct rs_error *err)
{
	int r = 0;

	for (size_t i = 0; i < from->len && !r; i++)
		r = add_path(to, from->items[i], err);
	return r;
}

#define LIST_OF(list) (const char *const *)(list)->items

int rs_agent_filter_init(const struct rs_agent_options *options, struct rs_agent_filter *ret_filter,
			 struct rs_error *err)
{
	_cleanup_(rs_agent_filter_done) struct rs_agent_filter new = { 0 };
	size_t n_pids = 0;
	int r;

	r = rs_choice_pids(&options->pids, &new.pids, &n_pids, err);
	if (!r)
		r = rs_choice_uids(&options->uids, options->root, &new.uids, err);
	if (!r)
		r = convert_paths(&options->paths, &new.paths, err);
	if (!r)
		r = convert_paths(&options->exes, &new.exes, err);
	if (!r)
		r = rs_where_make(options, &new.arena, &new.where, err);
	if (r < 0)
		return r;
	new.filter = (struct rs_filter){
		.kinds = rs_agent_options_kinds(options),
		.pids = new.pids,
		.n_pids = n_pids,
		.comms = LIST_OF(&options->comms),
		.n_comms = options->comms.len,
		.exes = LIST_OF(&new.exes),
		.n_exes = new.exes.len,
		.uids = new.uids,
		.n_uids = options->uids.len,
		.cgroups = LIST_OF(&options->cgroups),
		.n_cgroups = options->cgroups.len,
		.paths = LIST_OF(&new.paths),
		.n_paths = new.paths.len,
	};
	if (rs_filter_check(&new.filter, err) < 0)
		return wrong_use(err);
	*ret_filter = new;
	new = (struct rs_agent_filter){ 0 };
	return 0;
}

void rs_agent_filter_done(struct rs_agent_filter *filter)
{
	free(filter->pids);
	free(filter->uids);
	rs_opt_list_done(&filter->paths);
	rs_opt_list_done(&filter->exes);
	rs_arena_done(&filter->arena);
	*filter = (struct rs_agent_filter){ 0 };
}
