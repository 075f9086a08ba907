/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#ifndef MINE
#define MINE 16
/* C of which only the declarations matter */
typedef unsigned int u32;
struct mine {
	u32 a;
	char b[MINE];
};
static inline int f(int a)
{
	return a + '\0' + 1.5f;
}
#include "parse-mine.h"
#endif
