/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand on the left: fields by their whole names, short names, labels; and which operators
 * go with what sort of value. The table of short names is told in docs/conditions.md.
 */
#include <errno.h>

#include "base/suggest.h"
#include "rules/tree.h"

static const struct {
	const char *name;
	const char *field[RS_EXPR_FIELDS_MAX];
} shorts[] = {
	{ "kind", { "ringside.kind" } },
	{ "pid", { "process.pid" } },
	{ "tid", { "process.thread.id" } },
	{ "ppid", { "process.parent.pid" } },
	{ "comm", { "process.name" } },
	{ "exe", { "process.executable" } },
	{ "cmdline", { "process.command_line" } },
	{ "args", { "process.args" } },
	{ "cwd", { "process.working_directory" } },
	{ "parent", { "process.parent.name" } },
	{ "uid", { "user.id" } },
	{ "gid", { "user.group.id" } },
	{ "path", { "file.path", "file.Ext.original.path", "file.target_path" } },
	{ "ip", { "source.ip", "destination.ip" } },
	{ "port", { "source.port", "destination.port" } },
	{ "cgroup", { "ringside.cgroup.path" } },
	{ "unit", { "systemd.unit" } },
	{ "ancestor", { "ringside.ancestors.name" } },
	{ "container", { "container.name", "container.id" } },
	{ "image", { "container.image.name" } },
	{ "pod", { "kubernetes.pod.name" } },
	{ "namespace", { "kubernetes.namespace" } },
	{ "duration", { "event.duration" } },
	{ "outcome", { "event.outcome" } },
	{ "result", { "ringside.result" } },
	{ "errno", { "ringside.errno" } },
	{ "syscall", { "ringside.syscall" } },
	{ "time", { "@timestamp" } },
};

/* Names and numbers alike: the literal says which. */
static const struct {
	const char *name, *names, *ids;
} users[] = {
	{ "user", "user.name", "user.id" },
	{ "group", "user.group.name", "user.group.id" },
};

/* Numbers that are keywords in events. */
static const char *const ids[] = {
	"user.id",
	"user.group.id",
	"user.effective.id",
	"user.effective.group.id",
	"process.real_user.id",
	"process.saved_user.id",
	"process.real_group.id",
	"process.saved_group.id",
	"file.uid",
	"file.gid",
	"file.inode",
	"ringside.loginuid",
	"ringside.target.user.id",
	"ringside.executable.uid",
	"ringside.executable.gid",
	"ringside.executable.inode",
};

static bool is(const char *name, const char *word, size_t len)
{
	return strlen(name) == len && memcmp(name, word, len) == 0;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && !strcmp(name + n - m, end);
}

static enum rs_expr_class class_of(const struct rs_event_column *column)
{
	switch (column->type) {
	case RS_TYPE_LONG:
	case RS_TYPE_LONGS:
		return RS_CLASS_NUMBER;
	case RS_TYPE_BOOLEAN:
		return RS_CLASS_BOOL;
	case RS_TYPE_DATE:
		return RS_CLASS_DATE;
	case RS_TYPE_IP:
		return RS_CLASS_IP;
	default:
		break;
	}
	if (!strcmp(column->name, "ringside.kind"))
		return RS_CLASS_KIND;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		if (!strcmp(ids[i], column->name))
			return RS_CLASS_ID;
	}
	return RS_CLASS_TEXT;
}

static enum rs_expr_unit unit_of(const char *name)
{
	if (ends_with(name, "_ns") || ends_with(name, ".duration"))
		return RS_UNIT_TIME;
	if (ends_with(name, "bytes") || ends_with(name, ".size") || ends_with(name, ".length"))
		return RS_UNIT_SIZE;
	return RS_UNIT_NONE;
}

/* A label's name holds its key: the word lives as long as the name. */
static bool use_column(const char *word, size_t len, struct rs_expr_name *ret_name)
{
	const struct rs_event_column *column = rs_event_column_find(word, len);

	if (!column)
		return false;
	*ret_name = (struct rs_expr_name){
		.text = column->labels ? word : column->name,
		.class = class_of(column),
		.unit = unit_of(column->name),
		.column = { column },
		.n = 1,
	};
	return true;
}

/* Several fields are printed by the short name, one by its own. */
static bool use_short(const char *word, size_t len, struct rs_expr_name *ret_name)
{
	struct rs_expr_name name = { 0 }, one;
	size_t i = 0;

	while (i < ARRAY_SIZE(shorts) && !is(shorts[i].name, word, len))
		i++;
	if (i == ARRAY_SIZE(shorts))
		return false;
	for (size_t f = 0; f < RS_EXPR_FIELDS_MAX && shorts[i].field[f]; f++) {
		if (!use_column(shorts[i].field[f], strlen(shorts[i].field[f]), &one))
			continue;
		one.column[name.n] = one.column[0];
		memcpy(one.column, name.column, name.n * sizeof(name.column[0]));
		one.n = name.n + 1;
		one.text = one.n > 1 ? shorts[i].name : one.text;
		name = one;
	}
	*ret_name = name;
	return name.n > 0;
}

enum rs_expr_find rs_expr_name_find(const char *word, size_t len, struct rs_expr_name *ret_name,
				    struct rs_expr_name *ret_ids)
{
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		if (is(users[i].name, word, len) &&
		    use_column(users[i].names, strlen(users[i].names), ret_name) &&
		    use_column(users[i].ids, strlen(users[i].ids), ret_ids))
			return RS_FIND_USER;
	}
	if (use_short(word, len, ret_name) || use_column(word, len, ret_name))
		return RS_FIND_NAME;
	return RS_FIND_UNKNOWN;
}

static const char *nearest(const char *word)
{
	const struct rs_event_column *columns = NULL;
	size_t n = rs_event_columns(&columns);
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, word);
	for (size_t i = 0; i < ARRAY_SIZE(shorts); i++)
		rs_suggest_offer(&suggest, shorts[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		rs_suggest_offer(&suggest, users[i].name);
	for (size_t i = 0; i < n; i++)
		rs_suggest_offer(&suggest, columns[i].name);
	return rs_suggest_best(&suggest);
}

int rs_expr_name_unknown(const char *word, struct rs_error *err)
{
	const char *near = nearest(word);

	rs_error_set(err, -EINVAL, "unknown field \"%.128s\"", word);
	if (near)
		rs_error_hint(err, "did you mean \"%s\"?", near);
	else
		rs_error_hint(err, "docs/events.md lists the fields, docs/conditions.md the short "
				   "names");
	return -EINVAL;
}

int rs_expr_field(const char *name, const struct rs_event_column **ret_column, struct rs_error *err)
{
	struct rs_expr_name found, numbers;

	if (rs_expr_name_find(name, strlen(name), &found, &numbers) == RS_FIND_UNKNOWN)
		return rs_expr_name_unknown(name, err);
	*ret_column = found.column[0];
	return 0;
}

/* --- operators --- */

const char *rs_expr_op_to_str(enum rs_expr_op op)
{
	static const char *const names[] = {
		[RS_EXPR_AND] = "and",
		[RS_EXPR_OR] = "or",
		[RS_EXPR_NOT] = "not",
		[RS_EXPR_EQ] = "==",
		[RS_EXPR_NE] = "!=",
		[RS_EXPR_LT] = "<",
		[RS_EXPR_LE] = "<=",
		[RS_EXPR_GT] = ">",
		[RS_EXPR_GE] = ">=",
		[RS_EXPR_IN] = "in",
		[RS_EXPR_GLOB] = "glob",
		[RS_EXPR_STARTSWITH] = "startswith",
		[RS_EXPR_ENDSWITH] = "endswith",
		[RS_EXPR_CONTAINS] = "contains",
		[RS_EXPR_EXISTS] = "exists",
	};
	static_assert(ARRAY_SIZE(names) == RS_EXPR_OP_COUNT, "a sign for every operator");

	return names[op];
}

bool rs_expr_op_fits(enum rs_expr_op op, enum rs_expr_class class)
{
#define OP(id) (1u << RS_EXPR_##id)
	static const unsigned equal = OP(EQ) | OP(NE) | OP(EXISTS);
	static const unsigned order = OP(LT) | OP(LE) | OP(GT) | OP(GE);
	static const unsigned parts = OP(GLOB) | OP(STARTSWITH) | OP(ENDSWITH) | OP(CONTAINS);
	const unsigned fitting[] = {
		[RS_CLASS_TEXT] = equal | OP(IN) | parts,
		[RS_CLASS_NUMBER] = equal | OP(IN) | order,
		[RS_CLASS_ID] = equal | OP(IN) | order,
		[RS_CLASS_BOOL] = equal,
		[RS_CLASS_DATE] = equal | OP(IN) | order,
		[RS_CLASS_IP] = equal | OP(IN),
		[RS_CLASS_KIND] = equal | OP(IN),
	};
#undef OP
	static_assert(ARRAY_SIZE(fitting) == RS_CLASS_COUNT, "operators for every class");

	return fitting[class] >> op & 1;
}

void rs_expr_ops_of(enum rs_expr_class class, struct rs_str *out)
{
	const char *separator = "";

	for (enum rs_expr_op op = RS_EXPR_EQ; op < RS_EXPR_OP_COUNT; op++) {
		if (!rs_expr_op_fits(op, class))
			continue;
		rs_str_appendf(out, "%s%s", separator, rs_expr_op_to_str(op));
		separator = " ";
	}
}
