/* SPDX-License-Identifier: Apache-2.0 */
/* Special arguments of the network: options, and protocols that depend on the family. */
#include "syscall/special.h"

enum {
	SOL_IP = 0,
	SOL_SOCKET = 1,
	SOL_TCP = 6,
	SOL_UDP = 17,
	SOL_IPV6 = 41,
	SOL_RAW = 255,
	SOL_PACKET = 263,
	SOL_NETLINK = 270,
	SOL_TLS = 282
};
enum {
	SO_TYPE = 3,
	SO_ERROR = 4,
	SO_LINGER = 13,
	SO_PEERCRED = 17,
	SO_RCVTIMEO = 20,
	SO_SNDTIMEO = 21,
	SO_BINDTODEVICE = 25,
	SO_ATTACH_FILTER = 26,
	SO_PROTOCOL = 38,
	SO_DOMAIN = 39,
	SO_RCVTIMEO_NEW = 66,
	SO_SNDTIMEO_NEW = 67,
	TCP_CONGESTION = 13,
	TCP_ULP = 31,
	IP_ADD_MEMBERSHIP = 35,
	IP_DROP_MEMBERSHIP = 36,
};

static const struct {
	uint16_t level;
	uint8_t names;
} levels[] = {
	{ SOL_IP, NAMES_so_ip },         { SOL_SOCKET, NAMES_so },
	{ SOL_TCP, NAMES_so_tcp },       { SOL_UDP, NAMES_so_udp },
	{ SOL_IPV6, NAMES_so_ipv6 },     { SOL_RAW, NAMES_so_raw },
	{ SOL_PACKET, NAMES_so_packet }, { SOL_NETLINK, NAMES_so_netlink },
	{ SOL_TLS, NAMES_so_tls },
};

void rs_special_optname(struct rs_fmt *f, unsigned arg)
{
	unsigned level = (unsigned)f->event->args[1], option = (unsigned)f->event->args[arg];

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (levels[i].level == level) {
			rs_fmt_names(f, levels[i].names, option);
			return;
		}
	rs_fmt_hex(f, option);
}

static bool put_error(struct rs_fmt *f, const rs_memory *m)
{
	int error = (int)rs_mem_get(m, 0, 4);
	const char *name = rs_errno_name(error);

	if (m->len < 4)
		return false;
	if (name)
		rs_str_appendf(f->out, "[%s]", name);
	else
		rs_str_appendf(f->out, "[%d]", error);
	return true;
}

static bool put_named(struct rs_fmt *f, const rs_memory *m, enum rs_names list)
{
	if (m->len < 4)
		return false;
	rs_fmt_text(f, "[");
	rs_fmt_names(f, list, rs_mem_get(m, 0, 4));
	rs_fmt_text(f, "]");
	return true;
}

static bool put_socket_option(struct rs_fmt *f, unsigned option, const rs_memory *m)
{
	switch (option) {
	case SO_TYPE:
		return put_named(f, m, NAMES_sock_type);
	case SO_DOMAIN:
		return put_named(f, m, NAMES_af);
	case SO_PROTOCOL:
		return put_named(f, m, NAMES_ipproto);
	case SO_ERROR:
		return put_error(f, m);
	case SO_LINGER:
		if (m->len < 8)
			return false;
		rs_str_appendf(f->out, "{l_onoff=%d, l_linger=%d}", (int)rs_mem_get(m, 0, 4),
			       (int)rs_mem_get(m, 4, 4));
		return true;
	case SO_PEERCRED:
		if (m->len < 12)
			return false;
		rs_str_appendf(f->out, "{pid=%d, uid=%u, gid=%u}", (int)rs_mem_get(m, 0, 4),
			       (unsigned)rs_mem_get(m, 4, 4), (unsigned)rs_mem_get(m, 8, 4));
		return true;
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
	case SO_RCVTIMEO_NEW:
	case SO_SNDTIMEO_NEW:
		return rs_fmt_type(f, TYPE_timeval, m);
	case SO_ATTACH_FILTER:
		if (m->len < 16)
			return false;
		rs_str_appendf(f->out, "{len=%u, filter=", (unsigned)rs_mem_get(m, 0, 2));
		rs_fmt_address(f, rs_mem_get(m, 8, 8));
		rs_fmt_text(f, "}");
		return true;
	case SO_BINDTODEVICE:
		rs_fmt_string(f, m, 1, true);
		return true;
	}
	return false;
}

static bool put_membership(struct rs_fmt *f, const rs_memory *m)
{
	unsigned char a[8];

	if (!m->data || m->len < 8)
		return false;
	memcpy(a, m->data, sizeof(a));
	rs_str_appendf(
		f->out,
		"{imr_multiaddr=inet_addr(\"%u.%u.%u.%u\"), imr_interface=inet_addr(\"%u.%u.%u.%u\")}",
		a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
	return true;
}

void rs_special_sockopt(struct rs_fmt *f, unsigned arg)
{
	bool get = f->event->call->args[arg].capture.when & RS_CAPTURE_EXIT;
	const rs_memory *m = get ? &f->event->out[arg] : &f->event->in[arg];
	unsigned level = (unsigned)f->event->args[1], option = (unsigned)f->event->args[2];
	bool done = false;

	if (!f->event->args[arg] || (get && !rs_fmt_ok(f)) || (!m->data && !get)) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	if (level == SOL_SOCKET)
		done = put_socket_option(f, option, m);
	else if (level == SOL_IP && (option == IP_ADD_MEMBERSHIP || option == IP_DROP_MEMBERSHIP))
		done = put_membership(f, m);
	if (done)
		return;
	if (m->len == 4)
		rs_str_appendf(f->out, "[%d]", (int)rs_mem_get(m, 0, 4));
	else if (level == SOL_TCP && (option == TCP_CONGESTION || option == TCP_ULP))
		rs_fmt_string(f, m, 1, false);
	else if (m->data)
		rs_fmt_bytes(f, m->data, m->len, m->len + m->cut);
	else
		rs_fmt_address(f, f->event->args[arg]);
}

void rs_special_protocol(struct rs_fmt *f, unsigned arg)
{
	unsigned v = (unsigned)f->event->args[arg];

	switch ((unsigned)f->event->args[0]) {
	case 2:
	case 10:
		rs_fmt_names(f, NAMES_ipproto, v);
		break;
	case 16:
		rs_fmt_names(f, NAMES_netlink, v);
		break;
	case 17:
		rs_fmt_text(f, "htons(");
		rs_fmt_names(f, NAMES_ethertype, __builtin_bswap16((uint16_t)v));
		rs_fmt_text(f, ")");
		break;
	default:
		rs_str_append_u64(f->out, v);
	}
}
