/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of metadata: runtimes' files below "root", processes in "proc". */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/test-scratch.h"
#include "enrich/metadata-internal.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

#define TASKS   "root/run/containerd/io.containerd.runtime.v2.task/"
#define STORAGE "root/var/lib/containers/storage/overlay-containers/"

static uint32_t user; /* somebody who is not root, where we can be another */

static _unused_ void make_parents(const char *path)
{
	char parent[512], *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash) {
		*slash = '\0';
		assert_int_equal(rs_fd_mkdir_p(parent, 0755, NULL), 0);
	}
}

static _unused_ void put_n(const char *path, const char *text, size_t n)
{
	int fd;

	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(rs_fd_write_all(fd, text, n), 0);
	close(fd);
}

static _unused_ void put(const char *path, const char *text)
{
	put_n(path, text, strlen(text));
}

static _unused_ void put_users_own(const char *path, const char *text)
{
	put(path, text);
	if (geteuid() == 0)
		assert_int_equal(chown(path, user, user), 0);
}

static _unused_ int enter(void **state)
{
	user = geteuid() ? geteuid() : 1000;
	if (scratch_enter(state) < 0)
		return -1;
	return mkdir("root", 0755) < 0 || mkdir("proc", 0755) < 0 ? -1 : 0;
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, enter, scratch_leave)

static _unused_ int try(const struct rs_metadata_question *question, struct rs_metadata **ret)
{
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_metadata_read("root", "proc", question, ret, &err);

	assert_int_equal(r, err.code);
	assert_int_equal(r == 0, *ret != NULL);
	return r;
}

static _unused_ struct rs_metadata *ask(const char *id, const char *runtime)
{
	struct rs_metadata_question question = { .id = id, .runtime = runtime };
	struct rs_metadata *metadata = NULL;

	assert_int_equal(try(&question, &metadata), 0);
	return metadata;
}

static _unused_ int fails(const char *id)
{
	struct rs_metadata_question question = { .id = id };
	struct rs_metadata *metadata = NULL;

	return try(&question, &metadata);
}

static _unused_ const char *label(const struct rs_metadata *metadata, const char *key)
{
	for (size_t i = 0; i < metadata->container.n_labels; i++)
		if (!strcmp(metadata->container.labels[i].key, key))
			return metadata->container.labels[i].value;
	return NULL;
}

#define assert_text(a, b)                                                                          \
	do {                                                                                       \
		assert_non_null(a);                                                                \
		assert_string_equal((a), (b));                                                     \
	} while (0)

/* As containerd writes it for a container of a pod. */
static _unused_ const char containerd_config[] =
	"{\"ociVersion\":\"1.1.0\",\"root\":{\"path\":\"rootfs\"},\"annotations\":{"
	"\"io.kubernetes.cri.container-name\":\"web\","
	"\"io.kubernetes.cri.container-type\":\"container\","
	"\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.27\","
	"\"io.kubernetes.cri.sandbox-id\":\"" POD "\","
	"\"io.kubernetes.cri.sandbox-name\":\"shop-5d4f\","
	"\"io.kubernetes.cri.sandbox-namespace\":\"store\","
	"\"io.kubernetes.cri.sandbox-uid\":\"8f0c2f5e-0000-4000-8000-0123456789ab\"},"
	"\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":65536,\"size\":1000}],"
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":65537,\"size\":2000}]}}";
