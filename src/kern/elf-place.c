/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/elf-place.h"

#include <sys/stat.h>

#include "kern/elf-private.h"

/* Do the two ranges have a byte in common? */
static bool meet(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

bool rs_elf_mapped_address(const struct rs_elf *elf, uint64_t offset, uint64_t size,
			   uint64_t *ret_address)
{
	const GElf_Phdr *found = NULL;

	rs_vec_foreach(&elf->segments, s)
	{
		if (meet(s->p_offset, s->p_filesz, offset, size) && (!found || (s->p_flags & PF_X)))
			found = s;
	}
	if (!found)
		return false;
	*ret_address = offset - found->p_offset + found->p_vaddr;
	return true;
}

bool rs_elf_code_at(const struct rs_elf *elf, size_t number, struct rs_elf_code *ret_code)
{
	rs_vec_foreach(&elf->segments, s)
	{
		if (!(s->p_flags & PF_X) || number--)
			continue;
		*ret_code = (struct rs_elf_code){ s->p_offset, s->p_filesz, s->p_vaddr };
		return true;
	}
	return false;
}

uint64_t rs_elf_size(const struct rs_elf *elf)
{
	struct stat st;

	return elf->fd >= 0 && fstat(elf->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

bool rs_elf_section_address(struct rs_elf *elf, const char *name, uint64_t *ret_address)
{
	GElf_Shdr header;

	if (!rs_elf_scn(elf, name, &header))
		return false;
	*ret_address = header.sh_addr;
	return true;
}
