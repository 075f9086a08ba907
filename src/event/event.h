/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Events: a view on a record of the ring buffer, and the forms in which people and programs read it.
 *
 *	record -> rs_event_decode() -> (whoever enriches fills user, group, ...) -> rs_event_json_write()
 *	                                                                    -> rs_event_table_row()
 *
 * What kinds and fields there are stands in one table, schema.c; JSON and docs/events.md are made
 * from it. The room is pure: no system calls, no state but in the objects that callers own.
 */

#include <assert.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "bpf/abi/cgroup.h"
#include "bpf/abi/control.h"
#include "bpf/abi/event.h"
#include "bpf/abi/file.h"
#include "bpf/abi/net.h"
#include "bpf/abi/privilege.h"
#include "bpf/abi/process.h"

/* --- decode --- */

/* The bytes of one variable-length field, in the record's own memory. data is NULL when the record
 * has no such field; not NUL-terminated, not necessarily UTF-8. */
struct rs_text {
	const char *data;
	uint32_t len;
	uint8_t flags; /* RS_FIELD_* */
};

/* --- whom an event belongs to; set by whoever enriches, all strings NUL-terminated --- */

struct rs_event_label {
	const char *key, *value;
};

/* A container, and the pod that it is part of. What is not known is NULL. */
struct rs_event_container {
	const char *id; /* whole; never NULL */
	const char
		*runtime; /* "containerd", "cri-o", "docker", "podman", "runc"; NULL: no telling */
	const char *name;
	const char *image;    /* with its tag or digest, as the runtime has it */
	const char *pod_name; /* these four: Kubernetes only */
	const char *pod_uid;
	const char *namespace;
	const char *node;
	const char *pod_ip;
	const char *owner_kind; /* "ReplicaSet", "DaemonSet", ...: who made the pod */
	const char *owner_name;
	const struct rs_event_label *labels; /* of the pod, or of the container that is in none */
	size_t n_labels;
	bool sandbox; /* the container that only holds a pod's namespaces */
	uint32_t
		owner; /* the user whose container it is, and who says what it is called; 0: root */
};

/* A control group. */
struct rs_event_cgroup {
	const char *path; /* from the root of its hierarchy, "/system.slice/nginx.service" */
	const char *unit; /* of systemd, "nginx.service"; NULL: none, or in a container */
	const struct rs_event_container *container; /* NULL: none */
};

/* One process of a chain of parents. */
struct rs_event_ancestor {
	uint64_t start; /* with pid: which one, see rs_hdr.start */
	uint32_t pid;
	const char *name;       /* as rs_hdr.comm */
	const char *executable; /* NULL: unknown */
};

#define RS_EVENT_ANCESTORS_MAX 32 /* the chain is cut after so many */

/* A view on one record; valid as long as the record is. Only the union's member that goes with
 * hdr->kind may be read (see the enum rs_sensor of the kind; fork, exec and exit have their own). */
struct rs_event {
	union {
		const struct rs_hdr *hdr;
		const struct rs_fork *fork;
		const struct rs_exec *exec;
		const struct rs_exit *exit;
		const struct rs_file *file;
		const struct rs_net *net;
		const struct rs_privilege *privilege;
		const struct rs_cgroup_change *change;
	};
	struct rs_text field[RS_TAG_COUNT];
	uint8_t marks;     /* the flags of all fields together */
	const char *user;  /* name of hdr->uid, NULL where unknown; set by whoever enriches */
	const char *group; /* name of hdr->gid, the same */

	/* Paths of the executables of the process and of its parent, and the parent's name, the same
	 * as rs_hdr.comm; NULL where unknown, set by whoever enriches. */
	const char *executable;
	const char *parent_executable;
	const char *parent_name;

	/* Arguments of the process, joined with spaces; NULL where unknown, and for exec, which has its
	 * own. */
	const char *command_line;
	const struct rs_event_cgroup *cgroup;      /* NULL where unknown */
	const struct rs_event_ancestor *ancestors; /* [0] is the parent; up to the first process */
	size_t n_ancestors;                        /* 0 where unknown */

	/* An exec or fork that stands for the whole life of a process (the aggregated form) has its
	 * end here, NULL otherwise. */
	const struct rs_exit *end;
};

/*
 * Checks a record of size bytes (8-byte aligned) and makes a view of it; what others set is NULL.
 * 0, or -EBADMSG for a record that is cut, lies about a length or is of a kind we do not know.
 * Tags we do not know are skipped; of a tag that comes twice the first counts.
 */
int rs_event_decode(const void *record, size_t size, struct rs_event *ret_event);

/* --- paths --- */

#define RS_EVENT_PATH_MAX (2 * RS_PATH_MAX + 16) /* longest path rs_event_path() makes, bytes */

struct rs_path {
	const char *data; /* in the record or in the caller's buffer; not NUL-terminated */
	size_t len;
	bool kernel;   /* resolved by the kernel; false: built from the process's argument */
	bool cut;      /* a part is missing; ".../" stands for a missing beginning */
	bool deleted;  /* the file has no name any more */
	bool detached; /* begins at a mount that is in no tree */
};

/*
 * The path number which of an event (0: RS_TAG_PATH/BASE/ARG, 1: the second ones) made absolute
 * and normalised as far as that can be done without the file system: see path.c. False when the
 * event has no such path; ret_path is then untouched. buf holds RS_EVENT_PATH_MAX bytes; it may
 * stay unused.
 */
bool rs_event_path(const struct rs_event *event, int which, char buf[static RS_EVENT_PATH_MAX],
		   struct rs_path *ret_path);

/* The same for a field that is a kernel's path by itself: RS_TAG_EXE, RS_TAG_CWD, RS_TAG_BASE. */
bool rs_event_kernel_path(const struct rs_text *text, char buf[static RS_EVENT_PATH_MAX],
			  struct rs_path *ret_path);

/* --- kinds --- */

const char *rs_kind_to_str(enum rs_kind kind); /* NULL when out of range */
int rs_kind_from_str(const char *name);        /* enum rs_kind, or -ENOENT */
enum rs_sensor rs_kind_sensor(enum rs_kind kind);
const char *rs_sensor_to_str(
	enum rs_sensor sensor); /* "process" "file" "network" "privilege" "cgroup" */
uint64_t rs_sensor_kinds(enum rs_sensor sensor); /* bit per enum rs_kind */

/*
 * "exec,unlink", with sensors for all of their kinds ("file"), "all", and "-open" to take one out
 * again (a list that begins with one starts from all). -EINVAL: an unknown word (the hint offers
 * the nearest) or an empty list.
 */
int rs_kinds_parse(const char *list, uint64_t *ret_kinds, struct rs_error *err);

/* --- values --- */

/* CPU time of a process that is gone, user + system = runtime: the exact runtime split by the ratio of
 * the kernel's samples, as cputime_adjust() in the kernel's kernel/sched/cputime.c does. */
void rs_event_cpu_time(const struct rs_exit *exit, uint64_t *ret_user, uint64_t *ret_system);

#define RS_EVENT_ADDR_MAX 48

/* An IP address as text (RFC 5952), no NUL; returns its length. IPv4 in IPv6 is shown as IPv4. */
size_t rs_event_format_addr(unsigned family, const uint8_t addr[static 16],
			    char buf[static RS_EVENT_ADDR_MAX]);

/* --- identity --- */

/* What is the same for every event of this boot; filled by the agent. */
struct rs_event_host {
	char name[65];       /* host name */
	char id[33];         /* machine-id(5), "" where there is none */
	char arch[65];       /* uname(2) */
	char kernel[65];     /* release, uname(2) */
	char boot_id[37];    /* /proc/sys/kernel/random/boot_id */
	int64_t boot_offset; /* real time - boot time, ns; see rs_clock_boot_offset() */
};

#define RS_ENTITY_ID_LEN 22

/* Key of the ids of one boot: made once from host->boot_id. */
struct rs_entity_key {
	uint64_t word[4];
};
void rs_entity_key_init(struct rs_entity_key *key, const char *boot_id);

/* process.entity_id: names a process for good, across pids used again and reboots: a 128-bit hash
 * of boot id, pid and start time in base64url, no NUL. The same in every version of the agent. */
void rs_entity_id(const struct rs_entity_key *key, uint32_t pid, uint64_t start,
		  char buf[static RS_ENTITY_ID_LEN]);

/* --- JSON --- */

struct rs_event_json;

/*
 * A writer of Elastic Common Schema events: what is constant for a kind on this host is prepared
 * here. host is copied. env lists names of environment variables that may be shown
 * (process.env_vars), ended by NULL; borrowed, may be NULL for none. -ENOMEM.
 */
int rs_event_json_new(const struct rs_event_host *host, const char *const *env,
		      struct rs_event_json **ret_json);
void rs_event_json_free(struct rs_event_json **json);

/* The clock was set: later events are written with this offset. */
void rs_event_json_set_boot_offset(struct rs_event_json *json, int64_t boot_offset);

/* Appends one event as one line, newline included: valid UTF-8 and valid JSON whatever the record
 * holds. Allocates only to grow out. 0, or out's error (out is then as long as before). */
int rs_event_json_write(struct rs_event_json *json, const struct rs_event *event,
			struct rs_str *out);

/* --- text --- */

/* Appends what happened in words: "/etc/passwd write create = EACCES". Control bytes are
 * neutralised. 0 or out's error. */
int rs_event_summary(struct rs_str *out, const struct rs_event *event);

/* The table view: time, kind, process, user, container or unit, what happened. Zero-initialise, set the first three;
 * they may be changed between rows. */
struct rs_event_table {
	unsigned width; /* columns of the terminal; 0: lines as long as they get */
	bool color;
	int64_t boot_offset;
	struct rs_clock_text time;
	struct rs_str what; /* scratch */
};

void rs_event_table_done(struct rs_event_table *table);
int rs_event_table_header(struct rs_event_table *table, struct rs_str *out);
int rs_event_table_row(struct rs_event_table *table, const struct rs_event *event,
		       struct rs_str *out);

/* --- documentation --- */

/* Appends the text of docs/events.md, made from the table of kinds and fields. 0, -ENOMEM. */
int rs_event_write_docs(struct rs_str *out);

/*
 * A made-up but plausible record of a kind, for the documentation, tests and benchmarks. Returns
 * its size; buf (8-byte aligned) holds RS_RECORD_MAX bytes.
 */
size_t rs_event_sample(enum rs_kind kind, void *buf);

/* What whoever enriches would set: user, executables, and for some kinds ancestors, a container, a pod. */
void rs_event_sample_origin(struct rs_event *event);
void rs_event_sample_host(struct rs_event_host *ret_host);
