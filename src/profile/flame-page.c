/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flame graph as a page: page/page.html with the style, the scripts and the profile put in where @WORDS@ stand. The
 * profile is JSON in which nothing can end the script that it is in.
 */
#include <errno.h>
#include <string.h>

#include "profile/flame-data.h"
#include "profile/forms.h"

#include "rs_flame_page.inc.h"

struct page {
	struct rs_flame *flame;
	const struct rs_profile *profile;
	const struct rs_profile_write *how;
	struct rs_str *out;
};

static void put(const struct page *page, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rs_str_append_cstr(page->out, texts[i]);
}

static void put_title(const struct page *page)
{
	const char *title = rs_flame_title(page->profile);

	rs_flame_append_xml(page->out, title, strlen(title));
}

static void put_style(const struct page *page)
{
	static const char *const texts[] = { rs_text_colors_css, rs_text_page_css };

	put(page, texts, ARRAY_SIZE(texts));
}

static void put_script(const struct page *page)
{
	static const char *const texts[] = { rs_text_model_js, rs_text_control_js,
					     rs_text_page_js };

	put(page, texts, ARRAY_SIZE(texts));
}

static void put_data(const struct page *page)
{
	rs_flame_append_data(page->flame, page->profile, page->how, page->out);
}

static const struct {
	const char *word;
	void (*put)(const struct page *page);
} words[] = {
	{ "@TITLE@", put_title },
	{ "@STYLE@", put_style },
	{ "@SCRIPT@", put_script },
	{ "@DATA@", put_data },
};

static void put_page(const struct page *page)
{
	const char *rest = rs_text_page_html;
	size_t plain;

	while (*(rest += (plain = strcspn(rest, "@")))) {
		bool found = false;

		rs_str_append(page->out, rest - plain, plain);
		for (size_t i = 0; i < ARRAY_SIZE(words) && !found; i++) {
			size_t n = strlen(words[i].word);

			found = !strncmp(rest, words[i].word, n);
			if (found) {
				words[i].put(page);
				rest += n;
			}
		}
		if (!found)
			rs_str_append_char(page->out, *rest++);
	}
	rs_str_append(page->out, rest - plain, plain);
}

int rs_profile_write_html(const struct rs_profile *profile, const struct rs_profile_write *how,
			  struct rs_str *out, struct rs_error *err)
{
	_cleanup_(rs_flame_free) struct rs_flame *flame = NULL;
	int r = rs_flame_new(profile, how->old, &flame, err);

	if (r < 0)
		return r;
	r = rs_flame_sort(flame, how->value);
	if (r < 0)
		return rs_error_set_errno(err, r, "sorting the frames");
	put_page(&(struct page){ flame, profile, how, out });
	return 0;
}
