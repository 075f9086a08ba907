/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside `ringside report`: one pass over events counts into tallies, one per section; then each
 * section is shown by its row of the table of sections, to people and to programs alike.
 */

#include "base/str.h"
#include "base/term.h"
#include "event/event.h"

#define RS_REPORT_ROWS_MAX  16384 /* rows of a tally; what comes then is counted together */
#define RS_REPORT_PARTS_MAX 3
#define RS_REPORT_TEXT_MAX  512 /* bytes kept of a text */

/* --- tallies --- */

/* What is counted for one key. Which of these are used is the section's affair. */
struct rs_report_row {
	uint64_t count;
	uint64_t failed;
	uint64_t execs;
	uint64_t ended;     /* processes that are gone; */
	uint64_t cpu, life; /* ns, of all of them */
	uint64_t sent, received;
	uint64_t first;      /* real ns, when it was seen first */
	char *label, *image; /* owned; NULL: none */
	bool named;          /* label is a name, not an id */
	const char *key;     /* see rs_report_row_part() */
	size_t key_len;
};

struct rs_report_tally;

/* -ENOMEM. */
int rs_report_tally_new(struct rs_report_tally **ret_tally);
void rs_report_tally_free(struct rs_report_tally **tally);

/* Starts a key; adds a part to it; the row of that key: made when it is new, the one for all others
 * when there is no more room. NULL: no memory. */
void rs_report_key(struct rs_report_tally *tally);
void rs_report_key_part(struct rs_report_tally *tally, const void *data, size_t n);
struct rs_report_row *rs_report_row(struct rs_report_tally *tally, uint64_t time);

/* Part i of a row's key. */
void rs_report_row_part(const struct rs_report_row *row, unsigned i, const char **ret_data,
			size_t *ret_len);

enum rs_report_order { RS_REPORT_BY_COUNT, RS_REPORT_BY_CPU, RS_REPORT_BY_FIRST };

/* The rows in order, most (or first) first; the tally's until it changes. What is beyond @top comes
 * back as one row, with how many rows it stands for; @ret_full: and some that had no room. */
struct rs_report_ranked {
	struct rs_report_row **rows;
	size_t n;
	struct rs_report_row others;
	uint64_t n_others;
	bool full;
};
int rs_report_rank(struct rs_report_tally *tally, enum rs_report_order order, size_t top,
		   struct rs_report_ranked *ret_ranked);

/* --- sections --- */

enum rs_report_section_id {
	RS_REPORT_CPU,
	RS_REPORT_EXECS,
	RS_REPORT_DELETED_IN,
	RS_REPORT_DELETED_BY,
	RS_REPORT_LISTENERS,
	RS_REPORT_PEERS,
	RS_REPORT_FAILURES,
	RS_REPORT_CONTAINERS,
	RS_REPORT_SECTIONS,
};

enum rs_report_cell {
	RS_CELL_COUNT,
	RS_CELL_FAILED,
	RS_CELL_EXECS,
	RS_CELL_ENDED,
	RS_CELL_CPU,
	RS_CELL_CPU_EACH,
	RS_CELL_LIFE_EACH,
	RS_CELL_SENT,
	RS_CELL_RECEIVED,
	RS_CELL_FIRST,
	RS_CELL_PART0, /* of the key */
	RS_CELL_PART1,
	RS_CELL_PART2,
	RS_CELL_LABEL,
	RS_CELL_IMAGE,
};

#define RS_REPORT_COLUMNS_MAX 8

struct rs_report_column {
	const char *title; /* NULL ends the list */
	const char *name;  /* in JSON */
	enum rs_report_cell cell;
	bool path; /* cut in the middle */
};

struct rs_report_section {
	const char *heading;
	const char *name; /* in JSON */
	enum rs_report_order order;
	struct rs_report_column columns[RS_REPORT_COLUMNS_MAX];
};
extern const struct rs_report_section rs_report_sections[RS_REPORT_SECTIONS];

/* --- all --- */

struct rs_report {
	uint64_t since, until; /* real ns, as asked for; 0: no limit */
	uint64_t first, last;  /* of the events that were seen; 0: none */
	uint64_t events, failures;
	uint64_t kinds[RS_KIND_COUNT];
	char host[sizeof(((struct rs_event_host *)0)->name)]; /* of the last event */
	unsigned boots;
	char boot_id[sizeof(((struct rs_event_host *)0)->boot_id)];
	struct rs_report_tally *tally[RS_REPORT_SECTIONS];
	struct rs_event_values *values;
	const struct rs_event_column *name, *executable, *directory, *outcome;
};

/* Zero-initialise; release with done. -ENOMEM. */
int rs_report_init(struct rs_report *report);
void rs_report_done(struct rs_report *report);
int rs_report_add(struct rs_report *report, const struct rs_event *event,
		  const struct rs_event_host *host);

/* @width 0: lines as long as they get. */
int rs_report_table(struct rs_report *report, size_t top, unsigned width, bool color,
		    struct rs_str *out);
int rs_report_json(struct rs_report *report, size_t top, struct rs_str *out);
