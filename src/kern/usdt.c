/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/usdt.h"

#include <elf.h>
#include <string.h>

#include "base/util.h"

#define NOTES_MAX 16384
#define NOTE_TYPE 3

static const char owner[8] = "stapsdt";

/* What the description begins with; three strings follow. All addresses as linked. */
struct description {
	uint64_t location;
	uint64_t base; /* of .stapsdt.base, when it was linked: tells how far prelinking moved us */
	uint64_t semaphore;
};

static const char *take_string(const char **p, const char *end)
{
	const char *text = *p, *nul = memchr(text, '\0', (size_t)(end - text));

	if (!nul)
		return NULL;
	*p = nul + 1;
	return text;
}

/* The semaphore is data that the kernel finds by its place in the file. */
static bool read_note(struct rs_elf *elf, uint64_t base, const char *desc, size_t size,
		      struct rs_usdt *ret)
{
	const char *p = desc + sizeof(struct description), *end = desc + size;
	struct description d;

	if (size < sizeof(d))
		return false;
	memcpy(&d, desc, sizeof(d));
	ret->provider = take_string(&p, end);
	ret->name = ret->provider ? take_string(&p, end) : NULL;
	ret->args = ret->name ? take_string(&p, end) : NULL;
	if (!ret->args || !*ret->provider || !*ret->name)
		return false;
	if (base && d.base) {
		d.location += base - d.base;
		d.semaphore += d.semaphore ? base - d.base : 0;
	}
	ret->semaphore = 0;
	if (d.semaphore && !rs_elf_offset(elf, d.semaphore, &ret->semaphore))
		return false;
	return rs_elf_offset(elf, d.location, &ret->offset);
}

int rs_usdt_each(struct rs_elf *elf, int (*fn)(const struct rs_usdt *usdt, void *data), void *data)
{
	size_t size = 0, ignored;
	uint64_t base = 0;
	const char *notes = rs_elf_section(elf, ".note.stapsdt", &size, NULL);
	size_t at = 0;
	int r = 0;

	if (!rs_elf_section(elf, ".stapsdt.base", &ignored, &base))
		base = 0;
	for (unsigned i = 0; notes && i < NOTES_MAX && !r && at + sizeof(Elf64_Nhdr) <= size; i++) {
		size_t name = at + sizeof(Elf64_Nhdr), desc;
		struct rs_usdt usdt;
		Elf64_Nhdr note;

		memcpy(&note, notes + at, sizeof(note));
		desc = name + (((size_t)note.n_namesz + 3) & ~(size_t)3);
		if (desc > size || note.n_descsz > size - desc)
			break;
		if (note.n_type == NOTE_TYPE && note.n_namesz == sizeof(owner) &&
		    memcmp(notes + name, owner, sizeof(owner)) == 0 &&
		    read_note(elf, base, notes + desc, note.n_descsz, &usdt))
			r = fn(&usdt, data);
		at = desc + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	}
	return r;
}
