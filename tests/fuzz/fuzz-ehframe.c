/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as .eh_frame and as .debug_frame: the table is in order, and finds what is in it. */

#include <stdlib.h>
#include <string.h>

#include "profile/unwind-cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void parse(const uint8_t *data, size_t size, bool is_debug)
{
	const struct rs_unwind_section section = { data, size, 0x1000, is_debug };
	struct rs_unwind_table table = { 0 };

	rs_unwind_table_parse(&section, &table);
	CHECK(table.rows.len <= RS_UNWIND_TABLE_ROWS_MAX);
	for (size_t i = 0; i < table.rows.len; i++) {
		const struct rs_unwind_row *row = &table.rows.items[i];

		CHECK(!i || (row[-1].pc < row->pc && row[-1].rule != row->rule));
		CHECK(rs_unwind_table_rule(&table, table.base + row->pc) == row->rule);
	}
	rs_unwind_table_done(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size, false);
	parse(data, size, true);
	return 0;
}
