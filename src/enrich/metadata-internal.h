/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Between the files metadata*.c, their tests and their fuzzer.
 *
 *	metadata.c          the order of the sources, roots other than ours, the answer
 *	metadata-build.c    what is gathered, and annotations
 *	metadata-parse.c    the JSON documents
 *	metadata-file.c     directories and files that are not trusted
 *	metadata-oci.c      containerd, and the bundle of the maker
 *	metadata-docker.c, metadata-storage.c (CRI-O, podman), metadata-state.c (runc, crun, youki)
 *	metadata-users.c    users and their numbers
 *	metadata-room.c     what all of it may take
 */

#include <limits.h>

#include "base/arena.h"
#include "base/json.h"
#include "enrich/metadata.h"

/* --- what is gathered --- */

/* Of everything the first that is found counts: later sources fill the gaps. */
struct rs_metadata_build {
	struct rs_arena arena; /* of the strings */
	struct rs_event_container container;
	struct rs_event_label labels[RS_METADATA_LABELS];
	struct rs_metadata_map uid_map[RS_METADATA_MAPS], gid_map[RS_METADATA_MAPS];
	unsigned n_uid_map, n_gid_map;
	const char *sandbox_id; /* of the pod's container that holds its namespaces */
	const char *rootfs;     /* absolute, or from the bundle */
	const char *bundle;     /* as a document names it */
	const char *source;     /* static */
	uint32_t pid;
};

#define RS_METADATA_BUILD_MAX ((size_t)1 << 20)

void rs_metadata_build_done(struct rs_metadata_build *build);

/* Copies a string where there is none yet: cut at a NUL and at RS_METADATA_VALUE_MAX, not empty. */
void rs_metadata_fill(struct rs_metadata_build *build, const char **field, const char *value);
/* The same for a path, which is of no use when it is cut. */
void rs_metadata_fill_path(struct rs_metadata_build *build, const char **field, const char *path);

enum {
	RS_METADATA_NAMES = 1 << 0,    /* the container itself, and its pod */
	RS_METADATA_KUBE = 1 << 1,     /* the same, but only if they tell of a pod */
	RS_METADATA_LABELLED = 1 << 2, /* labels, the runtimes' own left out */
};

/* Annotations of OCI and labels of docker: what = RS_METADATA_*. */
void rs_metadata_annotations(struct rs_metadata_build *build, const struct rs_event_label *pairs,
			     size_t n, unsigned what);

/* --- documents --- */

enum rs_metadata_shape {
	RS_METADATA_OCI,        /* config.json of a bundle */
	RS_METADATA_OCI_POD,    /* the sandbox's: only what holds for the whole pod */
	RS_METADATA_DOCKER,     /* config.v2.json */
	RS_METADATA_DOCKER_POD, /* the sandbox's */
	RS_METADATA_STORAGE,    /* containers.json of CRI-O and podman: all containers */
	RS_METADATA_STATE,      /* state.json of runc and youki, status of crun */
	RS_METADATA_SHAPES,
};

/* -EBADMSG: not JSON, or not of that shape, or of another container. -ENOENT: a list without @id. */
int rs_metadata_parse(struct rs_metadata_build *build, enum rs_metadata_shape shape, const char *id,
		      const void *text, size_t n, struct rs_error *err);

/* What a runtime was called with: RUNTIME [--root R] ... create|run [--bundle B] ... ID. */
struct rs_metadata_maker {
	const char *bundle, *root; /* in args; NULL: not given */
};
/* False: these arguments make no container of this id. */
bool rs_metadata_maker_parse(const char *args, size_t len, const char *id,
			     struct rs_metadata_maker *ret_maker);

/* --- files --- */

/* Looks at one root directory. */
struct rs_metadata_reader {
	const struct rs_metadata_question *question;
	struct rs_metadata_build *build;
	int proc_fd;
	int root_fd;       /* below which all is looked up */
	uint32_t root_uid; /* to whom it belongs */
	uint32_t own_uid;  /* to whom ours belongs */
	uint32_t owner;    /* whose container it is; 0: root's */
	bool owner_only;   /* it is not root's: nor are the files that are read */
	uint32_t owner_gid;
	char owner_name[64], home[PATH_MAX]; /* the owner's, "" unknown */
	bool found;                          /* a document of this container was read */
	bool rootless;                       /* and it was the owner's */
	uint32_t file_owner;                 /* whose files were read, when any was not root's */
	struct rs_error problem;             /* the first, other than that something is not there */
};

/* A directory, and to whom files below it must belong. */
struct rs_metadata_place {
	int fd;              /* O_PATH */
	char path[PATH_MAX]; /* below the root */
	bool of_root, of_owner;
};
#define RS_METADATA_PLACE_INIT                                                                     \
	{                                                                                          \
		.fd = -1                                                                           \
	}
void rs_metadata_place_close(struct rs_metadata_place *place);

/*
 * @path with "~" in front is the owner's home, "%" his directory in /run/user; others are root's. Links in
 * it are followed, but not out of the root. -ENOENT also for one that is not to be looked at.
 */
int rs_metadata_place_open(struct rs_metadata_reader *reader, const char *path,
			   struct rs_metadata_place *ret_place);
/* A directory that the container's maker names: files there are believed that belong to its owner. */
int rs_metadata_place_open_bundle(struct rs_metadata_reader *reader, const char *path,
				  struct rs_metadata_place *ret_place);

/* Reads and parses one file beneath the place, without following any link. What goes wrong, other than
 * that nothing is there, is noted in the reader. True: it told something. */
bool rs_metadata_load(struct rs_metadata_reader *reader, const struct rs_metadata_place *place,
		      const char *path, enum rs_metadata_shape shape, const char *id);

/* Whether a file system of this type (statfs(2)) is another's to answer for: FUSE, the network. */
bool rs_metadata_is_remote(unsigned long type);
/* -EREMOTE: a user's container is not to be read on such a one. */
int rs_metadata_check_place(const struct rs_metadata_reader *reader, int fd);

/* A directory or a file below another's root, opened as a name only (O_PATH). */
int rs_metadata_open_below(int root_fd, const char *path, uint64_t flags);
/* Up to @max bytes of a regular file that O_PATH names. */
int rs_metadata_read_named(int named_fd, size_t max, struct rs_str *out);

/* Names in the place's directory @path, at most @max of them are told, until @fn returns true. */
void rs_metadata_list(const struct rs_metadata_place *place, const char *path, unsigned max,
		      bool (*fn)(void *data, const char *name), void *data);

/* --- sources: each fills what it finds --- */

void rs_metadata_read_containerd(struct rs_metadata_reader *reader);
void rs_metadata_read_docker(struct rs_metadata_reader *reader);
void rs_metadata_read_storage(struct rs_metadata_reader *reader);
void rs_metadata_read_state(struct rs_metadata_reader *reader);

void rs_metadata_read_maker(struct rs_metadata_reader *reader);

/* The same bundle wherever it is named, and a runtime's own directory (runc --root). */
void rs_metadata_read_bundle(struct rs_metadata_reader *reader, const char *path,
			     const char *source);
void rs_metadata_read_state_below(struct rs_metadata_reader *reader, const char *root,
				  const char *runtime);
/* Makes a rootfs that is told from its bundle absolute. */
void rs_metadata_resolve_rootfs(struct rs_metadata_reader *reader, const char *bundle);
/* For the first source that knows the container. */
void rs_metadata_found(struct rs_metadata_reader *reader, const char *source, const char *runtime);

/* --- processes --- */

/* Root directory of a process, as it sees it, O_PATH; -errno. */
int rs_metadata_process_root(int proc_fd, uint32_t pid);
/* Whether it is in the question's own group, or below it. */
bool rs_metadata_process_in(int proc_fd, uint32_t pid, const struct rs_metadata_question *question);
uint32_t rs_metadata_process_parent(int proc_fd, uint32_t pid); /* 0: not known */

/* --- room --- */

/* False: there is none. */
bool rs_metadata_charge(struct rs_metadata_charge *charge, enum rs_metadata_share share,
			size_t bytes);
void rs_metadata_uncharge(struct rs_metadata_charge *charge, enum rs_metadata_share share);

/* --- users --- */

/* Name, group and home directory of the owner, from <root>/etc/passwd. */
void rs_metadata_read_owner(struct rs_metadata_reader *reader);

/* How users count inside. */
void rs_metadata_read_maps(struct rs_metadata_reader *reader);

/* Their names; NULL where none could be read. @own_root_fd: a process whose root this is, is not there
 * yet. */
struct rs_users *rs_metadata_read_users(struct rs_metadata_reader *reader, int own_root_fd);
