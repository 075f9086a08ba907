/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses and blocks of them. IPv4 is kept as IPv4 in IPv6, as sockets that take both have it. */
#include <string.h>

#include "rules/tree.h"

#define V4_BITS 96 /* in front of an IPv4 address */

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* Decimal digits without a leading zero, up to max. The end, or NULL. */
static const char *scan_decimal(const char *p, const char *end, unsigned max, unsigned *ret_value)
{
	const char *start = p;
	unsigned v = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (unsigned)(*p - '0');
		if (v > max || (p > start && *start == '0'))
			return NULL;
	}
	*ret_value = v;
	return p > start ? p : NULL;
}

static bool parse_v4(const char *p, const char *end, uint8_t addr[static 4])
{
	unsigned v;

	for (unsigned i = 0; i < 4; i++) {
		if (i && (p == end || *p++ != '.'))
			return false;
		p = scan_decimal(p, end, 255, &v);
		if (!p)
			return false;
		addr[i] = (uint8_t)v;
	}
	return p == end;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to four hexadecimal digits. The end, or NULL. */
static const char *scan_group(const char *p, const char *end, uint8_t group[static 2])
{
	const char *start = p;
	unsigned v = 0;

	for (; p < end && hex_value(*p) >= 0; p++)
		v = v << 4 | (unsigned)hex_value(*p);
	if (p == start || p - start > 4)
		return NULL;
	group[0] = (uint8_t)(v >> 8);
	group[1] = (uint8_t)v;
	return p;
}

/* Groups separated by colons, the last two maybe as IPv4, up to the end or a double colon. How many
 * bytes they make, or -1; *p is moved. */
static int parse_groups(const char **at, const char *end, uint8_t *out, int room)
{
	const char *p = *at;
	int n = 0;

	while (p < end && *p != ':') {
		if (room - n >= 4 && parse_v4(p, end, out + n)) {
			*at = end;
			return n + 4;
		}
		p = room - n >= 2 ? scan_group(p, end, out + n) : NULL;
		if (!p)
			return -1;
		n += 2;
		if (p == end || (p + 1 < end && *p == ':' && p[1] == ':'))
			break;
		if (*p++ != ':' || p == end)
			return -1;
	}
	*at = p;
	return n;
}

static bool parse_v6(const char *p, const char *end, uint8_t addr[static 16])
{
	uint8_t tail[16];
	int head, rest;

	memset(addr, 0, 16);
	head = parse_groups(&p, end, addr, 16);
	if (head < 0)
		return false;
	if (p == end)
		return head == 16;
	if (end - p < 2 || p[0] != ':' || p[1] != ':' || head > 14)
		return false;
	p += 2;
	rest = parse_groups(&p, end, tail, 14 - head);
	if (rest < 0 || p != end)
		return false;
	memcpy(addr + 16 - rest, tail, (size_t)rest);
	return true;
}

static bool parse_addr(const char *text, size_t len, uint8_t addr[static 16], bool *ret_v4)
{
	*ret_v4 = parse_v4(text, text + len, addr + sizeof(mapped));
	if (*ret_v4) {
		memcpy(addr, mapped, sizeof(mapped));
		return true;
	}
	return parse_v6(text, text + len, addr);
}

bool rs_expr_net_parse(const char *text, size_t len, struct rs_expr_net *ret_net)
{
	const char *slash = memchr(text, '/', len), *end = text + len;
	struct rs_expr_net net = { .bits = 128 };
	unsigned bits;
	bool v4;

	if (!parse_addr(text, slash ? (size_t)(slash - text) : len, net.addr, &v4))
		return false;
	if (slash) {
		if (scan_decimal(slash + 1, end, v4 ? 32 : 128, &bits) != end)
			return false;
		net.bits = (uint8_t)(bits + (v4 ? V4_BITS : 0));
	}
	net.text = (struct rs_text){ .data = text, .len = (uint32_t)len };
	*ret_net = net;
	return true;
}

/* A block that is wider than all of IPv4 is one of IPv6 only: ::/0 holds no IPv4. */
bool rs_expr_net_holds(const struct rs_expr_net *net, const uint8_t addr[static 16])
{
	size_t whole = net->bits / 8;
	unsigned rest = net->bits % 8;

	if (net->bits < V4_BITS && memcmp(addr, mapped, sizeof(mapped)) == 0)
		return false;
	return memcmp(net->addr, addr, whole) == 0 &&
	       (!rest || (net->addr[whole] ^ addr[whole]) >> (8 - rest) == 0);
}
