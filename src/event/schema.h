/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The table of kinds and the table of fields. A new kind is a row in rs_event_kinds (and in RS_KINDS,
 * bpf/abi/event.h); a new field is a row in rs_event_fields and, where a plain load from the record
 * does not do, a function that writes its value. Decoding, JSON and docs/events.md follow.
 */

#include "event/event.h"

/* One kind of event. Lists are comma-separated. */
struct rs_event_kind {
	const char *category; /* event.category, list */
	const char *type;     /* event.type, list */
	const char *action;   /* event.action; where it depends on the event: what it mostly is */
	const char *what;     /* one sentence */
	uint16_t size;        /* bytes of the record's fixed struct */
};

extern const struct rs_event_kind rs_event_kinds[RS_KIND_COUNT];

/* Types as Elasticsearch mappings have them. */
enum rs_field_type {
	RS_TYPE_KEYWORD,
	RS_TYPE_KEYWORDS, /* a list */
	RS_TYPE_LONG,
	RS_TYPE_BOOLEAN,
	RS_TYPE_DATE,
	RS_TYPE_IP,
	RS_TYPE_LONGS,  /* a list */
	RS_TYPE_LABELS, /* an object whose keys are not ours: keywords */
	RS_TYPE_COUNT,
};

/* Where a value comes from. */
enum rs_field_from {
	RS_FROM_CONST, /* write(), once per kind and host: r->event is NULL */
	RS_FROM_WRITE, /* write(), per event; writing nothing leaves the field out */
	RS_FROM_PATHS, /* the same, of the event's paths: see rs_render_paths() */
	RS_FROM_GET,   /* get(), per event: text that is there already */
	RS_FROM_TEXT,  /* the bytes of a field, `at` is the tag */
	RS_FROM_U16,   /* a number in the fixed struct, `at` is the offset */
	RS_FROM_U32,
	RS_FROM_S32,
	RS_FROM_U64,
};

/* What must be so for a field to be there at all: saves asking each one that is rarely there. */
enum rs_field_when {
	RS_WHEN_ALWAYS = 0,
	RS_WHEN_ERROR = 1 << 0,     /* the call failed */
	RS_WHEN_HDR = 1 << 1,       /* rs_hdr.flags has any */
	RS_WHEN_MARKED = 1 << 2,    /* rs_event.marks has any */
	RS_WHEN_ODD = 1 << 3,       /* a path that was written holds more than plain ASCII */
	RS_WHEN_CGROUP = 1 << 4,    /* the control group is known */
	RS_WHEN_CONTAINER = 1 << 5, /* ... and is of a container */
	RS_WHEN_POD = 1 << 6,       /* ... that is in a pod */
	RS_WHEN_ANCESTORS = 1 << 7, /* the chain of parents is known */
	RS_WHEN_END = 1 << 8,       /* it stands for the whole life of a process */
};

struct rs_render;
typedef void rs_field_fn(struct rs_render *r);
/* Text of an event, plain bytes in memory that lives as long as the event; .data NULL: none. */
typedef struct rs_text rs_text_fn(const struct rs_event *event);

struct rs_event_field {
	const char *name; /* dotted; all fields of an object stand together */
	enum rs_field_type type;
	enum rs_field_from from;
	uint16_t at;
	rs_field_fn *write;
	rs_text_fn *get;
	uint16_t when;    /* enum rs_field_when */
	uint64_t kinds;   /* bit per enum rs_kind that may have it */
	const char *what; /* for docs/events.md */
};

#define RS_EVENT_FIELDS_MAX 256

extern const struct rs_event_field rs_event_fields[];
extern const size_t rs_event_fields_count;

const char *rs_field_type_to_str(enum rs_field_type type);

/* Bit of one kind. */
#define RS_KIND_BIT(id) (1ull << RS_KIND_##id)
