/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What several acts need of the system: threads, times, cgroups, namespaces, limits. */

#include <pthread.h>
#include <stdint.h>

#include "tests/kernel/lib/scene.h"

/* Executes path with itself as the only argument in a grandchild, the fact "child". Its status. */
int run_program(struct scene *scene, const char *path);

pthread_t start_thread(struct scene *scene, void *(*run)(void *), void *arg);
void join_thread(struct scene *scene, pthread_t thread);

/* The letter of a thread's state in /proc, 0 where it is gone. */
char task_state(pid_t pid, pid_t tid);

/* Whether the process has left its CPU: that letter changes a moment before. */
bool task_off_cpu(pid_t pid);

/* The first CPU that this process may use. */
unsigned first_cpu(void);

uint64_t cpu_ms(void); /* of this process */
uint64_t boot_ns(void);

struct cost {
	uint64_t cpu_ns; /* user and system */
	uint64_t peak_bytes;
};

/* in_child() that also says what the grandchild cost, as wait4(2) has it. */
int in_child_cost(struct scene *scene, const char *name, scene_act *act, struct cost *ret_cost);

void *must_map(struct scene *scene, size_t bytes);

/* Raises the limit of core files as far as we may. */
void allow_core(void);

/* Makes a cgroup v2 of that name below parent, NULL: the caller's own. False where that cannot be. */
bool cgroup_make(const char *parent, const char *name, char *ret_dir, size_t size);
bool cgroup_move(const char *dir, pid_t pid); /* 0: this process */
void cgroup_remove(const char *dir);          /* waits for what is on its way out of it */

/* A mount namespace of our own, nothing of it propagating; skips the scene where that is refused. */
void private_mounts(struct scene *scene);

/* A network namespace of our own with lo up; skips where that is refused. */
void private_network(struct scene *scene);

/* Identity 65534, without any capability. */
void become_nobody(struct scene *scene);
