/* SPDX-License-Identifier: Apache-2.0 */
/* All lists: FLAGS() and ENUM() are the includer's. */
#include "syscall/names-file.h"
#include "syscall/names-memory.h"
#include "syscall/names-net.h"
#include "syscall/names-other.h"
#include "syscall/names-process.h"
