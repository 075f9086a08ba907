/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whom users mean by --pid and --uid: lists of words to numbers. */

#include "base/opt.h"

/* Both: -EINVAL for what the user got wrong, in words that name the option; -ENOMEM. The caller frees the numbers. */

/* Several may stand in one word, apart by spaces. There is room for one more behind them. */
int rs_choice_pids(const struct rs_opt_list *list, uint32_t **ret_pids, size_t *ret_n,
		   struct rs_error *err);

/* Names or numbers, list->len of them; @root: of the passwd file, NULL: "/". -errno also where that cannot be read. */
int rs_choice_uids(const struct rs_opt_list *list, const char *root, uint32_t **ret_uids,
		   struct rs_error *err);
