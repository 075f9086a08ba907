/* SPDX-License-Identifier: Apache-2.0 */
#include "base/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/units.h"

#define FIELDS 4 /* of a line that are looked at: name, password, number, and what is behind */

struct field {
	const char *at;
	size_t n;
};

/* False: a line that has not enough of them. The last one ends with the line, or at a colon. */
static bool split(const char *line, size_t n, struct field fields[static FIELDS])
{
	const char *end = line + n;

	for (unsigned i = 0; i < FIELDS; i++) {
		const char *colon = memchr(line, ':', (size_t)(end - line));

		if (!colon && i + 1 < FIELDS)
			return false;
		fields[i] = (struct field){ line, (size_t)((colon ? colon : end) - line) };
		line = colon ? colon + 1 : end;
	}
	return true;
}

static bool is_text(const struct field *field, const char *text, size_t n)
{
	return field->n == n && !memcmp(field->at, text, n);
}

static bool number_of(const struct field *field, uint32_t *ret)
{
	char text[16];
	uint64_t value;

	if (!field->n || field->n >= sizeof(text))
		return false;
	memcpy(text, field->at, field->n);
	text[field->n] = '\0';
	if (rs_units_parse_u64(text, UINT32_MAX - 1, &value, NULL) < 0)
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* Calls @take for each line that is whole, until it returns something else than 0. */
static int each_line(const char *root, const char *name,
		     int (*take)(const struct field *fields, void *data), void *data,
		     struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(0);
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(RS_ACCOUNT_FILE_MAX);
	struct field fields[FIELDS];
	const char *at, *end;
	int r;

	rs_str_appendf(&path, "%s%s", root ? root : "", name);
	r = rs_fd_read_file(rs_str_cstr(&path), RS_ACCOUNT_FILE_MAX, &text, err);
	at = rs_str_cstr(&text);
	for (end = at + text.len; !r && at < end;) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((eol ? eol : end) - at);

		if (split(at, n, fields))
			r = take(fields, data);
		at = eol ? eol + 1 : end;
	}
	return r;
}

struct search {
	const char *user;
	uint32_t number; /* where that is one */
	bool numeric;
	char text[256];    /* the name that was found ... */
	struct field name; /* ... whole */
	struct rs_account *account;
};

/* name:password:uid:gid:... A name counts more than a number: users may be called 12. */
static int take_user(const struct field *fields, void *data)
{
	struct search *s = data;
	uint32_t uid, gid;

	if (!number_of(&fields[2], &uid) || !number_of(&fields[3], &gid) || !fields[0].n ||
	    fields[0].n >= sizeof(s->text))
		return 0;
	if (!is_text(&fields[0], s->user, strlen(s->user)) && !(s->numeric && uid == s->number))
		return 0;
	memcpy(s->text, fields[0].at, fields[0].n);
	s->name = (struct field){ s->text, fields[0].n };
	s->account->uid = uid;
	s->account->gid = gid;
	return 1;
}

static int add_group(struct rs_account *account, gid_t gid)
{
	for (size_t i = 0; i < account->n_groups; i++)
		if (account->groups[i] == gid)
			return 0;
	if (account->n_groups == RS_ACCOUNT_GROUPS)
		return -E2BIG;
	account->groups[account->n_groups++] = gid;
	return 0;
}

/* name:password:gid:user,user */
static int take_group(const struct field *fields, void *data)
{
	const char *at = fields[3].at, *end = at + fields[3].n;
	struct search *s = data;
	uint32_t gid;

	if (!number_of(&fields[2], &gid))
		return 0;
	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct field one = { at, (size_t)((comma ? comma : end) - at) };

		if (is_text(&one, s->name.at, s->name.n))
			return add_group(s->account, gid);
		at = comma ? comma + 1 : end;
	}
	return 0;
}

int rs_account_find(const char *root, const char *user, struct rs_account **ret_account,
		    struct rs_error *err)
{
	_cleanup_(rs_account_free) struct rs_account *account = calloc(1, sizeof(*account));
	const struct field whole = { user, strlen(user) };
	struct search s = { .user = user, .name = whole, .account = account };
	int r;

	if (!account)
		return rs_error_set_errno(err, -ENOMEM, "looking for the user \"%s\"", user);
	s.numeric = number_of(&whole, &s.number);
	r = each_line(root, "/etc/passwd", take_user, &s, err);
	if (r < 0)
		return r;
	if (!r)
		return rs_error_set(err, -ENOENT, "no user \"%s\" is in /etc/passwd", user);
	r = add_group(account, account->gid);
	if (!r)
		r = each_line(root, "/etc/group", take_group, &s, err);
	if (r == -E2BIG)
		return rs_error_set(err, r, "the user \"%s\" is in more than %d groups", user,
				    RS_ACCOUNT_GROUPS);
	if (r == -ENOENT) /* no file of groups: then there are no more */
		r = 0;
	if (r)
		return r;
	*ret_account = TAKE_PTR(account);
	return 0;
}

void rs_account_free(struct rs_account **account)
{
	free(*account);
	*account = NULL;
}
