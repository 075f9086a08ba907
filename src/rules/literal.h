/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What stands on the right. */

#include "rules/lex.h"

/*
 * Fills in what expr's name is compared with, from n literals: expr->op and expr->name are set. -EINVAL
 * with the mark of the literal at fault, -ENOMEM.
 */
int rs_expr_literals(struct rs_lexer *lexer, const struct rs_token *literals, size_t n,
		     struct rs_expr *expr);

/* "5" and "0x10": whether a literal without quotes is a number. */
bool rs_expr_is_number(const struct rs_token *literal);
