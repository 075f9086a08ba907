/* SPDX-License-Identifier: Apache-2.0 */

/* Networks: ntop pton macaddr bswap socket_cookie. */

#include <string.h>

#include "lang/fn.h"

#define AF_INET  2
#define AF_INET6 10

/* ---- ntop ---- */

/* Bytes of an address: 4 or 16; 0: neither. */
static uint32_t address_size(const struct rs_node *node)
{
	if (rs_fn_kind(node) != RS_TYPE_ARRAY)
		return rs_fn_is_address(node) && rs_fn_kind(node) != RS_TYPE_POINTER ? 4 : 0;
	return rs_type_sizeof(node->type) == 4 || rs_type_sizeof(node->type) == 16
		       ? rs_type_sizeof(node->type)
		       : 0;
}

static struct rs_node *address_of(const struct rs_node *call)
{
	return rs_fn_arg(call, call->list.n - 1);
}

static void check_ntop(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *address = address_of(call);
	const struct rs_node *family = rs_fn_arg(call, 0);

	call->type = rs_fn_simple(s, RS_TYPE_INET);
	if (call->list.n > 1 && !rs_sema_arg_integer(s, call, 0))
		return;
	if (rs_fn_kind(address) != RS_TYPE_UNKNOWN && !address_size(address)) {
		rs_sema_error(s, address->span,
			      "ntop: expects an integer or an array of 4 or 16 bytes, not %s",
			      rs_sema_text(s, address->type));
		return;
	}
	if (call->list.n > 1 && family->constant && family->number != AF_INET &&
	    family->number != AF_INET6)
		rs_sema_error(s, family->span, "ntop: the family is AF_INET (2) or AF_INET6 (10)");
}

/* Family, then 16 bytes of which 4 may be used. */
static void ntop_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	struct rs_node *address = address_of(call);
	uint32_t size = address_size(address);
	struct rs_place_in_memory bytes = rs_place_at(to, 8, 16);
	struct rs_fn_bytes from;
	rs_reg family;

	if (call->list.n > 1)
		family = rs_ir_extend(l->f, rs_lower_word(l, rs_fn_arg(call, 0)), 4, false);
	else
		family = rs_ir_const(l->f, size == 16 ? AF_INET6 : AF_INET);
	if (rs_fn_kind(address) != RS_TYPE_ARRAY) {
		rs_reg word = rs_ir_extend(l->f, rs_lower_word(l, address), 4, false);

		rs_ir_store(l->f, to->reg, to->offset + 8, 8, word);
		rs_ir_store_imm(l->f, to->reg, to->offset + 16, 8, 0);
	} else {
		from = rs_fn_bytes(l, address);
		if (size == 4 && !to->zeroed) {
			rs_ir_store_imm(l->f, to->reg, to->offset + 8, 8, 0);
			rs_ir_store_imm(l->f, to->reg, to->offset + 16, 8, 0);
		}
		rs_fn_read(l, &from, &bytes, 0, size);
	}
	rs_ir_store(l->f, to->reg, to->offset, 8, family);
}

/* ---- pton: compiled ---- */

static bool parse_v4(const char *text, uint8_t bytes[4])
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned n = 0, digits = 0;

		for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
			n = n * 10 + (unsigned)(*text - '0');
		if (!digits || digits > 3 || n > 255)
			return false;
		bytes[i] = (uint8_t)n;
		if (*text++ != (i < 3 ? '.' : 0))
			return false;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One group of at most four digits; NULL: none. */
static const char *parse_group(const char *text, unsigned *ret)
{
	unsigned n = 0, digits = 0;

	for (; hex_digit(*text) >= 0 && digits < 5; text++, digits++)
		n = n << 4 | (unsigned)hex_digit(*text);
	if (!digits || digits > 4)
		return NULL;
	*ret = n;
	return text;
}

/* What is left of the double colon stays, what is right of it moves to the end. */
static bool spread(uint8_t bytes[16], unsigned n, int gap)
{
	unsigned right;

	if (gap < 0)
		return n == 16;
	if (n > 14)
		return false;
	right = n - (unsigned)gap;
	memmove(bytes + 16 - right, bytes + gap, right);
	memset(bytes + gap, 0, 16 - n);
	return true;
}

static bool parse_v6(const char *text, uint8_t bytes[16])
{
	unsigned n = 0, group;
	int gap = -1;

	if (!strncmp(text, "::", 2)) {
		gap = 0;
		text += 2;
	}
	while (*text) {
		const char *next = parse_group(text, &group);

		if (next && *next == '.') {
			if (n > 12 || !parse_v4(text, bytes + n))
				return false;
			n += 4;
			break;
		}
		if (!next || n > 14)
			return false;
		bytes[n++] = (uint8_t)(group >> 8);
		bytes[n++] = (uint8_t)group;
		text = next;
		if (!*text)
			break;
		if (*text++ != ':' || !*text)
			return false;
		if (*text == ':') {
			if (gap >= 0)
				return false;
			gap = (int)n;
			text++;
		}
	}
	return spread(bytes, n, gap);
}

struct address {
	uint8_t bytes[16];
	uint32_t size;
};

static void check_pton(struct rs_sema *s, struct rs_node *call)
{
	struct address *address = rs_arena_new(s->arena, struct address);
	const struct rs_type *type;
	const char *text;
	uint32_t len;
	bool v6;

	call->type = &rs_type_unknown;
	if (!address || !rs_sema_arg_text(s, call, 0, &text, &len))
		return;
	v6 = strchr(text, ':') != NULL;
	if (v6 ? !parse_v6(text, address->bytes) : !parse_v4(text, address->bytes)) {
		rs_sema_error(s, rs_fn_arg(call, 0)->span, "pton: \"%s\" is no address", text);
		return;
	}
	address->size = v6 ? 16 : 4;
	call->extra = address;
	type = rs_type_array(s->types, rs_type_int(1, false), address->size);
	type = type ? rs_type_in_space(s->types, type, RS_SPACE_BPF) : NULL;
	call->type = type ? type : &rs_type_unknown;
}

static void pton_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	const struct address *address = call->extra;

	for (uint32_t i = 0; i < rs_type_slot(call->type); i += 8) {
		int64_t word;

		memcpy(&word, address->bytes + i, sizeof(word));
		rs_ir_store_imm(l->f, to->reg, to->offset + (int)i, 8, word);
	}
}

/* ---- macaddr ---- */

static void check_macaddr(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *what = rs_fn_arg(call, 0);

	call->type = rs_fn_simple(s, RS_TYPE_MAC);
	if (rs_fn_is_address(what) || rs_fn_kind(what) == RS_TYPE_STRING)
		return;
	if (rs_fn_kind(what) == RS_TYPE_ARRAY && rs_type_sizeof(what->type) >= 6)
		return;
	rs_sema_error(s, what->span,
		      "macaddr: expects an array of 6 bytes or a pointer to them, not %s",
		      rs_sema_text(s, what->type));
}

static void macaddr_into(struct rs_lower *l, struct rs_node *call,
			 const struct rs_place_in_memory *to)
{
	struct rs_fn_bytes from = rs_fn_bytes(l, rs_fn_arg(call, 0));

	if (!to->zeroed)
		rs_ir_store_imm(l->f, to->reg, to->offset, 8, 0);
	rs_fn_read(l, &from, to, 0, 6);
}

/* ---- bswap ---- */

static void check_bswap(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *what = rs_fn_arg(call, 0);
	unsigned size = 8;

	if (rs_fn_kind(what) == RS_TYPE_INT)
		size = what->type->size;
	else if (rs_fn_kind(what) != RS_TYPE_UNKNOWN)
		rs_sema_error(s, what->span, "bswap: expects an integer, not %s",
			      rs_sema_text(s, what->type));
	call->type = rs_type_int(size, false);
}

static struct rs_value lower_bswap(struct rs_lower *l, struct rs_node *call)
{
	rs_reg word = rs_lower_word(l, rs_fn_arg(call, 0));

	if (call->type->size == 1)
		return rs_value_word(call->type, rs_ir_extend(l->f, word, 1, false));
	return rs_value_word(call->type, rs_ir_swap_bytes(l->f, word, call->type->size));
}

/* ---- socket_cookie ---- */

static void check_socket_cookie(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *sk = rs_fn_arg(call, 0);
	const struct rs_type *to = rs_fn_kind(sk) == RS_TYPE_POINTER ? sk->type->element : NULL;

	call->type = rs_type_uint64;
	if (s->probe->type != RS_PROGRAM_TRACING_RAW_TP)
		rs_sema_need_provider(s, call, RS_PROVIDER_MASK(FENTRY) | RS_PROVIDER_MASK(FEXIT));
	if (rs_fn_kind(sk) == RS_TYPE_UNKNOWN || (to && to->kind == RS_TYPE_STRUCT))
		return;
	rs_sema_error(s, sk->span, "socket_cookie: expects a struct sock *, not %s",
		      rs_sema_text(s, sk->type));
}

static struct rs_value lower_socket_cookie(struct rs_lower *l, struct rs_node *call)
{
	rs_reg sk = rs_lower_word(l, rs_fn_arg(call, 0));

	return rs_value_word(call->type, rs_ir_call_of(l->f, RS_HELPER_get_socket_cookie, sk));
}

/* ---- not here ---- */

static void check_skboutput(struct rs_sema *s, struct rs_node *call)
{
	call->type = rs_type_int64;
	rs_sema_error(s, call->span, "skboutput: packets can not be written to files yet");
}

/* ---- rows ---- */

const struct rs_func_row rs_func_network[] = {
	{ .name = "ntop",
	  .min_args = 1,
	  .max_args = 2,
	  .usage = "ntop([family, ]address)",
	  .check = check_ntop,
	  .into = ntop_into },
	{ .name = "pton",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "pton(\"address\")",
	  .check = check_pton,
	  .into = pton_into },
	{ .name = "macaddr",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "macaddr(bytes)",
	  .check = check_macaddr,
	  .into = macaddr_into },
	{ .name = "bswap",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "bswap(number)",
	  .check = check_bswap,
	  .lower = lower_bswap },
	{ .name = "socket_cookie",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "socket_cookie(sock)",
	  .check = check_socket_cookie,
	  .lower = lower_socket_cookie },
	{ .name = "skboutput",
	  .min_args = 4,
	  .max_args = 4,
	  .flags = RS_FUNC_UNSAFE,
	  .usage = "skboutput(\"path\", skb, length, offset)",
	  .check = check_skboutput },
	{ 0 },
};
