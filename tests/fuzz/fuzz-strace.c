/* SPDX-License-Identifier: Apache-2.0 */
/* Records of single calls, from bytes that no program of ours would write, to lines and JSON. */
#include <stdlib.h>
#include <string.h>

#include "calls/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct rs_call_record *record, bool json)
{
	const struct rs_calls_print_options options = {
		.time = RS_CALLS_TIME_EPOCH,
		.sockets = true,
		.number = true,
		.comm = true,
		.spent = true,
		.json = json,
		.column = 40,
		.time_digits = 9,
		.spent_digits = 9,
		.print = { .string_max = 32 },
	};
	struct rs_calls_printer *printer = NULL;
	struct rs_str out = RS_STR_INIT(1 << 20);

	if (rs_calls_printer_new(&options, &printer, NULL) < 0)
		abort();
	rs_calls_print_waiting(printer, record, &out);
	rs_calls_print(printer, record, &out);
	rs_calls_print(printer, record, &out);
	rs_calls_print_end(printer, &out);
	rs_calls_printer_free(&printer);
	rs_str_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rs_call_record record;
	void *copy = malloc(size ? size : 1); /* aligned, and with an end that is noticed */

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (rs_call_record_parse(copy, size, &record) == 0) {
		print(&record, false);
		print(&record, true);
	}
	free(copy);
	return 0;
}
