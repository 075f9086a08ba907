/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/choice.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/vec.h"
#include "enrich/users.h"

/* Whatever is wrong with what the user said is a wrong use, to callers that tell these apart from failures. */
static int parse_number(const char *option, const char *text, uint64_t max, uint32_t *ret_value,
			struct rs_error *err)
{
	uint64_t value;

	if (rs_units_parse_u64(text, max, &value, err) < 0) {
		rs_error_wrap(err, "--%s %s", option, text);
		if (err)
			err->code = -EINVAL;
		return -EINVAL;
	}
	*ret_value = (uint32_t)value;
	return 0;
}

struct pids {
	RS_VEC(uint32_t) list;
};

static void pids_done(struct pids *pids)
{
	rs_vec_done(&pids->list);
}

/* There is always room for one more. */
static int add_pid(struct pids *pids, const char *text, struct rs_error *err)
{
	uint32_t pid = 0;
	int r = parse_number("pid", text, INT_MAX, &pid, err);

	if (r < 0)
		return r;
	if (!pid)
		return rs_error_set(err, -EINVAL, "--pid 0: no process has this number");
	if (rs_vec_push(&pids->list, pid) || rs_vec_reserve(&pids->list, 1))
		return rs_error_set_errno(err, -ENOMEM, "reading the list of pids");
	return 0;
}

/* Numbers may stand in one word, as pgrep(1) and pidof(8) write them. */
static int add_pids(struct pids *pids, const char *item, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) char *copy = strdup(item);
	char *rest = copy, *word;
	int r = 0;

	if (!copy)
		return rs_error_set_errno(err, -ENOMEM, "reading the list of pids");
	if (!copy[strspn(copy, " \t\n")])
		return add_pid(pids, copy, err);
	while (!r && (word = strsep(&rest, " \t\n")))
		r = *word ? add_pid(pids, word, err) : 0;
	return r;
}

int rs_choice_pids(const struct rs_opt_list *list, uint32_t **ret_pids, size_t *ret_n,
		   struct rs_error *err)
{
	_cleanup_(pids_done) struct pids pids = { .list = { .items = NULL } };
	int r = 0;

	if (rs_vec_reserve(&pids.list, 1))
		return rs_error_set_errno(err, -ENOMEM, "reading the list of pids");
	for (size_t i = 0; i < list->len && !r; i++)
		r = add_pids(&pids, list->items[i], err);
	if (r)
		return r;
	*ret_n = pids.list.len;
	*ret_pids = TAKE_PTR(pids.list.items);
	return 0;
}

static int parse_user(const struct rs_users *users, const char *text, uint32_t *ret_uid,
		      struct rs_error *err)
{
	if (*text >= '0' && *text <= '9')
		return parse_number("uid", text, UINT32_MAX - 1, ret_uid, err);
	if (rs_users_find_uid(users, text, ret_uid) < 0)
		return rs_error_set(err, -EINVAL, "--uid %s: no user has this name", text);
	return 0;
}

int rs_choice_uids(const struct rs_opt_list *list, const char *root, uint32_t **ret_uids,
		   struct rs_error *err)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;
	_cleanup_(rs_cleanup_free) uint32_t *uids = calloc(list->len + 1, sizeof(*uids));
	int r = 0;

	if (!uids)
		return rs_error_set_errno(err, -ENOMEM, "reading the list of users");
	if (list->len)
		r = rs_users_new(root, &users, err);
	for (size_t i = 0; i < list->len && r >= 0; i++)
		r = parse_user(users, list->items[i], &uids[i], err);
	if (r < 0)
		return r;
	*ret_uids = TAKE_PTR(uids);
	return 0;
}
