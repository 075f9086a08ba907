/* SPDX-License-Identifier: Apache-2.0 */
/* Values that take more than a load: CPU times, addresses, the ids of processes. */
#include <string.h>
#include <sys/socket.h>

#include "event/event.h"

void rs_event_cpu_time(const struct rs_exit *exit, uint64_t *ret_user, uint64_t *ret_system)
{
	uint64_t system = 0;

	if (exit->stime && !exit->utime)
		system = exit->runtime;
	else if (exit->stime)
		system = (uint64_t)((unsigned __int128)exit->runtime * exit->stime /
				    ((unsigned __int128)exit->stime + exit->utime));
	*ret_user = exit->runtime - system;
	*ret_system = system;
}

/* --- addresses --- */

static size_t format_v4(const uint8_t *addr, char *buf)
{
	size_t n = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (i)
			buf[n++] = '.';
		n += rs_str_format_u64(buf + n, addr[i]);
	}
	return n;
}

static size_t format_hex(unsigned v, char *buf)
{
	size_t n = 0;

	for (int shift = 12; shift >= 0; shift -= 4)
		if (n || v >> shift || !shift)
			buf[n++] = "0123456789abcdef"[v >> shift & 15];
	return n;
}

/* The longest run of at least two zero groups, the first of equals: what "::" stands for. */
static void longest_zeros(const unsigned group[static 8], unsigned *ret_at, unsigned *ret_len)
{
	*ret_at = 8;
	*ret_len = 1;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && !group[i + n])
			n++;
		if (n > *ret_len) {
			*ret_at = i;
			*ret_len = n;
		}
	}
}

static size_t format_v6(const uint8_t *addr, char *buf)
{
	unsigned group[8], at, len;
	size_t n = 0;

	for (unsigned i = 0; i < 8; i++)
		group[i] = (unsigned)addr[2 * i] << 8 | addr[2 * i + 1];
	longest_zeros(group, &at, &len);
	for (unsigned i = 0; i < 8; i++) {
		if (i == at) {
			buf[n++] = ':';
			buf[n++] = ':';
			i += len - 1;
			continue;
		}
		if (i && i != at + len)
			buf[n++] = ':';
		n += format_hex(group[i], buf + n);
	}
	return n;
}

size_t rs_event_format_addr(unsigned family, const uint8_t addr[static 16],
			    char buf[static RS_EVENT_ADDR_MAX])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (family != AF_INET6)
		return format_v4(addr, buf);
	if (memcmp(addr, mapped, sizeof(mapped)) == 0)
		return format_v4(addr + sizeof(mapped), buf);
	return format_v6(addr, buf);
}

/* --- ids --- */

/* The two halves of a product, folded: a cheap way to let every bit count. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

void rs_entity_key_init(struct rs_entity_key *key, const char *boot_id)
{
	/* Any odd, irregular numbers do; these are the first digits of pi in base 16. */
	static const uint64_t start[4] = { 0x243f6a8885a308d3, 0x13198a2e03707345,
					   0xa4093822299f31d1, 0x082efa98ec4e6c89 };

	for (unsigned i = 0; i < 4; i++) {
		uint64_t h = start[i];

		for (const char *p = boot_id; *p; p++)
			h = mix(h ^ (unsigned char)*p, start[(i + 1) % 4]) + start[(i + 2) % 4];
		key->word[i] = h | 1;
	}
}

static void put_base64(char *buf, uint64_t v, unsigned chars)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (unsigned i = 0; i < chars; i++, v >>= 6)
		buf[i] = digits[v & 63];
}

void rs_entity_id(const struct rs_entity_key *key, uint32_t pid, uint64_t start,
		  char buf[static RS_ENTITY_ID_LEN])
{
	const uint64_t *k = key->word;
	uint64_t seed = mix(start ^ k[0], ((uint64_t)pid << 32 | (uint32_t)~pid) ^ k[1]);
	uint64_t a = mix(seed ^ k[2], start ^ k[3]), b = mix(seed ^ k[3], (start << 1 | 1) ^ k[2]);

	/* 64 bits are ten digits of six and four bits over; both halves alike. */
	put_base64(buf, a, 11);
	put_base64(buf + 11, b, 11);
}
