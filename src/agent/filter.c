/* SPDX-License-Identifier: Apache-2.0 */
/* From the options' words to the kernel's filter: numbers, user names, absolute paths. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "agent/where.h"
#include "base/units.h"
#include "base/vec.h"
#include "enrich/users.h"

/* Whatever is wrong with what the user said is a wrong use, to callers that tell these apart from
 * failures. */
static int wrong_use(struct rs_error *err)
{
	if (err)
		err->code = -EINVAL;
	return -EINVAL;
}

static int parse_number(const char *option, const char *text, uint64_t max, uint32_t *ret_value,
			struct rs_error *err)
{
	uint64_t value;
	int r;

	r = rs_units_parse_u64(text, max, &value, err);
	if (r < 0) {
		rs_error_wrap(err, "--%s %s", option, text);
		return wrong_use(err);
	}
	*ret_value = (uint32_t)value;
	return 0;
}

static int convert_pids(const struct rs_opt_list *list, uint32_t **ret_pids, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) uint32_t *pids = NULL;
	int r;

	pids = calloc(list->len + 1, sizeof(*pids));
	if (!pids)
		return rs_error_set_errno(err, -ENOMEM, "reading the list of pids");
	for (size_t i = 0; i < list->len; i++) {
		r = parse_number("pid", list->items[i], INT_MAX, &pids[i], err);
		if (r < 0)
			return r;
		if (!pids[i])
			return rs_error_set(err, -EINVAL, "--pid 0: no process has this number");
	}
	*ret_pids = TAKE_PTR(pids);
	return 0;
}

static int convert_user(struct rs_users *users, const char *text, uint32_t *ret_uid,
			struct rs_error *err)
{
	int r;

	if (*text >= '0' && *text <= '9')
		return parse_number("uid", text, UINT32_MAX - 1, ret_uid, err);
	r = rs_users_find_uid(users, text, ret_uid);
	if (r < 0)
		return rs_error_set(err, -EINVAL, "--uid %s: no user has this name", text);
	return 0;
}

static int convert_uids(const struct rs_agent_options *options, uint32_t **ret_uids,
			struct rs_error *err)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;
	_cleanup_(rs_cleanup_free) uint32_t *uids = NULL;
	const struct rs_opt_list *list = &options->uids;
	int r;

	uids = calloc(list->len + 1, sizeof(*uids));
	if (!uids)
		return rs_error_set_errno(err, -ENOMEM, "reading the list of users");
	if (list->len) {
		r = rs_users_new(options->root, &users, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < list->len; i++) {
		r = convert_user(users, list->items[i], &uids[i], err);
		if (r < 0)
			return r;
	}
	*ret_uids = TAKE_PTR(uids);
	return 0;
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
	int r;

	r = convert_pids(&options->pids, &new.pids, err);
	if (!r)
		r = convert_uids(options, &new.uids, err);
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
		.n_pids = options->pids.len,
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
