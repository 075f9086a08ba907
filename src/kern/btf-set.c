/* SPDX-License-Identifier: Apache-2.0 */

/* The types of the kernel and of its modules, opened one by one as they are needed. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "kern/bpfcall.h"
#include "kern/btf.h"

#define MODULES     "/sys/kernel/btf"
#define MODULES_MAX 4096

struct file {
	char name[64];
	struct rs_btf *btf;    /* owned */
	struct rs_error error; /* why it cannot be had */
	bool tried;
};

struct rs_btf_set {
	char *vmlinux, *modules; /* owned */
	bool listed;
	RS_VEC(struct file) files; /* 0 is vmlinux */
};

int rs_btf_set_new(const char *vmlinux, const char *modules, struct rs_btf_set **ret_set)
{
	_cleanup_(rs_btf_set_free) struct rs_btf_set *set = calloc(1, sizeof(*set));
	struct file kernel = { .name = "vmlinux" };

	if (!set)
		return -ENOMEM;
	set->vmlinux = strdup(vmlinux ? vmlinux : RS_BTF_VMLINUX);
	set->modules = strdup(modules ? modules : MODULES);
	if (!set->vmlinux || !set->modules || rs_vec_push(&set->files, kernel) < 0)
		return -ENOMEM;
	*ret_set = TAKE_PTR(set);
	return 0;
}

void rs_btf_set_free(struct rs_btf_set **set_ptr)
{
	struct rs_btf_set *set = *set_ptr;

	if (!set)
		return;
	*set_ptr = NULL;
	rs_vec_foreach(&set->files, file) rs_btf_close(&file->btf);
	rs_vec_done(&set->files);
	free(set->vmlinux);
	free(set->modules);
	free(set);
}

/* ---- files ---- */

static void list_modules(struct rs_btf_set *set)
{
	const struct dirent *entry;
	DIR *dir;

	if (set->listed)
		return;
	set->listed = true;
	dir = opendir(set->modules);
	if (!dir)
		return;
	while ((entry = readdir(dir)) && set->files.len <= MODULES_MAX) {
		struct file file = { 0 };
		size_t len = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || len >= sizeof(file.name) ||
		    strcmp(entry->d_name, "vmlinux") == 0)
			continue;
		memcpy(file.name, entry->d_name, len);
		if (rs_vec_push(&set->files, file) < 0)
			break;
	}
	closedir(dir);
}

static struct rs_btf *open_file(struct rs_btf_set *set, unsigned number)
{
	struct file *file = &set->files.items[number];
	_cleanup_(rs_cleanup_free) char *path = NULL;
	struct rs_btf *base = NULL;

	if (file->tried)
		return file->btf;
	file->tried = true;
	if (!number) {
		rs_btf_open(set->vmlinux, NULL, &file->btf, &file->error);
		return file->btf;
	}
	base = rs_btf_set_vmlinux(set, &file->error);
	if (!base)
		return NULL;
	if (asprintf(&path, "%s/%s", set->modules, file->name) < 0) {
		path = NULL;
		return NULL;
	}
	rs_btf_open(path, base, &file->btf, &file->error);
	return file->btf;
}

struct rs_btf *rs_btf_set_vmlinux(struct rs_btf_set *set, struct rs_error *err)
{
	struct rs_btf *btf = open_file(set, 0);

	if (!btf && err)
		*err = set->files.items[0].error;
	return btf;
}

unsigned rs_btf_set_count(struct rs_btf_set *set)
{
	list_modules(set);
	return (unsigned)set->files.len;
}

const char *rs_btf_set_name(struct rs_btf_set *set, unsigned number)
{
	return number < set->files.len ? set->files.items[number].name : "";
}

struct rs_btf *rs_btf_set_at(struct rs_btf_set *set, unsigned number)
{
	return number < set->files.len ? open_file(set, number) : NULL;
}

/* ---- by name ---- */

uint32_t rs_btf_set_find(struct rs_btf_set *set, const char *module, const char *name,
			 unsigned kinds, unsigned *ret_number)
{
	/* Modules are not even listed for what the kernel itself has. */
	for (unsigned i = 0; i == 0 || i < rs_btf_set_count(set); i++) {
		struct rs_btf *btf;
		uint32_t id;

		if (*module && strcmp(module, rs_btf_set_name(set, i)) != 0)
			continue;
		btf = rs_btf_set_at(set, i);
		id = btf ? rs_btf_find(btf, name, kinds) : 0;
		if (id) {
			*ret_number = i;
			return id;
		}
	}
	return 0;
}

/* ---- descriptors ---- */

static bool is_named(int fd, const char *wanted)
{
	struct bpf_btf_info info = { 0 };
	char name[64] = "";

	info.name = (uintptr_t)name;
	info.name_len = sizeof(name);
	return rs_bpf_info(fd, &info, sizeof(info)) == 0 && info.kernel_btf &&
	       strcmp(name, wanted) == 0;
}

int rs_btf_set_open_fd(struct rs_btf_set *set, unsigned number, struct rs_error *err)
{
	const char *wanted = rs_btf_set_name(set, number);
	uint32_t id = 0;
	int r;

	while ((r = rs_bpf_next_id(BPF_BTF_GET_NEXT_ID, id, &id)) == 0) {
		_cleanup_(rs_cleanup_close) int fd = rs_bpf_fd_by_id(BPF_BTF_GET_FD_BY_ID, id);

		if (fd >= 0 && is_named(fd, wanted))
			return TAKE_FD(fd);
	}
	return rs_error_set_errno(err, r, "looking for the types of \"%s\"", wanted);
}
