/* SPDX-License-Identifier: Apache-2.0 */
/* All rows: CALL() and X86() are the includer's. */
#include "syscall/rows-file.h"
#include "syscall/rows-memory.h"
#include "syscall/rows-net.h"
#include "syscall/rows-other.h"
#include "syscall/rows-process.h"
