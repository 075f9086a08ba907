/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A scene: one thing done in a forked child, with a directory of its own, and the facts about it
 * that an expectation may name: "{dir}/a", "{pid}". The child's facts reach the test through shared
 * memory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SCENE_FACTS 24

struct scene {
	char dir[96]; /* empty, mode 0777; removed afterwards */
	pid_t pid;    /* of the child that acts */
	size_t n_facts;
	struct {
		char name[16];
		char value[5000];
	} facts[SCENE_FACTS];
	char note[512]; /* why it failed or was skipped */
};

typedef void scene_act(struct scene *scene);

/* Allocated once, used for one scene after the other. */
struct scene *scene_new(void);
void scene_free(struct scene **scene);

/*
 * Makes the directory and runs act in a child. Returns a descriptor that gets readable once the
 * child and all that it left behind with open descriptors are gone; scene_end() follows.
 */
int scene_begin(struct scene *scene, scene_act *act);

enum scene_end { SCENE_DONE, SCENE_SKIPPED, SCENE_FAILED };
enum scene_end scene_end(struct scene *scene, int fd);

/* For the acting child. */
void fact(struct scene *scene, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void scene_skip(struct scene *scene, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
void scene_fail(struct scene *scene, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* The call must succeed; the message has the expression and errno. Yields its value. */
#define must(expr)                                                                                 \
	({                                                                                         \
		__typeof__(expr) must_ = (expr);                                                   \
		if (must_ < 0)                                                                     \
			scene_fail(scene, "%s: %m", #expr);                                        \
		must_;                                                                             \
	})

/* The call must fail with that error. */
#define must_not(expr, error)                                                                      \
	do {                                                                                       \
		if ((expr) >= 0)                                                                   \
			scene_fail(scene, "%s succeeded", #expr);                                  \
		if (errno != (error))                                                              \
			scene_fail(scene, "%s: %m", #expr);                                        \
	} while (0)

/* "{name}" replaced by facts; "dir" and "pid" are always there. Static memory, until the next. */
const char *scene_expand(const struct scene *scene, const char *text);

/* A path below the scene's directory; static memory, four at a time. */
const char *in_dir(const struct scene *scene, const char *name);

/* --- everyday acts --- */

void write_file(struct scene *scene, const char *path, const char *text);
void copy_true(struct scene *scene, const char *path); /* the program "true" */
bool copy_program(const char *from, const char *to);   /* mode 0755; errno */

/* Forks and runs act in the grandchild; its wait status. The pid becomes the fact `name`. */
int in_child(struct scene *scene, const char *name, scene_act *act);

/* Waits for one child; its wait status. */
int wait_for(struct scene *scene, pid_t pid);

void remove_tree(const char *path);
