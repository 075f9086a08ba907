/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/split.h"

#include <errno.h>

enum {
	START,
	KEY_OR_END, /* after { */
	KEY,        /* after a comma between members */
	IN_KEY,
	COLON,
	VALUE,
	AFTER_VALUE,
	ITEM_OR_END, /* after [ */
	ITEM,        /* after a comma between items */
	AFTER_ITEM,
	PIECE,      /* of a member */
	PIECE_ITEM, /* of the array */
	PIECE_DOC,  /* of the stream */
	END,
};

void rs_split_init(struct rs_split *split, enum rs_split_mode mode, size_t max_piece,
		   rs_split_fn fn, void *data)
{
	*split = (struct rs_split){ .mode = mode, .state = START, .fn = fn, .data = data };
	rs_str_init(&split->piece, max_piece);
}

void rs_split_done(struct rs_split *split)
{
	rs_str_done(&split->piece);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int broken(struct rs_error *err)
{
	return rs_error_set(err, -EBADMSG, "the answer is not the JSON that was asked for");
}

/* Where to go on after a piece, by where it was. */
static int after_piece(int state)
{
	if (state == PIECE_DOC)
		return START;
	return state == PIECE_ITEM ? AFTER_ITEM : AFTER_VALUE;
}

/* The first byte of a value. */
static int begin_piece(struct rs_split *split, int state, char c, struct rs_error *err)
{
	if (c == ',' || c == ':' || c == ']' || c == '}' ||
	    (state == PIECE_DOC && c != '{')) /* a scalar would have no end */
		return broken(err);
	rs_str_reset(&split->piece);
	split->state = state;
	split->depth = c == '{' || c == '[';
	split->in_string = c == '"';
	split->scalar = !split->depth && !split->in_string;
	split->escaped = false;
	return rs_str_append_char(&split->piece, c);
}

/* One more byte of a piece. 1: that was its last; 2: it ended before this byte. */
static int scan(struct rs_split *split, char c)
{
	if (split->in_string) {
		if (split->escaped)
			split->escaped = false;
		else if (c == '\\')
			split->escaped = true;
		else if (c == '"')
			split->in_string = false;
		return !split->in_string && !split->depth;
	}
	if (split->scalar)
		return is_space(c) || c == ',' || c == ']' || c == '}' ? 2 : 0;
	if (c == '"')
		split->in_string = true;
	else if (c == '{' || c == '[')
		split->depth++;
	else if (c == '}' || c == ']')
		split->depth--;
	return !split->depth;
}

static int end_piece(struct rs_split *split, struct rs_error *err)
{
	int state = split->state;

	split->state = after_piece(state);
	if (state == PIECE && !strcmp(split->key, "items") && rs_str_equal(&split->piece, "null"))
		split->items = true; /* how Go writes an empty list */
	return split->fn(split->data, state == PIECE_DOC ? "" : split->key, split->piece.data,
			 split->piece.len, err);
}

/* Takes bytes of the piece: *at moves to the first that is none of it. */
static int take_piece(struct rs_split *split, const char **at, const char *end,
		      struct rs_error *err)
{
	const char *p = *at;
	int over = 0, r;

	while (p < end && !over) {
		over = scan(split, *p);
		p += over != 2;
	}
	r = rs_str_append(&split->piece, *at, (size_t)(p - *at));
	*at = p;
	if (r == -ENOBUFS)
		return rs_error_set(err, -EFBIG, "the answer has an item of more than %zu bytes",
				    split->piece.max);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading the answer");
	return over ? end_piece(split, err) : 0;
}

static int take_key(struct rs_split *split, char c)
{
	if (split->escaped) {
		split->escaped = false;
	} else if (c == '\\') {
		split->escaped = true;
	} else if (c == '"') {
		split->state = COLON;
		if (split->key_len >= sizeof(split->key))
			split->key_len = 0;
		split->key[split->key_len] = '\0';
		return 0;
	}
	if (split->key_len < sizeof(split->key))
		split->key[split->key_len++] = c;
	return 0;
}

static int begin_value(struct rs_split *split, char c, struct rs_error *err)
{
	if (c == '[' && !strcmp(split->key, "items")) {
		if (split->items)
			return broken(err); /* twice */
		split->items = true;
		split->state = ITEM_OR_END;
		return 0;
	}
	return begin_piece(split, PIECE, c, err);
}

/* A byte between pieces, no white space. */
static int step(struct rs_split *split, char c, struct rs_error *err)
{
	switch (split->state) {
	case START:
		if (split->mode == RS_SPLIT_STREAM)
			return begin_piece(split, PIECE_DOC, c, err);
		split->state = KEY_OR_END;
		return c == '{' ? 0 : broken(err);
	case KEY_OR_END:
	case KEY:
		if (c == '}' && split->state == KEY_OR_END) {
			split->state = END;
			return 0;
		}
		split->state = IN_KEY;
		split->key_len = 0;
		split->escaped = false;
		return c == '"' ? 0 : broken(err);
	case COLON:
		split->state = VALUE;
		return c == ':' ? 0 : broken(err);
	case VALUE:
		return begin_value(split, c, err);
	case AFTER_VALUE:
		split->state = c == ',' ? KEY : END;
		return c == ',' || c == '}' ? 0 : broken(err);
	case ITEM_OR_END:
		if (c == ']') {
			split->state = AFTER_VALUE;
			return 0;
		}
		_fallthrough_;
	case ITEM:
		return begin_piece(split, PIECE_ITEM, c, err);
	case AFTER_ITEM:
		split->state = c == ',' ? ITEM : AFTER_VALUE;
		return c == ',' || c == ']' ? 0 : broken(err);
	default:
		return broken(err); /* something after the end */
	}
}

int rs_split_feed(struct rs_split *split, const char *text, size_t n, struct rs_error *err)
{
	const char *at = text, *end = text + n;
	int r = 0;

	while (!r && at < end) {
		if (split->state == PIECE || split->state == PIECE_ITEM ||
		    split->state == PIECE_DOC)
			r = take_piece(split, &at, end, err);
		else if (split->state == IN_KEY)
			r = take_key(split, *at++);
		else if (!is_space(*at++))
			r = step(split, at[-1], err);
	}
	return r;
}

int rs_split_end(const struct rs_split *split, struct rs_error *err)
{
	if (split->state != (split->mode == RS_SPLIT_LIST ? END : START))
		return rs_error_set(err, -EBADMSG, "the answer breaks off");
	if (split->mode == RS_SPLIT_LIST && !split->items)
		return rs_error_set(err, -EBADMSG, "the answer is no list of pods");
	return 0;
}
