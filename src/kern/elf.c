/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "kern/elf-private.h"

#define SEGMENTS_MAX 1024

void rs_elf_close(struct rs_elf **elf)
{
	struct rs_elf *e = TAKE_PTR(*elf);

	if (!e)
		return;
	rs_elf_close(&e->debug);
	rs_elf_close(&e->mini);
	rs_vec_done(&e->functions);
	rs_vec_done(&e->plt);
	rs_arena_done(&e->plt_names);
	rs_vec_done(&e->segments);
	if (e->elf)
		elf_end(e->elf);
	rs_cleanup_close(&e->fd);
	free(e->image);
	free(e->path);
	free(e->root);
	free(e->host);
	free(e);
}

static bool ident_fits(const unsigned char *ident)
{
	return memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == ELFCLASS64 &&
	       ident[EI_DATA] ==
		       (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB);
}

bool rs_elf_is(const char *path)
{
	_cleanup_(rs_cleanup_close) int fd = open(path,
						  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char ident[EI_NIDENT];
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       pread(fd, ident, sizeof(ident), 0) == sizeof(ident) && ident_fits(ident);
}

static int open_regular(const char *path)
{
	_cleanup_(rs_cleanup_close) int fd = open(path,
						  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -ENOEXEC;
}

static int read_segments(struct rs_elf *e)
{
	size_t n;

	if (elf_getphdrnum(e->elf, &n) < 0)
		return -ENOEXEC;
	for (size_t i = 0; i < n && i < SEGMENTS_MAX; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(e->elf, (int)i, &header))
			return -ENOEXEC;
		if (header.p_type == PT_LOAD && rs_vec_push(&e->segments, header) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int begin(struct rs_elf *e)
{
	const char *ident;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOEXEC;
	e->elf = e->image ? elf_memory(e->image, e->image_size)
			  : elf_begin(e->fd, ELF_C_READ, NULL);
	if (!e->elf || elf_kind(e->elf) != ELF_K_ELF)
		return -ENOEXEC;
	ident = elf_getident(e->elf, NULL);
	if (!ident || !ident_fits((const unsigned char *)ident))
		return -ENOEXEC;
	return read_segments(e);
}

int rs_elf_open(const char *path, const char *root, struct rs_elf **ret_elf, struct rs_error *err)
{
	_cleanup_(rs_elf_close) struct rs_elf *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return rs_error_set(err, -ENOMEM, "out of memory");
	e->fd = -1;
	e->path = strdup(path);
	e->root = strdup(root);
	if (!e->path || !e->root)
		return rs_error_set(err, -ENOMEM, "out of memory");
	r = e->fd = open_regular(path);
	if (r == -ENOEXEC)
		return rs_error_set(err, r, "\"%s\" is no regular file", path);
	if (r < 0)
		return rs_error_set_errno(err, r, "opening \"%s\"", path);
	r = begin(e);
	if (r < 0)
		return rs_error_set(
			err, r, "\"%s\" is no executable or library of this kind of machine", path);
	*ret_elf = TAKE_PTR(e);
	return 0;
}

int rs_elf_set_place(struct rs_elf *elf, const char *path, const char *host)
{
	char *new_path = strdup(path), *new_host = strdup(host);

	if (!new_path || !new_host) {
		free(new_path);
		free(new_host);
		return -ENOMEM;
	}
	free(elf->path);
	free(elf->host);
	elf->path = new_path;
	elf->host = new_host;
	return 0;
}

int rs_elf_open_image(const void *image, size_t size, struct rs_elf **ret_elf)
{
	_cleanup_(rs_elf_close) struct rs_elf *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	if (!size)
		return -ENOEXEC;
	e->fd = -1;
	e->debug_tried = e->mini_tried = true;
	e->path = strdup("");
	e->root = strdup("");
	e->image = malloc(size);
	if (!e->path || !e->root || !e->image)
		return -ENOMEM;
	memcpy(e->image, image, size);
	e->image_size = size;
	r = begin(e);
	if (r < 0)
		return r;
	*ret_elf = TAKE_PTR(e);
	return 0;
}

static bool inside(uint64_t value, uint64_t start, uint64_t size)
{
	return value >= start && value - start < size;
}

bool rs_elf_offset(const struct rs_elf *elf, uint64_t address, uint64_t *ret_offset)
{
	rs_vec_foreach(&elf->segments, s)
	{
		if (!inside(address, s->p_vaddr, s->p_filesz))
			continue;
		*ret_offset = address - s->p_vaddr + s->p_offset;
		return true;
	}
	return false;
}

/* Neighbours in memory may share a page of the file: what is executed comes first. */
static const GElf_Phdr *segment_of_offset(const struct rs_elf *elf, uint64_t offset)
{
	const GElf_Phdr *found = NULL;

	rs_vec_foreach(&elf->segments, s)
	{
		if (!inside(offset, s->p_offset, s->p_filesz))
			continue;
		if (!found || (s->p_flags & PF_X))
			found = s;
	}
	return found;
}

bool rs_elf_address(const struct rs_elf *elf, uint64_t offset, uint64_t *ret_address)
{
	const GElf_Phdr *segment = segment_of_offset(elf, offset);

	if (!segment)
		return false;
	*ret_address = offset - segment->p_offset + segment->p_vaddr;
	return true;
}

bool rs_elf_offset_is_code(const struct rs_elf *elf, uint64_t offset)
{
	const GElf_Phdr *segment = segment_of_offset(elf, offset);

	return segment && (segment->p_flags & PF_X);
}

Elf_Scn *rs_elf_scn(struct rs_elf *elf, const char *name, GElf_Shdr *ret_header)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf->elf, &names) < 0)
		return NULL;
	while ((scn = elf_nextscn(elf->elf, scn))) {
		const char *found;

		if (!gelf_getshdr(scn, ret_header))
			continue;
		found = elf_strptr(elf->elf, names, ret_header->sh_name);
		if (found && strcmp(found, name) == 0)
			return scn;
	}
	return NULL;
}

const void *rs_elf_section(struct rs_elf *elf, const char *name, size_t *ret_size,
			   uint64_t *ret_address)
{
	GElf_Shdr header;
	Elf_Scn *scn = rs_elf_scn(elf, name, &header);
	Elf_Data *data;

	if (!scn || header.sh_type == SHT_NOBITS)
		return NULL;
	data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf || !data->d_size)
		return NULL;
	*ret_size = data->d_size;
	if (ret_address)
		*ret_address = header.sh_addr;
	return data->d_buf;
}

size_t rs_elf_build_id(struct rs_elf *elf, uint8_t ret_id[static RS_ELF_BUILD_ID_MAX])
{
	size_t size, at = 0;
	const uint8_t *bytes = rs_elf_section(elf, ".note.gnu.build-id", &size, NULL);
	Elf64_Nhdr note;

	/* name and description are padded to 4 bytes */
	while (bytes && at + sizeof(note) <= size) {
		size_t name = at + sizeof(note), desc;

		memcpy(&note, bytes + at, sizeof(note));
		desc = name + (((size_t)note.n_namesz + 3) & ~(size_t)3);
		if (desc > size || note.n_descsz > size - desc)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    memcmp(bytes + name, "GNU", sizeof("GNU")) == 0 &&
		    note.n_descsz <= RS_ELF_BUILD_ID_MAX) {
			memcpy(ret_id, bytes + desc, note.n_descsz);
			return note.n_descsz;
		}
		at = desc + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	}
	return 0;
}
