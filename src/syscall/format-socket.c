/* SPDX-License-Identifier: Apache-2.0 */
/* Socket addresses. */
#include "syscall/format.h"

static unsigned swap16(uint64_t v)
{
	return __builtin_bswap16((uint16_t)v);
}

/* RFC 5952: lower case, the longest run of zeroes left out, IPv4 inside of it as such. */
static void put_ipv6(struct rs_str *out, const unsigned char a[static 16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	int best = -1, best_len = 1;

	if (!memcmp(a, mapped, sizeof(mapped))) {
		rs_str_appendf(out, "::ffff:%u.%u.%u.%u", a[12], a[13], a[14], a[15]);
		return;
	}
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !a[(i + n) * 2] && !a[(i + n) * 2 + 1])
			n++;
		if (n > best_len) {
			best = i;
			best_len = n;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			rs_str_append_cstr(out, "::");
			i += best_len - 1;
			continue;
		}
		if (i && i != best + best_len)
			rs_str_append_char(out, ':');
		rs_str_appendf(out, "%x", a[i * 2] << 8 | a[i * 2 + 1]);
	}
}

static void put_in(struct rs_fmt *f, const rs_memory *m)
{
	unsigned char a[4];

	memcpy(a, (const char *)m->data + 4, 4);
	rs_str_appendf(f->out, "sin_port=htons(%u), sin_addr=inet_addr(\"%u.%u.%u.%u\")",
		       swap16(rs_mem_get(m, 2, 2)), a[0], a[1], a[2], a[3]);
}

static void put_in6(struct rs_fmt *f, const rs_memory *m)
{
	uint32_t flow = __builtin_bswap32((uint32_t)rs_mem_get(m, 4, 4));
	unsigned char a[16];

	memcpy(a, (const char *)m->data + 8, 16);
	rs_str_appendf(f->out,
		       "sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, \"",
		       swap16(rs_mem_get(m, 2, 2)), flow);
	put_ipv6(f->out, a);
	rs_fmt_text(f, "\", &sin6_addr)");
	rs_str_appendf(f->out, ", sin6_scope_id=%u", (unsigned)rs_mem_get(m, 24, 4));
}

static void put_un(struct rs_fmt *f, const rs_memory *m)
{
	rs_memory path = rs_mem_sub(m, 2, 108);
	const char *name = path.data;
	struct rs_call_print whole = *f->print;
	struct rs_fmt g = { f->event, &whole, f->out };
	size_t len = path.len;

	rs_fmt_text(f, "sun_path=");
	whole.string_max = 108;
	if (!*name) {
		rs_fmt_text(f, "@");
		rs_fmt_bytes(&g, name + 1, len - 1, len - 1);
	} else {
		len = strnlen(name, len);
		rs_fmt_bytes(&g, name, len, len);
	}
}

static void put_netlink(struct rs_fmt *f, const rs_memory *m)
{
	rs_str_appendf(f->out, "nl_pid=%u, nl_groups=%#08x", (unsigned)rs_mem_get(m, 4, 4),
		       (unsigned)rs_mem_get(m, 8, 4));
}

static void put_packet(struct rs_fmt *f, const rs_memory *m)
{
	static const char *const types[] = { "PACKET_HOST",      "PACKET_BROADCAST",
					     "PACKET_MULTICAST", "PACKET_OTHERHOST",
					     "PACKET_OUTGOING",  "PACKET_LOOPBACK",
					     "PACKET_USER",      "PACKET_KERNEL" };
	unsigned type = (unsigned)rs_mem_get(m, 10, 1), size = (unsigned)rs_mem_get(m, 11, 1);
	unsigned hardware = (unsigned)rs_mem_get(m, 8, 2);

	rs_fmt_text(f, "sll_protocol=htons(");
	rs_fmt_names(f, NAMES_ethertype, swap16(rs_mem_get(m, 2, 2)));
	rs_str_appendf(f->out, "), sll_ifindex=%d, sll_hatype=", (int)rs_mem_get(m, 4, 4));
	rs_fmt_names(f, NAMES_arphrd, hardware);
	rs_fmt_text(f, ", sll_pkttype=");
	if (type < ARRAY_SIZE(types))
		rs_fmt_text(f, types[type]);
	else
		rs_fmt_hex(f, type);
	rs_str_appendf(f->out, ", sll_halen=%u", size);
	for (unsigned i = 0; i < MIN(size, 8u); i++)
		rs_str_appendf(f->out, i ? ", %#x" : ", sll_addr=[%#x",
			       (unsigned)rs_mem_get(m, 12 + i, 1));
	rs_fmt_text(f, size ? "]" : "");
}

static void put_vsock(struct rs_fmt *f, const rs_memory *m)
{
	rs_str_appendf(f->out, "svm_cid=%#x, svm_port=%#x, svm_flags=%#x",
		       (unsigned)rs_mem_get(m, 8, 4), (unsigned)rs_mem_get(m, 4, 4),
		       (unsigned)rs_mem_get(m, 12, 1));
}

static const struct {
	uint16_t family;
	uint16_t size; /* that it needs to be read */
	void (*put)(struct rs_fmt *f, const rs_memory *m);
} families[] = {
	{ 1, 3, put_un },        { 2, 8, put_in },       { 10, 28, put_in6 },
	{ 16, 12, put_netlink }, { 17, 20, put_packet }, { 40, 16, put_vsock },
};

void rs_fmt_sockaddr(struct rs_fmt *f, const rs_memory *memory, uint64_t address, uint64_t len)
{
	rs_memory m = rs_mem_sub(memory, 0, (size_t)MIN(len, 128));
	unsigned family = (unsigned)rs_mem_get(&m, 0, 2);

	if (!address || !m.data || m.len < 2) {
		rs_fmt_address(f, address);
		return;
	}
	rs_fmt_text(f, "{sa_family=");
	rs_fmt_names(f, NAMES_af, family);
	if (m.len > 2)
		rs_fmt_text(f, ", ");
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].family == family && m.len >= families[i].size) {
			families[i].put(f, &m);
			rs_fmt_text(f, "}");
			return;
		}
	if (m.len > 2) {
		rs_fmt_text(f, "sa_data=");
		rs_fmt_bytes(f, (const char *)m.data + 2, m.len - 2, m.len - 2);
	}
	rs_fmt_text(f, "}");
}
