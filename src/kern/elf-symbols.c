/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols of a file. A name is looked for in the tables as they are; the list by address is made when it is
 * first needed. */
#include <errno.h>
#include <string.h>

#include "base/hashmap.h"
#include "kern/elf-private.h"

#define SYMBOLS_MAX (16u << 20)
#define NESTED_MAX  16 /* functions that are looked at for one that reaches so far */

/* One symbol table with what belongs to it. */
struct table {
	Elf *elf;
	Elf_Data *data;
	size_t n;
	size_t strings;     /* section of the names */
	Elf_Data *versions; /* .gnu.version; or NULL */
	struct rs_elf *owner;
};

static Elf_Data *section_data(struct rs_elf *elf, uint32_t type)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(elf->elf, scn)))
		if (gelf_getshdr(scn, &header) && header.sh_type == type)
			return elf_getdata(scn, NULL);
	return NULL;
}

static bool open_table(struct rs_elf *elf, uint32_t type, struct table *ret)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(elf->elf, scn))) {
		if (!gelf_getshdr(scn, &header) || header.sh_type != type)
			continue;
		if (header.sh_entsize != sizeof(Elf64_Sym))
			return false;
		*ret = (struct table){ .elf = elf->elf, .strings = header.sh_link, .owner = elf };
		ret->data = elf_getdata(scn, NULL);
		if (!ret->data || !ret->data->d_buf)
			return false;
		ret->n = MIN(ret->data->d_size / sizeof(Elf64_Sym), SYMBOLS_MAX);
		if (type == SHT_DYNSYM)
			ret->versions = section_data(elf, SHT_GNU_versym);
		return true;
	}
	return false;
}

static bool is_function(const GElf_Sym *sym)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	return type == STT_FUNC || type == STT_GNU_IFUNC;
}

/* What has an address of its own. */
static bool read_symbol(const struct table *table, size_t i, GElf_Sym *ret_sym,
			struct rs_elf_symbol *ret)
{
	GElf_Sym sym;
	unsigned type;

	if (!gelf_getsym(table->data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF || !sym.st_value)
		return false;
	type = GELF_ST_TYPE(sym.st_info);
	if (type == STT_SECTION || type == STT_FILE || type == STT_TLS)
		return false;
	ret->name = elf_strptr(table->elf, table->strings, sym.st_name);
	if (!ret->name || !*ret->name)
		return false;
	ret->address = sym.st_value;
	ret->size = sym.st_size;
	ret->function = is_function(&sym);
	*ret_sym = sym;
	return true;
}

/* ---- by name ---- */

#define VERSION_HIDDEN 0x8000

struct search {
	const char *name;
	size_t n;            /* bytes of the name */
	const char *version; /* or NULL */
	bool functions;
	unsigned best; /* how well the symbol found fits */
	struct rs_elf_symbol found;
};

static unsigned version_of(const struct table *table, size_t i)
{
	GElf_Versym version;

	return table->versions && gelf_getversym(table->versions, (int)i, &version) ? version : 0;
}

/* The name of a version that this file defines. */
static const char *version_name(struct rs_elf *elf, unsigned index)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	Elf_Data *data;
	int at = 0;

	while ((scn = elf_nextscn(elf->elf, scn)))
		if (gelf_getshdr(scn, &header) && header.sh_type == SHT_GNU_verdef)
			break;
	data = scn ? elf_getdata(scn, NULL) : NULL;
	for (unsigned i = 0; data && i < 4096; i++) {
		GElf_Verdef def;
		GElf_Verdaux aux;

		if (!gelf_getverdef(data, at, &def))
			return NULL;
		if (def.vd_ndx == index && gelf_getverdaux(data, at + (int)def.vd_aux, &aux))
			return elf_strptr(elf->elf, header.sh_link, aux.vda_name);
		if (!def.vd_next || def.vd_next > (uint32_t)(INT32_MAX - at))
			return NULL;
		at += (int)def.vd_next;
	}
	return NULL;
}

static bool version_fits(const struct search *search, const struct table *table, size_t i)
{
	const char *version;

	if (!search->version)
		return true;
	version = version_name(table->owner, version_of(table, i) & ~VERSION_HIDDEN);
	return version && strcmp(version, search->version) == 0;
}

/* "name", or in .symtab "name@@VERSION" too, as linkers write it. */
static bool name_fits(const struct search *search, const struct table *table, size_t i,
		      const char *name)
{
	if (strncmp(name, search->name, search->n) != 0)
		return false;
	if (name[search->n] == '@') {
		const char *version = name + search->n + strspn(name + search->n, "@");

		return !search->version || strcmp(version, search->version) == 0;
	}
	return !name[search->n] && version_fits(search, table, i);
}

/* Code before data, the default version before others, global before local. */
static unsigned fitness(const struct table *table, size_t i, const GElf_Sym *sym)
{
	return 1 + (is_function(sym) ? 4 : 0) + (version_of(table, i) & VERSION_HIDDEN ? 0 : 2) +
	       (GELF_ST_BIND(sym->st_info) == STB_LOCAL ? 0 : 1);
}

static void search_table(struct rs_elf *elf, uint32_t type, struct search *search)
{
	struct rs_elf_symbol symbol;
	struct table table;
	GElf_Sym sym;

	if (!open_table(elf, type, &table))
		return;
	for (size_t i = 0; i < table.n; i++) {
		unsigned fits;

		if (!read_symbol(&table, i, &sym, &symbol) ||
		    (search->functions && !symbol.function) ||
		    !name_fits(search, &table, i, symbol.name))
			continue;
		fits = fitness(&table, i, &sym);
		if (fits > search->best) {
			search->best = fits;
			search->found = symbol;
		}
	}
}

static bool search_file(struct rs_elf *elf, struct search *search)
{
	search_table(elf, SHT_DYNSYM, search);
	if (!search->best)
		search_table(elf, SHT_SYMTAB, search);
	return search->best;
}

bool rs_elf_find(struct rs_elf *elf, const char *name, bool functions,
		 struct rs_elf_symbol *ret_symbol)
{
	const char *at = *name ? strchr(name + 1, '@') : NULL;
	struct search search = {
		.name = name,
		.n = at ? (size_t)(at - name) : strlen(name),
		.version = at ? at + strspn(at, "@") : NULL,
		.functions = functions,
	};
	struct rs_elf *debug, *mini;

	if (!search_file(elf, &search)) {
		debug = rs_elf_debug(elf);
		mini = debug ? NULL : rs_elf_mini(elf);
		if (!(debug && search_file(debug, &search)) &&
		    !(mini && search_file(mini, &search)))
			return false;
	}
	*ret_symbol = search.found;
	return true;
}

/* ---- by many names ---- */

/* One of the names. */
struct wanted {
	struct search search;
	unsigned pass; /* in which it was found: a table is looked through whole */
};

static void see_symbol(const struct table *table, size_t i, bool functions,
		       struct rs_hashmap *wanted, unsigned pass)
{
	struct rs_elf_symbol symbol;
	struct wanted *one;
	unsigned fits;
	GElf_Sym sym;

	if (!read_symbol(table, i, &sym, &symbol) || (functions && !symbol.function))
		return;
	one = rs_hashmap_find_str(wanted, symbol.name, 1 + strcspn(symbol.name + 1, "@"));
	if (!one || (one->search.best && one->pass != pass))
		return;
	fits = fitness(table, i, &sym);
	if (fits <= one->search.best)
		return;
	one->search.best = fits;
	one->search.found = symbol;
	one->pass = pass;
}

/* Both tables; *pass goes on. */
static void see_file(struct rs_elf *elf, bool functions, struct rs_hashmap *wanted, unsigned *pass)
{
	static const uint32_t types[] = { SHT_DYNSYM, SHT_SYMTAB };
	struct table table;

	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		++*pass;
		if (!open_table(elf, types[t], &table))
			continue;
		for (size_t i = 0; i < table.n; i++)
			see_symbol(&table, i, functions, wanted, *pass);
	}
}

static void see_files(struct rs_elf *elf, bool functions, struct rs_hashmap *wanted)
{
	struct rs_elf *debug = rs_elf_debug(elf), *mini = debug ? NULL : rs_elf_mini(elf);
	unsigned pass = 0;

	see_file(elf, functions, wanted, &pass);
	if (debug)
		see_file(debug, functions, wanted, &pass);
	if (mini)
		see_file(mini, functions, wanted, &pass);
}

static int want_all(const char *const *names, size_t n, struct wanted *all,
		    struct rs_hashmap *wanted)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		if (*names[i] && !strchr(names[i] + 1, '@'))
			r = rs_hashmap_put_str(wanted, names[i], strlen(names[i]), &all[i]);
	return r;
}

int rs_elf_find_all(struct rs_elf *elf, const char *const *names, size_t n, bool functions,
		    struct rs_elf_symbol *ret_symbols)
{
	const struct rs_hashmap_opts opts = { .max = n + 1 };
	_cleanup_(rs_hashmap_free) struct rs_hashmap *wanted = NULL;
	_cleanup_(rs_cleanup_free) struct wanted *all = calloc(n + 1, sizeof(*all));
	int r = all ? rs_hashmap_new_str(&opts, &wanted) : -ENOMEM;

	if (r >= 0)
		r = want_all(names, n, all, wanted);
	if (r < 0)
		return r;
	see_files(elf, functions, wanted);
	for (size_t i = 0; i < n; i++) {
		const struct wanted *one = rs_hashmap_find_str(wanted, names[i], strlen(names[i]));

		ret_symbols[i] = (struct rs_elf_symbol){ .name = NULL };
		if (one && one->search.best)
			ret_symbols[i] = one->search.found;
		else if (!one) /* with a version */
			rs_elf_find(elf, names[i], functions, &ret_symbols[i]);
	}
	return 0;
}

/* ---- by address ---- */

static int add_functions(struct rs_elf *elf, struct rs_elf *from, uint32_t type)
{
	struct rs_elf_symbol symbol;
	struct table table;
	GElf_Sym sym;

	if (!open_table(from, type, &table))
		return 0;
	for (size_t i = 0; i < table.n; i++)
		if (read_symbol(&table, i, &sym, &symbol) && symbol.function &&
		    elf->functions.len < SYMBOLS_MAX && rs_vec_push(&elf->functions, symbol) < 0)
			return -ENOMEM;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct rs_elf_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void drop_doubles(struct rs_elf *elf)
{
	struct rs_elf_symbol *items = elf->functions.items;
	size_t kept = 0;

	for (size_t i = 0; i < elf->functions.len; i++)
		if (!kept || items[kept - 1].address != items[i].address ||
		    strcmp(items[kept - 1].name, items[i].name) != 0)
			items[kept++] = items[i];
	elf->functions.len = kept;
}

static int load_functions(struct rs_elf *elf)
{
	struct rs_elf *other;
	int r;

	if (elf->have_functions)
		return 0;
	r = add_functions(elf, elf, SHT_SYMTAB);
	if (!r && !elf->functions.len && (other = rs_elf_debug(elf)))
		r = add_functions(elf, other, SHT_SYMTAB);
	if (!r && !elf->functions.len && (other = rs_elf_mini(elf)))
		r = add_functions(elf, other, SHT_SYMTAB);
	if (!r)
		r = add_functions(elf, elf, SHT_DYNSYM);
	if (r < 0)
		return r;
	if (elf->functions.len)
		qsort(elf->functions.items, elf->functions.len, sizeof(*elf->functions.items),
		      by_address);
	drop_doubles(elf);
	elf->have_functions = true;
	return 0;
}

int rs_elf_functions(struct rs_elf *elf, int (*fn)(const struct rs_elf_symbol *symbol, void *data),
		     void *data)
{
	int r = load_functions(elf);

	for (size_t i = 0; !r && i < elf->functions.len; i++)
		r = fn(&elf->functions.items[i], data);
	return r;
}

/* The last function not above the address: how many are not. */
static size_t count_below(const struct rs_elf *elf, uint64_t address)
{
	size_t low = 0, high = elf->functions.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (elf->functions.items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of two at one address: the one that says how long it is; without the underscores of inner names. */
static bool is_better(const struct rs_elf_symbol *a, const struct rs_elf_symbol *b)
{
	if (!a->size != !b->size)
		return a->size;
	return strspn(a->name, "_") <= strspn(b->name, "_");
}

bool rs_elf_function_at(struct rs_elf *elf, uint64_t address, struct rs_elf_symbol *ret_symbol)
{
	const struct rs_elf_symbol *f, *found = NULL;
	size_t i;

	if (load_functions(elf) < 0)
		return false;
	i = count_below(elf, address);
	if (!i)
		return false;
	/* Where the nearest ends before the address, it may lie in a longer one. */
	for (f = &elf->functions.items[--i];; f--) {
		bool fits = f->size ? address - f->address < f->size
				    : f->address == elf->functions.items[i].address;

		if (fits && (!found || is_better(f, found)))
			found = f;
		if (f == elf->functions.items || (found && f[-1].address != f->address) ||
		    &elf->functions.items[i] - f >= NESTED_MAX)
			break;
	}
	if (!found)
		return false;
	*ret_symbol = *found;
	return true;
}
