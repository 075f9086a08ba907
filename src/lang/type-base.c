/* SPDX-License-Identifier: Apache-2.0 */

/* Types that everybody knows: those of C by their words, and the names that headers and the script
 * language give to integers. Layout is LP64, as on x86-64 and arm64. Names that the kernel and the C
 * library give to different types (nlink_t) are not here. */

#include <string.h>

#include "lang/type-private.h"

struct base_row {
	const char *name;
	uint8_t size;
	bool is_signed;
};

/* By name, for the binary search. */
static const struct base_row base_types[] = {
	{ "__aligned_be64", 8, false },
	{ "__aligned_le64", 8, false },
	{ "__aligned_s64", 8, true },
	{ "__aligned_u64", 8, false },
	{ "__be16", 2, false },
	{ "__be32", 4, false },
	{ "__be64", 8, false },
	{ "__kernel_clock_t", 8, true },
	{ "__kernel_clockid_t", 4, true },
	{ "__kernel_gid_t", 4, false },
	{ "__kernel_loff_t", 8, true },
	{ "__kernel_long_t", 8, true },
	{ "__kernel_mode_t", 4, false },
	{ "__kernel_off_t", 8, true },
	{ "__kernel_pid_t", 4, true },
	{ "__kernel_size_t", 8, false },
	{ "__kernel_ssize_t", 8, true },
	{ "__kernel_time64_t", 8, true },
	{ "__kernel_time_t", 8, true },
	{ "__kernel_uid_t", 4, false },
	{ "__kernel_ulong_t", 8, false },
	{ "__le16", 2, false },
	{ "__le32", 4, false },
	{ "__le64", 8, false },
	{ "__poll_t", 4, false },
	{ "__s16", 2, true },
	{ "__s32", 4, true },
	{ "__s64", 8, true },
	{ "__s8", 1, true },
	{ "__sum16", 2, false },
	{ "__u16", 2, false },
	{ "__u32", 4, false },
	{ "__u64", 8, false },
	{ "__u8", 1, false },
	{ "__wsum", 4, false },
	{ "aio_context_t", 8, false },
	{ "blk_opf_t", 4, false },
	{ "blksize_t", 8, true },
	{ "cc_t", 1, false },
	{ "clock_t", 8, true },
	{ "clockid_t", 4, true },
	{ "dma_addr_t", 8, false },
	{ "fmode_t", 4, false },
	{ "fsblkcnt_t", 8, false },
	{ "fsfilcnt_t", 8, false },
	{ "gfp_t", 4, false },
	{ "gid_t", 4, false },
	{ "id_t", 4, false },
	{ "in_addr_t", 4, false },
	{ "in_port_t", 2, false },
	{ "ino64_t", 8, false },
	{ "ino_t", 8, false },
	{ "int16", 2, true },
	{ "int16_t", 2, true },
	{ "int32", 4, true },
	{ "int32_t", 4, true },
	{ "int64", 8, true },
	{ "int64_t", 8, true },
	{ "int8", 1, true },
	{ "int8_t", 1, true },
	{ "intmax_t", 8, true },
	{ "intptr_t", 8, true },
	{ "key_t", 4, true },
	{ "loff_t", 8, true },
	{ "mode_t", 4, false },
	{ "off64_t", 8, true },
	{ "off_t", 8, true },
	{ "phys_addr_t", 8, false },
	{ "pid_t", 4, true },
	{ "ptrdiff_t", 8, true },
	{ "resource_size_t", 8, false },
	{ "s16", 2, true },
	{ "s32", 4, true },
	{ "s64", 8, true },
	{ "s8", 1, true },
	{ "sa_family_t", 2, false },
	{ "sector_t", 8, false },
	{ "size_t", 8, false },
	{ "socklen_t", 4, false },
	{ "ssize_t", 8, true },
	{ "suseconds_t", 8, true },
	{ "time64_t", 8, true },
	{ "time_t", 8, true },
	{ "u16", 2, false },
	{ "u32", 4, false },
	{ "u64", 8, false },
	{ "u8", 1, false },
	{ "u_char", 1, false },
	{ "u_int", 4, false },
	{ "u_int16_t", 2, false },
	{ "u_int32_t", 4, false },
	{ "u_int64_t", 8, false },
	{ "u_int8_t", 1, false },
	{ "u_long", 8, false },
	{ "u_short", 2, false },
	{ "uid_t", 4, false },
	{ "uint", 4, false },
	{ "uint16", 2, false },
	{ "uint16_t", 2, false },
	{ "uint32", 4, false },
	{ "uint32_t", 4, false },
	{ "uint64", 8, false },
	{ "uint64_t", 8, false },
	{ "uint8", 1, false },
	{ "uint8_t", 1, false },
	{ "uintmax_t", 8, false },
	{ "uintptr_t", 8, false },
	{ "ulong", 8, false },
	{ "umode_t", 2, false },
	{ "useconds_t", 4, false },
	{ "ushort", 2, false },
	{ "wchar_t", 4, true },
};

static const struct rs_type *find_row(const char *name)
{
	size_t low = 0, high = ARRAY_SIZE(base_types);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, base_types[middle].name);

		if (order == 0)
			return base_types[middle].size <= 8
				       ? rs_type_int(base_types[middle].size,
						     base_types[middle].is_signed)
				       : NULL;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* How often each word of C stands there. */
struct words {
	unsigned n_signed, n_unsigned, n_char, n_short, n_int, n_long, n_other;
};

static void count_word(struct words *words, const char *word, size_t len)
{
	const struct {
		const char *text;
		unsigned *count;
	} rows[] = {
		{ "signed", &words->n_signed },     { "__signed__", &words->n_signed },
		{ "unsigned", &words->n_unsigned }, { "char", &words->n_char },
		{ "short", &words->n_short },       { "int", &words->n_int },
		{ "long", &words->n_long },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].text) == len && memcmp(rows[i].text, word, len) == 0) {
			++*rows[i].count;
			return;
		}
	words->n_other++;
}

/* "unsigned long int" in any order. */
static const struct rs_type *from_words(const char *name)
{
	struct words w = { 0 };

	while (*name) {
		size_t len = strcspn(name, " ");

		count_word(&w, name, len);
		name += len;
		name += strspn(name, " ");
	}
	if (w.n_other || w.n_signed + w.n_unsigned > 1 || w.n_char > 1 || w.n_short > 1 ||
	    w.n_int > 1 || w.n_long > 2 || w.n_char + w.n_short + !!w.n_long > 1 ||
	    (w.n_char && w.n_int))
		return NULL;
	if (w.n_char && !w.n_signed && !w.n_unsigned)
		return &rs_type_char;
	if (w.n_char + w.n_short + w.n_int + w.n_long + w.n_signed + w.n_unsigned == 0)
		return NULL;
	return rs_type_int(w.n_char ? 1 : w.n_short ? 2 : w.n_long ? 8 : 4, !w.n_unsigned);
}

const struct rs_type *rs_types_find_base(const char *name)
{
	const struct rs_type *row;

	if (strcmp(name, "void") == 0)
		return &rs_type_none;
	if (strcmp(name, "bool") == 0 || strcmp(name, "_Bool") == 0)
		return &rs_type_bool;
	row = find_row(name);
	return row ? row : from_words(name);
}

void rs_types_offer_base(void (*offer)(void *data, const char *name), void *data)
{
	static const char *const words[] = { "bool",  "char",   "int",      "long",
					     "short", "signed", "unsigned", "void" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		offer(data, words[i]);
	for (size_t i = 0; i < ARRAY_SIZE(base_types); i++)
		offer(data, base_types[i].name);
}
