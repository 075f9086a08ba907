/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lang/source.h"
#include "lang/type.h"

/* What the compiler of this test lays out is given to ours as text. */
#define BOTH(text_name, ...) __VA_ARGS__ static const char text_name[] = #__VA_ARGS__;

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* clang-format off */
BOTH(plain_text,
struct plain {
	char c; short s; int i, *p; char name[5]; long l;
	unsigned char uc; u16 w; _Bool b; void (*call)(int, struct plain *); u8 end;
};
struct holder { u8 before; struct plain inner; struct plain *next; struct plain many[2][3]; };
union either { u8 byte; u64 word; char text[13]; };
struct anonymous {
	int kind;
	union { u64 whole; struct { u16 low; u32 high; }; };
	struct { u8 a, b; } named;
	int (*table[4])(void);
	int (*rows)[4];
};)

BOTH(packed_text,
struct packed { u8 a; u32 b; u64 c; } __attribute__((packed));
struct __attribute__((__packed__)) packed_first { u8 a; struct packed b; u16 c; };
struct aligned { u8 a; u8 b __attribute__((aligned(16))); u8 c; };
struct wide { u8 a; } __attribute__((aligned(32)));
struct member_packed { u8 a; u32 b __attribute__((packed)); u32 c; };
typedef u64 loose __attribute__((aligned(4)));
struct typed { u8 a; loose b; };
struct outer { u8 a; struct wide b; };)

#pragma pack(push, 2)
struct by_pragma { u8 a; u32 b; u64 c; };
#pragma pack(pop)
struct after_pragma { u8 a; u32 b; };
static const char pragma_text[] = "#pragma pack(push, 2)\n"
				  "struct by_pragma { u8 a; u32 b; u64 c; };\n"
				  "#pragma pack(pop)\n"
				  "struct after_pragma { u8 a; u32 b; };\n";

BOTH(bits_text,
struct bits {
	u32 a : 3, b : 7; u32 c : 23; u8 d : 4; u8 e : 5; u64 f : 33; u64 : 0; u16 g : 1;
	int h : 5; u32 : 6; unsigned i : 11; _Bool j : 1; u8 last;
};
struct packed_bits { u8 a : 3; u16 b : 13; u32 c : 17; u64 d : 40; u8 e; } __attribute__((packed));
struct empty_end { u8 a : 1; int : 0; };
union bit_union { u32 a : 5; u8 b : 7; };)

BOTH(enum_text,
enum colour { RED, GREEN = 5, BLUE, DARK = -1 };
enum big { SMALL = 1, LARGE = 0x100000000 };
enum tiny { T1, T2 = 255 } __attribute__((packed));
typedef enum { ON = 1 << 4, OFF = ON | 3, SHIFTED = (OFF + 1) * 2 - 'A' % 10,
	TERNARY = sizeof(u32) > 2 ? 77 : 88, HEX = 0xffull, OCT = 010, NEGATIVE = ~0x0f,
	CAST = (u8)0x1ff, LOGIC = !0 && (3 >= 2) } states;
struct with_enum { u8 a; enum colour c; states s : 12; enum tiny t; u8 rest[BLUE + sizeof(u64)]; };)
/* clang-format on */

struct world {
	struct rs_arena arena;
	struct rs_types *types;
	struct rs_diags diags;
};

static int enter(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	rs_arena_init(&w->arena, 64 << 20);
	w->types = rs_types_new(&w->arena, NULL);
	w->diags.arena = &w->arena;
	*state = w;
	return w->types ? 0 : -1;
}

static int leave(void **state)
{
	struct world *w = *state;

	rs_arena_done(&w->arena);
	free(w);
	return 0;
}

static void declare(struct world *w, const char *text)
{
	rs_types_declare(w->types, text, &w->diags, &(struct rs_span){ .at = 100 });
}

static void declare_well(struct world *w, const char *text)
{
	declare(w, text);
	if (w->diags.n)
		fail_msg("at %u: %s", w->diags.items[0].span.at - 100, w->diags.items[0].text);
}

static struct rs_field field_of(struct world *w, const char *type, const char *name)
{
	const struct rs_type *t = rs_types_find(w->types, type);
	struct rs_field field = { 0 };

	if (!t || !rs_type_field(w->types, t, name, &field))
		fail_msg("%s has no %s", type, name);
	return field;
}

#define CHECK_TYPE(w, c_type)                                                                      \
	do {                                                                                       \
		const struct rs_type *check_ = rs_types_find((w)->types, #c_type);                 \
		assert_non_null(check_);                                                           \
		assert_int_equal(rs_type_sizeof(check_), sizeof(c_type));                          \
		assert_int_equal(check_->align, _Alignof(c_type));                                 \
	} while (0)

#define CHECK_FIELD(w, c_type, member)                                                             \
	do {                                                                                       \
		struct rs_field check_ = field_of((w), #c_type, #member);                          \
		assert_int_equal(check_.offset, offsetof(c_type, member));                         \
		assert_int_equal(rs_type_sizeof(check_.type), sizeof(((c_type *)0)->member));      \
		assert_int_equal(check_.bit_size, 0);                                              \
	} while (0)

/* Which bits the compiler clears with the field, of all that were set. */
static void check_bits(struct world *w, const char *type, const char *name, const uint8_t *bytes,
		       size_t n)
{
	struct rs_field field = field_of(w, type, name);
	uint64_t at = (uint64_t)field.offset * 8 + field.bit_offset;

	assert_true(field.bit_size > 0);
	assert_true(field.bit_offset + field.bit_size <= rs_type_sizeof(field.type) * 8);
	for (size_t i = 0; i < n * 8; i++)
		assert_int_equal(bytes[i / 8] >> i % 8 & 1, i < at || i >= at + field.bit_size);
}

#define CHECK_BITS(w, c_type, member)                                                              \
	do {                                                                                       \
		union {                                                                            \
			c_type whole;                                                              \
			uint8_t bytes[sizeof(c_type)];                                             \
		} check_;                                                                          \
		memset(&check_, 0xff, sizeof(check_));                                             \
		check_.whole.member = 0;                                                           \
		check_bits((w), #c_type, #member, check_.bytes, sizeof(check_.bytes));             \
	} while (0)

static void test_plain(void **state)
{
	struct world *w = *state;

	declare_well(w, plain_text);
	CHECK_TYPE(w, struct plain);
	CHECK_FIELD(w, struct plain, s);
	CHECK_FIELD(w, struct plain, i);
	CHECK_FIELD(w, struct plain, p);
	CHECK_FIELD(w, struct plain, name);
	CHECK_FIELD(w, struct plain, l);
	CHECK_FIELD(w, struct plain, uc);
	CHECK_FIELD(w, struct plain, w);
	CHECK_FIELD(w, struct plain, b);
	CHECK_FIELD(w, struct plain, call);
	CHECK_FIELD(w, struct plain, end);
	CHECK_TYPE(w, struct holder);
	CHECK_FIELD(w, struct holder, inner);
	CHECK_FIELD(w, struct holder, next);
	CHECK_FIELD(w, struct holder, many);
	CHECK_TYPE(w, union either);
	CHECK_FIELD(w, union either, text);
	CHECK_TYPE(w, struct anonymous);
	CHECK_FIELD(w, struct anonymous, whole);
	CHECK_FIELD(w, struct anonymous, high);
	CHECK_FIELD(w, struct anonymous, named);
	CHECK_FIELD(w, struct anonymous, table);
	CHECK_FIELD(w, struct anonymous, rows);
	assert_true(rs_type_is_text(field_of(w, "struct plain", "name").type));
	assert_int_equal(field_of(w, "struct plain", "call").type->element->kind, RS_TYPE_NONE);
	assert_string_equal(rs_type_text(&w->arena, field_of(w, "struct holder", "many").type),
			    "struct plain[2][3]");
	assert_int_equal(field_of(w, "struct anonymous", "rows").type->element->count, 4);
	assert_int_equal(field_of(w, "struct holder", "next").type->element->n_fields, 11);
}

static void test_packed(void **state)
{
	struct world *w = *state;

	declare_well(w, packed_text);
	declare_well(w, pragma_text);
	CHECK_TYPE(w, struct packed);
	CHECK_FIELD(w, struct packed, b);
	CHECK_FIELD(w, struct packed, c);
	CHECK_TYPE(w, struct packed_first);
	CHECK_FIELD(w, struct packed_first, c);
	CHECK_TYPE(w, struct aligned);
	CHECK_FIELD(w, struct aligned, b);
	CHECK_TYPE(w, struct wide);
	CHECK_TYPE(w, struct member_packed);
	CHECK_FIELD(w, struct member_packed, b);
	CHECK_FIELD(w, struct member_packed, c);
	CHECK_TYPE(w, struct typed);
	CHECK_FIELD(w, struct typed, b);
	CHECK_TYPE(w, struct outer);
	CHECK_FIELD(w, struct outer, b);
	CHECK_TYPE(w, struct by_pragma);
	CHECK_FIELD(w, struct by_pragma, b);
	CHECK_FIELD(w, struct by_pragma, c);
	CHECK_TYPE(w, struct after_pragma);
}

static void test_bits(void **state)
{
	struct world *w = *state;

	declare_well(w, bits_text);
	CHECK_TYPE(w, struct bits);
	CHECK_BITS(w, struct bits, a);
	CHECK_BITS(w, struct bits, b);
	CHECK_BITS(w, struct bits, c);
	CHECK_BITS(w, struct bits, d);
	CHECK_BITS(w, struct bits, e);
	CHECK_BITS(w, struct bits, f);
	CHECK_BITS(w, struct bits, g);
	CHECK_BITS(w, struct bits, h);
	CHECK_BITS(w, struct bits, i);
	CHECK_BITS(w, struct bits, j);
	CHECK_FIELD(w, struct bits, last);
	assert_true(field_of(w, "struct bits", "h").type->is_signed);
	CHECK_TYPE(w, struct packed_bits);
	CHECK_BITS(w, struct packed_bits, a);
	CHECK_BITS(w, struct packed_bits, b);
	CHECK_BITS(w, struct packed_bits, c);
	CHECK_BITS(w, struct packed_bits, d);
	CHECK_FIELD(w, struct packed_bits, e);
	CHECK_TYPE(w, struct empty_end);
	CHECK_TYPE(w, union bit_union);
	CHECK_BITS(w, union bit_union, b);
}

#define CHECK_CONSTANT(w, name)                                                                    \
	do {                                                                                       \
		const struct rs_type *type_ = NULL;                                                \
		int64_t value_ = 0;                                                                \
		assert_true(rs_types_find_constant((w)->types, #name, &value_, &type_));           \
		assert_int_equal(value_, (int64_t)(name));                                         \
		assert_int_equal(type_->kind, RS_TYPE_ENUM);                                       \
	} while (0)

static void test_enums(void **state)
{
	struct world *w = *state;
	const struct rs_type *type;
	int64_t value;

	declare_well(w, enum_text);
	CHECK_TYPE(w, enum colour);
	CHECK_TYPE(w, enum big);
	CHECK_TYPE(w, enum tiny);
	CHECK_TYPE(w, states);
	CHECK_CONSTANT(w, RED);
	CHECK_CONSTANT(w, BLUE);
	CHECK_CONSTANT(w, DARK);
	CHECK_CONSTANT(w, LARGE);
	CHECK_CONSTANT(w, OFF);
	CHECK_CONSTANT(w, SHIFTED);
	CHECK_CONSTANT(w, TERNARY);
	CHECK_CONSTANT(w, HEX);
	CHECK_CONSTANT(w, OCT);
	CHECK_CONSTANT(w, NEGATIVE);
	CHECK_CONSTANT(w, CAST);
	CHECK_CONSTANT(w, LOGIC);
	CHECK_TYPE(w, struct with_enum);
	CHECK_FIELD(w, struct with_enum, c);
	CHECK_BITS(w, struct with_enum, s);
	CHECK_FIELD(w, struct with_enum, t);
	CHECK_FIELD(w, struct with_enum, rest);
	assert_false(rs_types_find_constant(w->types, "YELLOW", &value, &type));
	assert_string_equal(rs_types_find(w->types, "enum colour")->fields[1].name, "GREEN");
	assert_string_equal(rs_types_find(w->types, "states")->name, "states");
}

/* What headers hold besides types is no mistake. */
static void test_the_rest_of_headers(void **state)
{
	static const char text[] =
		"# 1 \"/usr/include/x.h\" 1 3\n"
		"#define IGNORED(x) struct { x \\\n  }\n"
		"extern int printf(const char *restrict, ...) __attribute__((format(printf, 1, 2)));\n"
		"static inline int twice(struct late *l) { if (1) { return l->x * 2; } return 0; }\n"
		"static const struct inner { int x; } list[] = { { 1 }, { .x = 2 } }, other;\n"
		"_Static_assert(sizeof(int) == 4, \"an int; with } and {\");\n"
		"__extension__ typedef long long odd_t, *odd_p;\n"
		"asm(\".globl x\");\n"
		"struct late *make(void);\n"
		"extern struct late variable;\n"
		"typedef __builtin_va_list va;\n"
		"typedef float _Float32_alias; typedef long double wide_t;\n"
		"typedef int register_like __attribute__ ((__mode__ (__word__)));\n"
		"typedef int (*compare_fn)(const void *, const void *);\n"
		"typedef void handler(int);\n"
		"typedef _Bool bool;\n"
		"enum { FIRST = SOME_MACRO(0x10), SECOND, THIRD = 3, FOURTH };\n"
		"struct late { odd_t x; odd_p y; compare_fn f; handler *h; wide_t w; };\n"
		"struct flexible { __u32 n; __DECLARE_FLEX_ARRAY(__u16, items); };\n"
		"struct mask { DECLARE_BITMAP(bits, 65); int after; };\n"
		";;} int x = 3, y[] = { 1, 2 };\n"
		"struct last { int done; } /* no end */;";
	struct world *w = *state;
	const struct rs_type *type;
	int64_t value;

	declare_well(w, text);
	assert_int_equal(field_of(w, "struct inner", "x").offset, 0);
	assert_int_equal(field_of(w, "struct late", "f").type->kind, RS_TYPE_POINTER);
	assert_int_equal(field_of(w, "struct late", "h").offset, 24);
	assert_int_equal(field_of(w, "struct late", "w").offset, 32);
	assert_int_equal(rs_type_sizeof(rs_types_find(w->types, "register_like")), 8);
	assert_int_equal(field_of(w, "struct flexible", "items").offset, 4);
	assert_int_equal(field_of(w, "struct flexible", "items").type->count, 0);
	assert_int_equal(field_of(w, "struct mask", "after").offset, 16);
	assert_int_equal(field_of(w, "struct last", "done").offset, 0);
	assert_false(rs_types_find_constant(w->types, "FIRST", &value, &type));
	assert_false(rs_types_find_constant(w->types, "SECOND", &value, &type));
	assert_true(rs_types_find_constant(w->types, "FOURTH", &value, &type));
	assert_int_equal(value, 4);
}

/* One diagnostic, at this text, and what is behind is read. */
static void check_mistake(struct world *w, const char *text, const char *at, const char *words)
{
	_cleanup_(rs_str_done) struct rs_str whole = RS_STR_INIT(0);

	w->diags.n = w->diags.n_errors = 0;
	rs_str_appendf(&whole, "%s\nstruct after { int x; };", text);
	w->types = rs_types_new(&w->arena, NULL);
	declare(w, rs_str_cstr(&whole));
	if (w->diags.n != 1)
		fail_msg("%u mistakes in: %s", w->diags.n, text);
	if (!strstr(w->diags.items[0].text, words))
		fail_msg("\"%s\" for: %s", w->diags.items[0].text, text);
	assert_int_equal(w->diags.items[0].span.at - 100,
			 strstr(rs_str_cstr(&whole), at) - whole.data);
	if (strcmp(words, "is never closed"))
		assert_int_equal(field_of(w, "struct after", "x").offset, 0);
}

static void test_mistakes(void **state)
{
	struct world *w = *state;

	check_mistake(w, "struct a { imt x; int y; };", "imt", "unknown type \"imt\"");
	assert_string_equal(w->diags.items[0].hint, "did you mean \"int\"?");
	assert_null(rs_types_find(w->types, "struct a"));
	check_mistake(w, "struct a { struct b x; };", ";", "\"struct b\" is not defined");
	check_mistake(w, "struct a { struct a x; };", ";", "is not defined");
	check_mistake(w, "struct a { int x;", "{", "is never closed");
	check_mistake(w, "struct a { int x int y; };", "int y", "expected \";\"");
	check_mistake(w, "struct a { int x : 65; };", ": 65", "1 to 64 bits");
	check_mistake(w, "struct a { char x : 9; };", ";", "does not fit");
	check_mistake(w, "struct a { char x[1 / 0]; };", "]", "division by zero");
	check_mistake(w, "struct a { char x[-1]; };", ";", "not possible");
	check_mistake(w, "struct a { char x[1 << 20][1 << 20]; };", ";", "not possible");
	check_mistake(w, "struct a { char x[N]; };", "N]", "\"N\" is no constant");
	check_mistake(w, "struct a { void x; };", ";", "cannot be of this type");
	check_mistake(w, "struct a { int x(void); };", ";", "cannot be of this type");
	check_mistake(w, "struct a { int x; }; struct a { int y, z; };", "a { int y",
		      "already defined");
	check_mistake(w, "struct a { int x; } __attribute__((aligned(3)));", "(3", "power of two");
	check_mistake(w, "typedef nothing_t other_t;", "nothing_t", "unknown type");
	check_mistake(w, "enum a { 3 };", "3", "name of a constant");
	check_mistake(w, "struct { struct { struct { bad x; }; }; } a;", "bad", "unknown type");
}

static void test_several_mistakes_at_once(void **state)
{
	struct world *w = *state;

	declare(w, "struct a { one x; int fine; two y; }; struct b { three z; };");
	assert_int_equal(w->diags.n, 3);
}

/* Neither deep nor endless input harms. */
static void test_hostile(void **state)
{
	static const char *const pieces[] = { "struct {",
					      "int (*",
					      "typedef int (",
					      "enum {A=(",
					      "enum{A=-",
					      "[",
					      "int x[",
					      "*",
					      "/*",
					      "'",
					      "\"\\",
					      "#pragma pack(push",
					      "__attribute__((",
					      "struct a { int x[(((" };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

		for (int n = 0; n < 3000; n++) {
			rs_str_append_cstr(&text, pieces[i]);
			rs_str_append_cstr(&text, i % 2 ? "" : "\n");
		}
		w->diags.n = 0;
		declare(w, rs_str_cstr(&text));
	}
}

/* Every beginning of good text ends without harm. */
static void test_cut_anywhere(void **state)
{
	struct world *w = *state;

	for (size_t n = 0; n < sizeof(enum_text); n++) {
		char *text = strndup(enum_text, n);

		w->diags.n = 0;
		declare(w, text);
		free(text);
	}
}

static void check_parse(struct world *w, const char *text, const char *expected)
{
	const struct rs_type *t = rs_types_parse(w->types, text);

	if (!t && expected)
		fail_msg("not understood: %s", text);
	if (t && !expected)
		fail_msg("understood: %s", text);
	if (expected)
		assert_string_equal(rs_type_text(&w->arena, t), expected);
}

static void test_parse(void **state)
{
	struct world *w = *state;

	declare_well(w,
		     "struct known { int x; struct unknown *y; }; typedef struct known known_t;");
	check_parse(w, "unsigned long *", "uint64 *");
	check_parse(w, "char[16]", "char[16]");
	check_parse(w, "struct known *", "struct known *");
	check_parse(w, "known_t **", "struct known **");
	check_parse(w, "const char __user * const *", "char **");
	check_parse(w, "int (*)(int, char)", "void *");
	check_parse(w, "uint8[sizeof(struct known)]", "uint8[16]");
	check_parse(w, "struct unknown *", NULL);
	check_parse(w, "struct nowhere", NULL);
	check_parse(w, "nowhere_t", NULL);
	check_parse(w, "int x", NULL);
	check_parse(w, "int;", NULL);
	check_parse(w, "", NULL);
	check_parse(w, "*", NULL);
	check_parse(w, "int *)", NULL);
	assert_int_equal(rs_types_parse(w->types, "const char __user * const *")->element->space,
			 RS_SPACE_USER);
	assert_int_equal(rs_types_parse(w->types, "const char __user * const *")->space,
			 RS_SPACE_UNKNOWN);
}

/* A struct that the script only mentions is the source's; one that it defines is its own. */
static const struct rs_type *kernel_type(void *ctx, struct rs_types *types, const char *name)
{
	static const struct rs_field fields[] = { { .name = "kernel", .type = &rs_type_bool } };
	struct rs_type *t = rs_type_copy(types, &rs_type_none);

	(void)ctx;
	if (strcmp(name, "struct sock") != 0)
		return NULL;
	*t = (struct rs_type){ .kind = RS_TYPE_STRUCT,
			       .name = "struct sock",
			       .size = 24,
			       .align = 8,
			       .fields = fields,
			       .n_fields = 1,
			       .btf_id = 3 };
	return t;
}

static void test_script_and_kernel(void **state)
{
	struct rs_lang_source source = { .find_type = kernel_type };
	struct world *w = *state;
	struct rs_field field;

	w->types = rs_types_new(&w->arena, &source);
	declare_well(w, "struct a { struct sock *sk; struct sock whole; struct later *l; };"
			"struct later { int x; };");
	assert_true(rs_type_field(w->types, field_of(w, "struct a", "sk").type->element, "kernel",
				  &field));
	assert_int_equal(rs_type_sizeof(rs_types_find(w->types, "struct a")), 40);
	assert_true(
		rs_type_field(w->types, field_of(w, "struct a", "l").type->element, "x", &field));
	declare_well(w, "struct sock { int script; };");
	assert_int_equal(field_of(w, "struct sock", "script").offset, 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_plain),
		TEST(test_packed),
		TEST(test_bits),
		TEST(test_enums),
		TEST(test_the_rest_of_headers),
		TEST(test_mistakes),
		TEST(test_several_mistakes_at_once),
		TEST(test_hostile),
		TEST(test_cut_anywhere),
		TEST(test_parse),
		TEST(test_script_and_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
