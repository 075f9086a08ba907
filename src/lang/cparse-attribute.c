/* SPDX-License-Identifier: Apache-2.0 */

/* What stands around types in C: attributes, of which packed, aligned and mode count, and qualifiers. */

#include <string.h>

#include "lang/cparse-private.h"

static void read_align(struct rs_cparse *p, struct rs_cattributes *ret)
{
	struct rs_ctoken at = p->token;
	int64_t align = 16;

	if (rs_cparse_take(p, "(")) {
		if (rs_cparse_at_type(p)) {
			const struct rs_type *t = rs_cparse_type_name(p);

			align = t ? rs_type_complete(p->types, t)->align : 1;
		} else {
			align = rs_cparse_constant(p);
		}
		rs_cparse_expect(p, ")");
	}
	if (align < 1 || align > 4096 || (align & (align - 1)))
		rs_cparse_fail_at(p, &at, "an alignment is a power of two, up to 4096");
	else
		ret->align = MAX(ret->align, (uint32_t)align);
}

/* mode(__word__) */
static void read_mode(struct rs_cparse *p, struct rs_cattributes *ret)
{
	static const char *const eight[] = { "word", "__word__", "DI", "__DI__", "pointer", NULL };
	static const char *const four[] = { "SI", "__SI__", NULL };
	static const char *const two[] = { "HI", "__HI__", NULL };
	static const char *const one[] = { "QI", "__QI__", "byte", "__byte__", NULL };

	if (!rs_cparse_take(p, "("))
		return;
	ret->mode = rs_ctoken_is_any(&p->token, eight)  ? 8
		    : rs_ctoken_is_any(&p->token, four) ? 4
		    : rs_ctoken_is_any(&p->token, two)  ? 2
		    : rs_ctoken_is_any(&p->token, one)  ? 1
							: 0;
	while (p->token.kind != RS_CTOKEN_END && !rs_cparse_take(p, ")"))
		rs_cparse_next(p);
}

static void read_vector(struct rs_cparse *p, struct rs_cattributes *ret)
{
	int64_t size;

	if (!rs_cparse_expect(p, "("))
		return;
	size = rs_cparse_constant(p);
	ret->vector = size > 0 && size <= 4096 && !(size & (size - 1)) ? (uint32_t)size : 0;
	rs_cparse_expect(p, ")");
}

static void read_attribute(struct rs_cparse *p, struct rs_cattributes *ret)
{
	if (rs_cparse_take(p, "packed") || rs_cparse_take(p, "__packed__")) {
		ret->packed = true;
	} else if (rs_cparse_take(p, "aligned") || rs_cparse_take(p, "__aligned__")) {
		read_align(p, ret);
	} else if (rs_cparse_take(p, "mode") || rs_cparse_take(p, "__mode__")) {
		read_mode(p, ret);
	} else if (rs_cparse_take(p, "vector_size") || rs_cparse_take(p, "__vector_size__")) {
		read_vector(p, ret);
	} else {
		rs_cparse_next(p);
		if (rs_ctoken_is(&p->token, "("))
			rs_cparse_skip_group(p);
	}
}

/* __attribute__((a, b(c))) */
static void read_attribute_list(struct rs_cparse *p, struct rs_cattributes *ret)
{
	for (unsigned i = 0; i < 2; i++)
		if (!rs_cparse_expect(p, "("))
			return;
	while (!p->failed && !rs_ctoken_is(&p->token, ")") && p->token.kind != RS_CTOKEN_END)
		if (!rs_cparse_take(p, ","))
			read_attribute(p, ret);
	rs_cparse_expect(p, ")");
	rs_cparse_expect(p, ")");
}

/* What says nothing of the layout, alone and with something in parentheses behind it. */
const char *const rs_cparse_idle_words[] = { "const",         "__const",
					     "__const__",     "volatile",
					     "__volatile",    "__volatile__",
					     "restrict",      "__restrict",
					     "__restrict__",  "register",
					     "auto",          "static",
					     "extern",        "inline",
					     "__inline",      "__inline__",
					     "_Noreturn",     "_Thread_local",
					     "__thread",      "__extension__",
					     "__kernel",      "__rcu",
					     "__percpu",      "__iomem",
					     "__force",       "__nocast",
					     "__bitwise",     "__bitwise__",
					     "__private",     "__seg_gs",
					     "__seg_fs",      "__randomize_layout",
					     "__must_check",  "__designated_init",
					     "__read_mostly", "__always_inline",
					     "_Complex",      NULL };
static const char *const idle_calls[] = { "__counted_by",
					  "__counted_by_le",
					  "__counted_by_be",
					  "__acquires",
					  "__releases",
					  "__section",
					  "__guarded_by",
					  "__asm__",
					  "asm",
					  "__attribute_const__",
					  NULL };

bool rs_cparse_attribute(struct rs_cparse *p, struct rs_cattributes *ret)
{
	if (rs_cparse_take(p, "__attribute__") || rs_cparse_take(p, "__attribute")) {
		read_attribute_list(p, ret);
	} else if (rs_cparse_take(p, "__packed")) {
		ret->packed = true;
	} else if (rs_cparse_take(p, "__aligned") || rs_cparse_take(p, "_Alignas")) {
		read_align(p, ret);
	} else if (rs_cparse_take(p, "____cacheline_aligned") ||
		   rs_cparse_take(p, "____cacheline_aligned_in_smp")) {
		ret->align = MAX(ret->align, 64u);
	} else if (rs_ctoken_is_any(&p->token, idle_calls)) {
		rs_cparse_next(p);
		if (rs_ctoken_is(&p->token, "("))
			rs_cparse_skip_group(p);
	} else {
		return false;
	}
	return true;
}

bool rs_cparse_qualifier(struct rs_cparse *p, struct rs_cattributes *ret, bool *ret_user)
{
	if (rs_cparse_take(p, "__user")) {
		*ret_user = true;
		return true;
	}
	if (rs_ctoken_is_any(&p->token, rs_cparse_idle_words)) {
		rs_cparse_next(p);
		return true;
	}
	return rs_cparse_attribute(p, ret);
}
