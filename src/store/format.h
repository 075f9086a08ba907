/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What stands on disk. Private to the room.
 *
 * A file is an SQLite database with some blocks of events:
 *
 *	boot(id, boot_id, name, machine, arch, kernel)    whose events they are
 *	block(id, first, last, n, kinds, boot)            first, last: real ns
 *	part(id, data)                                    id: of its block * RS_PARTS + which
 *
 * The id of a block is the number of its first event in the file; events are numbered in the order in
 * which they came. Small blocks are merged with those before them: the block that comes of it has the
 * id of the first, so that the numbers of its events stay.
 *
 * Parts of a block, each one zstd frame but for the filter:
 *
 *	FILTER   a Bloom filter of what occurs: see terms.h
 *	COLUMNS  struct rs_columns_head, runs of clock offsets, then per event, in the order of arrival:
 *	         kind, time, sequence, whose it is, paths; each a column, its bytes in planes: all first
 *	         bytes, all second ones, ...
 *	WHO      everything known of the processes, each distinct thing once: see rs_who_columns
 *	PATHS    distinct paths: count, lengths, bytes
 *	CHUNK..  the records, RS_CHUNK_EVENTS each, as struct rs_stub and what follows the header. They are
 *	         ordered by process, those of a container side by side: who asks for one container or one
 *	         process reads few chunks.
 *
 * Numbers are in the machine's byte order; RS_STORE_VERSION changes with everything else.
 */

#include "event/event.h"

#define RS_STORE_APPLICATION 0x52536576 /* "RSev", PRAGMA application_id */
#define RS_STORE_VERSION     (2 + RS_STORE_OTHER_ENDIAN)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define RS_STORE_OTHER_ENDIAN 0
#else
#define RS_STORE_OTHER_ENDIAN 0x10000
#endif

#define RS_BLOCK_EVENTS 4096        /* events of a block, at most */
#define RS_BLOCK_BYTES  (1u << 20)  /* records of a block: no more are begun beyond */
#define RS_BLOCK_WHOS   (2u << 20)  /* what is known of its processes, the same */
#define RS_BLOCK_RUNS   256         /* clock offsets of a block, at most */
#define RS_BLOCK_TEXT   16384       /* longest text kept, bytes */
#define RS_PART_BYTES   (16u << 20) /* largest part that a reader takes, uncompressed */
#define RS_CHUNK_EVENTS 128
#define RS_PARTS        64

enum rs_part {
	RS_PART_FILTER,
	RS_PART_COLUMNS,
	RS_PART_WHO,
	RS_PART_PATHS,
	RS_PART_CHUNK,
};
static_assert(RS_PART_CHUNK + RS_BLOCK_EVENTS / RS_CHUNK_EVENTS <= RS_PARTS, "chunks of a block");

/* --- COLUMNS --- */

#define RS_COLUMNS_MAGIC 0x31637372 /* "rsc1" */

struct rs_columns_head {
	uint32_t magic;
	uint32_t n; /* events */
	uint32_t n_who;
	uint32_t n_paths;
	uint32_t n_runs;
	uint32_t pad;
	uint64_t kinds;
};

/* From event number `from` on, real time is boot time + offset. */
struct rs_run {
	int64_t offset;
	uint32_t from;
	uint32_t pad;
};

enum rs_column {
	RS_COLUMN_WHAT,  /* kind, RS_WHAT_END */
	RS_COLUMN_TIME,  /* boot ns, less that of the event before; zigzag */
	RS_COLUMN_CPU,   /* lane << 16 | CPU */
	RS_COLUMN_SEQ,   /* less that of the last event of the same CPU and lane; zigzag */
	RS_COLUMN_WHO,   /* number of the process */
	RS_COLUMN_PATH,  /* number of the path, from 1; 0: none */
	RS_COLUMN_PATH2, /* the same, of a second one */
	RS_COLUMN_COUNT,
};
#define RS_COLUMN_WIDTHS                                                                           \
	{                                                                                          \
		1, 8, 3, 8, 2, 2, 2                                                                \
	}                   /* bytes */
#define RS_COLUMNS_WIDTH 26 /* all of them */

/* Slots in which the last sequence number of a CPU and lane is kept; who share one compress worse. */
#define RS_SEQ_SLOTS 256
static inline unsigned rs_seq_slot(uint32_t cpu)
{
	return ((cpu & 0xffff) * 4 + (cpu >> 16)) % RS_SEQ_SLOTS;
}

#define RS_WHAT_END 0x80 /* a struct rs_exit follows: rs_event.end */
static_assert(RS_KIND_MAX <= RS_WHAT_END, "a bit beside the kind");

/* --- CHUNK --- */

/* A header without what COLUMNS and WHO have. */
struct rs_stub {
	uint16_t kind;
	uint8_t hook;
	uint8_t flags;
	uint32_t size; /* of the whole record, with its struct rs_hdr */
	int32_t nr;
	uint32_t tid; /* less pid */
	int32_t ret;
};
static_assert(sizeof(struct rs_stub) == 20, "struct rs_stub");

/* --- WHO --- */

#define RS_WHO_MAGIC 0x31777372 /* "rsw1" */

/* Things that are counted. */
enum rs_who_table {
	RS_TABLE_PROCESS,
	RS_TABLE_NODE, /* of a chain of ancestors */
	RS_TABLE_GROUP,
	RS_TABLE_CONTAINER,
	RS_TABLE_LABEL,
	RS_TABLE_STRING,
	RS_TABLES,
};

struct rs_who_head {
	uint32_t magic;
	uint32_t count[RS_TABLES];
	uint32_t bytes; /* of all strings, each with its final NUL; they follow the last column */
};

/*
 * Columns: name, table, bytes of a value, and what a value refers to (a number of that table, from 1;
 * 0 is none). The eight-byte ones first, so that all are aligned.
 */
#define RS_WHO_COLUMNS(X)                                                                          \
	X(START, PROCESS, 8, NUMBER)                                                               \
	X(PSTART, PROCESS, 8, NUMBER)                                                              \
	X(CGROUP, PROCESS, 8, NUMBER)                                                              \
	X(COMM, PROCESS, 8, NUMBER)                                                                \
	X(COMM2, PROCESS, 8, NUMBER)                                                               \
	X(NODE_START, NODE, 8, NUMBER)                                                             \
	X(PID, PROCESS, 4, NUMBER)                                                                 \
	X(PPID, PROCESS, 4, NUMBER)                                                                \
	X(UID, PROCESS, 4, NUMBER)                                                                 \
	X(GID, PROCESS, 4, NUMBER)                                                                 \
	X(USER, PROCESS, 4, STRING)                                                                \
	X(USERGROUP, PROCESS, 4, STRING)                                                           \
	X(EXE, PROCESS, 4, STRING)                                                                 \
	X(PARENT_EXE, PROCESS, 4, STRING)                                                          \
	X(PARENT_NAME, PROCESS, 4, STRING)                                                         \
	X(COMMAND_LINE, PROCESS, 4, STRING)                                                        \
	X(NODE, PROCESS, 4, NODE)                                                                  \
	X(GROUP, PROCESS, 4, GROUP)                                                                \
	X(NODE_PID, NODE, 4, NUMBER)                                                               \
	X(NODE_NAME, NODE, 4, STRING)                                                              \
	X(NODE_EXE, NODE, 4, STRING)                                                               \
	X(NODE_NEXT, NODE, 4, NODE)                                                                \
	X(GROUP_PATH, GROUP, 4, STRING)                                                            \
	X(GROUP_UNIT, GROUP, 4, STRING)                                                            \
	X(GROUP_CONTAINER, GROUP, 4, CONTAINER)                                                    \
	X(CT_ID, CONTAINER, 4, STRING)                                                             \
	X(CT_RUNTIME, CONTAINER, 4, STRING)                                                        \
	X(CT_NAME, CONTAINER, 4, STRING)                                                           \
	X(CT_IMAGE, CONTAINER, 4, STRING)                                                          \
	X(CT_POD_NAME, CONTAINER, 4, STRING)                                                       \
	X(CT_POD_UID, CONTAINER, 4, STRING)                                                        \
	X(CT_NAMESPACE, CONTAINER, 4, STRING)                                                      \
	X(CT_NODE, CONTAINER, 4, STRING)                                                           \
	X(CT_POD_IP, CONTAINER, 4, STRING)                                                         \
	X(CT_OWNER_KIND, CONTAINER, 4, STRING)                                                     \
	X(CT_OWNER_NAME, CONTAINER, 4, STRING)                                                     \
	X(CT_SANDBOX, CONTAINER, 4, NUMBER)                                                        \
	X(CT_OWNER, CONTAINER, 4, NUMBER)                                                          \
	X(CT_LABEL, CONTAINER, 4, NUMBER)                                                          \
	X(CT_LABELS, CONTAINER, 4, NUMBER)                                                         \
	X(LABEL_KEY, LABEL, 4, STRING)                                                             \
	X(LABEL_VALUE, LABEL, 4, STRING)                                                           \
	X(STRING_LEN, STRING, 4, NUMBER)

enum rs_who_column {
#define X(name, table, width, refers) RS_WHO_##name,
	RS_WHO_COLUMNS(X)
#undef X
		RS_WHO_COLUMN_COUNT,
};
#define RS_WHO_CT_STRINGS (RS_WHO_CT_OWNER_NAME - RS_WHO_CT_ID + 1)

#define RS_TABLE_NUMBER RS_TABLES /* refers to nothing */
struct rs_who_row {
	uint8_t table, width, refers;
};
extern const struct rs_who_row rs_who_columns[RS_WHO_COLUMN_COUNT];

static inline uint64_t rs_zigzag(uint64_t delta)
{
	return delta << 1 ^ -(delta >> 63);
}

static inline uint64_t rs_unzigzag(uint64_t value)
{
	return value >> 1 ^ -(value & 1);
}
