/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/elf-place.h"

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

bool rs_elf_section_address(struct rs_elf *elf, const char *name, uint64_t *ret_address)
{
	GElf_Shdr header;

	if (!rs_elf_scn(elf, name, &header))
		return false;
	*ret_address = header.sh_addr;
	return true;
}
