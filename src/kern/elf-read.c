/* SPDX-License-Identifier: Apache-2.0 */
/* Sections that are read whole and unpacked, and what is packed into .gnu_debugdata. */
#include <elf.h>
#include <errno.h>
#include <lzma.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/str.h"
#include "kern/elf-private.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

#define MINI_PACKED_MAX (64u << 20)
#define MINI_MAX        (256u << 20)
#define MINI_MEMORY     (128u << 20) /* for unpacking */
#define MINI_STEP       65536

/* The bytes as they are in the file. */
static int read_raw(struct rs_elf *elf, uint64_t offset, size_t size, uint8_t *ret)
{
	size_t done = 0;

	if (elf->image) {
		if (offset > elf->image_size || size > elf->image_size - offset)
			return -EINVAL;
		memcpy(ret, elf->image + offset, size);
		return 0;
	}
	while (done < size) {
		ssize_t n = pread(elf->fd, ret + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EINVAL;
		done += (size_t)n;
	}
	return 0;
}

static bool unpack(const Elf64_Chdr *header, const uint8_t *packed, size_t size, uint8_t *to)
{
	uLongf length = header->ch_size;

	if (header->ch_type == ELFCOMPRESS_ZLIB)
		return uncompress(to, &length, packed, size) == Z_OK && length == header->ch_size;
	if (header->ch_type == ELFCOMPRESS_ZSTD)
		return ZSTD_decompress(to, header->ch_size, packed, size) == header->ch_size;
	return false;
}

/* Takes the place of the compressed bytes. */
static int replace_unpacked(uint8_t **bytes, size_t *size, size_t max)
{
	_cleanup_(rs_cleanup_free) uint8_t *packed = TAKE_PTR(*bytes);
	_cleanup_(rs_cleanup_free) uint8_t *to = NULL;
	Elf64_Chdr header;

	if (*size < sizeof(header))
		return -EINVAL;
	memcpy(&header, packed, sizeof(header));
	if (header.ch_size > max)
		return -EFBIG;
	to = malloc(MAX(header.ch_size, (size_t)1));
	if (!to)
		return -ENOMEM;
	if (!unpack(&header, packed + sizeof(header), *size - sizeof(header), to))
		return -EINVAL;
	*bytes = TAKE_PTR(to);
	*size = header.ch_size;
	return 0;
}

int rs_elf_read(struct rs_elf *elf, const char *name, size_t max, uint8_t **ret_bytes,
		size_t *ret_size)
{
	_cleanup_(rs_cleanup_free) uint8_t *bytes = NULL;
	GElf_Shdr header;
	size_t size;
	int r;

	if (!rs_elf_scn(elf, name, &header) || header.sh_type == SHT_NOBITS)
		return -ENOENT;
	size = header.sh_size;
	if (size > max)
		return -EFBIG;
	bytes = malloc(MAX(size, (size_t)1));
	if (!bytes)
		return -ENOMEM;
	r = read_raw(elf, header.sh_offset, size, bytes);
	if (!r && (header.sh_flags & SHF_COMPRESSED))
		r = replace_unpacked(&bytes, &size, max);
	if (r < 0)
		return r;
	*ret_bytes = TAKE_PTR(bytes);
	*ret_size = size;
	return 0;
}

/* ---- .gnu_debugdata ---- */

static int unpack_xz(const uint8_t *packed, size_t size, struct rs_str *out)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret state;
	int r = 0;

	if (lzma_stream_decoder(&stream, MINI_MEMORY, 0) != LZMA_OK)
		return -ENOMEM;
	stream.next_in = packed;
	stream.avail_in = size;
	do {
		r = rs_str_reserve(out, MINI_STEP);
		if (r < 0)
			break;
		stream.next_out = (uint8_t *)out->data + out->len;
		stream.avail_out = MINI_STEP;
		state = lzma_code(&stream, LZMA_FINISH);
		out->len += MINI_STEP - stream.avail_out;
	} while (state == LZMA_OK);
	lzma_end(&stream);
	return r < 0 ? r : state == LZMA_STREAM_END ? 0 : -EINVAL;
}

struct rs_elf *rs_elf_mini(struct rs_elf *elf)
{
	_cleanup_(rs_str_done) struct rs_str image = RS_STR_INIT(MINI_MAX);
	_cleanup_(rs_cleanup_free) uint8_t *packed = NULL;
	size_t size;

	if (elf->mini_tried)
		return elf->mini;
	elf->mini_tried = true;
	if (rs_elf_read(elf, ".gnu_debugdata", MINI_PACKED_MAX, &packed, &size) == 0 &&
	    unpack_xz(packed, size, &image) == 0 &&
	    rs_elf_open_image(image.data, image.len, &elf->mini) < 0)
		elf->mini = NULL;
	return elf->mini;
}
