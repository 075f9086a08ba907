/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as C declarations, as the name of a type and as the format file of a tracepoint. Mistakes have a
 * place within the text; types that come out can be shown and measured.
 */

#include <stdlib.h>
#include <string.h>

#include "lang/diag.h"
#include "lang/source.h"
#include "lang/type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void check_type(struct rs_types *types, const struct rs_type *t)
{
	struct rs_arena *arena = rs_types_arena(types);

	t = rs_type_complete_deep(types, t);
	CHECK(rs_type_text(arena, t));
	CHECK(rs_type_slot(t) % 8 == 0);
	CHECK(rs_type_equal(t, t));
	for (uint32_t i = 0; i < t->n_fields; i++) {
		CHECK(t->fields[i].name && t->fields[i].type);
		CHECK(t->kind != RS_TYPE_STRUCT || t->fields[i].offset <= 1u << 30);
		CHECK(rs_type_text(arena, t->fields[i].type));
	}
}

/* What the text declared, as far as its words name it. */
static void ask_for_words(struct rs_types *types, char *text)
{
	static const char *const keywords[] = { "", "struct ", "union ", "enum " };
	char *rest = NULL;
	unsigned n = 0;

	for (char *word = strtok_r(text, " \t\n{}();,*[]", &rest); word && n < 64;
	     word = strtok_r(NULL, " \t\n{}();,*[]", &rest), n++) {
		const struct rs_type *type;
		int64_t value;

		for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
			char name[64];

			snprintf(name, sizeof(name), "%s%s", keywords[i], word);
			type = rs_types_find(types, name);
			if (type)
				check_type(types, type);
		}
		rs_types_find_constant(types, word, &value, &type);
	}
}

static void declare(struct rs_types *types, const char *text, size_t len)
{
	static struct rs_diags diags;
	const struct rs_span span = { .at = 1000 };

	diags = (struct rs_diags){ .arena = rs_types_arena(types) };
	rs_types_declare(types, text, &diags, &span);
	for (unsigned i = 0; i < diags.n; i++) {
		CHECK(diags.items[i].span.at >= 1000);
		CHECK(diags.items[i].span.at + diags.items[i].span.len <= 1000 + len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)256 << 20);
	struct rs_types *types = rs_types_new(&arena, NULL);
	const struct rs_type *type;
	char *text;

	if (size > 1 << 16 || !types)
		return 0;
	text = malloc(size + 1);
	CHECK(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	type = rs_types_from_format(types, "syscalls", "x", text);
	if (type)
		check_type(types, type);
	type = rs_types_parse(types, text);
	if (type)
		check_type(types, type);
	declare(types, text, strlen(text));
	ask_for_words(types, text);
	free(text);
	return 0;
}
