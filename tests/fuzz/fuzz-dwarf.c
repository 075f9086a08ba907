/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as the sections of debug information: nine sizes (32 bit), then the sections one behind the other. All of
 * the addresses that may have an answer, and some more, are looked up. Each section is a block of its own, so that
 * reading past one's end shows.
 */

#include <stdlib.h>
#include <string.h>

#include "profile/dwarf-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

#define FRAMES 8

static size_t length_of(const char *text)
{
	return text ? strlen(text) : 0;
}

static void look_up(struct rs_dwarf *dwarf, uint64_t address)
{
	struct rs_dwarf_frame frames[FRAMES];
	size_t n = rs_dwarf_find(dwarf, address, address % 2, frames, FRAMES), total = 0;

	CHECK(n <= FRAMES);
	for (size_t i = 0; i < n; i++)
		total += length_of(frames[i].linkage) + length_of(frames[i].name) +
			 length_of(frames[i].file);
	CHECK(total < 1u << 28);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rs_dwarf_bytes sections[RS_DWARF_SECTION_COUNT] = { 0 };
	uint8_t *copies[RS_DWARF_SECTION_COUNT] = { 0 };
	size_t at = sizeof(uint32_t) * RS_DWARF_SECTION_COUNT;
	struct rs_dwarf *dwarf = NULL;
	uint32_t lengths[RS_DWARF_SECTION_COUNT];

	if (size < at)
		return 0;
	memcpy(lengths, data, at);
	for (unsigned i = 0; i < RS_DWARF_SECTION_COUNT; i++) {
		size_t n = MIN(lengths[i], size - at);

		copies[i] = malloc(n ? n : 1);
		memcpy(copies[i], data + at, n);
		sections[i] = (struct rs_dwarf_bytes){ copies[i], n };
		at += n;
	}
	if (rs_dwarf_new(sections, NULL, &dwarf) == 0) {
		size_t n = MIN(dwarf->ranges.len, (size_t)16);

		for (size_t i = 0; i < n; i++) {
			look_up(dwarf, dwarf->ranges.items[i].start);
			look_up(dwarf, dwarf->ranges.items[i].end - 1);
			look_up(dwarf, dwarf->ranges.items[i].start + i * 3);
		}
		look_up(dwarf, 0);
		look_up(dwarf, UINT64_MAX);
	}
	rs_dwarf_free(&dwarf);
	for (unsigned i = 0; i < RS_DWARF_SECTION_COUNT; i++)
		free(copies[i]);
	return 0;
}
