/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Field numbers of profile.proto (github.com/google/pprof, proto/profile.proto), and our words in it. */

enum rs_pprof_profile {
	RS_PPROF_SAMPLE_TYPE = 1,
	RS_PPROF_SAMPLE = 2,
	RS_PPROF_MAPPING = 3,
	RS_PPROF_LOCATION = 4,
	RS_PPROF_FUNCTION = 5,
	RS_PPROF_STRING_TABLE = 6,
	RS_PPROF_TIME_NANOS = 9,
	RS_PPROF_DURATION_NANOS = 10,
	RS_PPROF_PERIOD_TYPE = 11,
	RS_PPROF_PERIOD = 12,
	RS_PPROF_COMMENT = 13,
	RS_PPROF_DEFAULT_SAMPLE_TYPE = 14,
};

enum rs_pprof_value_type {
	RS_PPROF_TYPE_TYPE = 1,
	RS_PPROF_TYPE_UNIT = 2,
};

enum rs_pprof_sample {
	RS_PPROF_SAMPLE_LOCATION = 1, /* innermost first */
	RS_PPROF_SAMPLE_VALUE = 2,
	RS_PPROF_SAMPLE_LABEL = 3,
};

enum rs_pprof_label {
	RS_PPROF_LABEL_KEY = 1,
	RS_PPROF_LABEL_STR = 2,
	RS_PPROF_LABEL_NUM = 3,
};

enum rs_pprof_mapping {
	RS_PPROF_MAPPING_ID = 1,
	RS_PPROF_MAPPING_START = 2,
	RS_PPROF_MAPPING_LIMIT = 3,
	RS_PPROF_MAPPING_OFFSET = 4,
	RS_PPROF_MAPPING_FILENAME = 5,
	RS_PPROF_MAPPING_BUILD_ID = 6,
	RS_PPROF_MAPPING_HAS_FUNCTIONS = 7,
	RS_PPROF_MAPPING_HAS_FILENAMES = 8,
	RS_PPROF_MAPPING_HAS_LINES = 9,
	RS_PPROF_MAPPING_HAS_INLINES = 10,
};

enum rs_pprof_location {
	RS_PPROF_LOCATION_ID = 1,
	RS_PPROF_LOCATION_MAPPING = 2,
	RS_PPROF_LOCATION_ADDRESS = 3,
	RS_PPROF_LOCATION_LINE = 4, /* the innermost, which was inlined into the next, first */
};

enum rs_pprof_line {
	RS_PPROF_LINE_FUNCTION = 1,
	RS_PPROF_LINE_LINE = 2,
};

enum rs_pprof_function {
	RS_PPROF_FUNCTION_ID = 1,
	RS_PPROF_FUNCTION_NAME = 2,
	RS_PPROF_FUNCTION_SYSTEM_NAME = 3,
	RS_PPROF_FUNCTION_FILENAME = 4,
};

/* In front of the comment that is our title. */
#define RS_PPROF_TITLE "title: "

/* Files that are none, for frames whose kind the format has no other place for. */
#define RS_PPROF_FILE_PROCESS "[process]"
#define RS_PPROF_FILE_JIT     "[jit]"
#define RS_PPROF_FILE_OTHER   "[other]"

/* A function's name that stands for none. */
#define RS_PPROF_UNKNOWN "[unknown]"
