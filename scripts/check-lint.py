#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over src/**/*.c, only over files that changed since they were last clean.

usage: check-lint.py [--brief] BUILD_DIR [FILE...]

--brief leaves out the analyzer's account of how it got there.

BUILD_DIR must have been built: which headers a file includes is asked of ninja. A file is clean
under a key made of the settings, its compile command, its text and the text of every header of
ours that it includes; the keys of clean files are kept in BUILD_DIR/lint-cache/. Test programs
are not linted. Two things that clang-tidy 14 cannot know are told to it: scripts/lint.h is put in
front of every file, and findings of leaks are dropped, because it does not see that an owning
local is freed by its cleanup attribute (the unit tests run under LeakSanitizer). JOBS (default: the
number of processors) says how many run at a time.

Exit codes: 0 clean, 1 findings (printed), 2 cannot run.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys


BATCH = 8  # files that one clang-tidy looks at
FINDING = re.compile(r"^\S+:\d+:\d+: (error|warning): (?P<text>.*)")
LEAK = re.compile(r"Potential (memory )?leak")


def compile_commands(build):
    """Maps each source of ours to (absolute path, object, command)."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    found = {}
    for entry in entries:
        path = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
        if os.path.exists(path):
            found[path] = (entry["output"], entry["command"])
    return found


def dependencies(build):
    """Maps each object to the files it was made of, as ninja recorded them."""
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], check=True,
                          capture_output=True, text=True).stdout
    deps, current = {}, None
    for line in text.splitlines():
        if line.startswith("    ") and current is not None:
            current.append(os.path.realpath(os.path.join(build, line.strip())))
        elif line.endswith("(VALID)"):
            current = deps.setdefault(line.split(":", 1)[0], [])
        else:
            current = None
    return deps


NOTE = re.compile(r"^\S+:\d+:\d+: note: ")


def findings(text, root, brief):
    """The findings in clang-tidy's output, each with its notes, paths from the root."""
    found, wanted = [], False
    for line in text.splitlines():
        match = FINDING.match(line)
        if match:
            wanted = not LEAK.search(match["text"])
        elif brief and NOTE.match(line):
            wanted = False
        if wanted:
            found.append(re.sub(r"^(\.\./|\S*/\.\./|" + re.escape(root) + "/)", "", line))
    return found


def batches(todo, jobs):
    """Cuts the files into batches, each of large and small ones; error.c alone. No more than BATCH, and few enough
    that all jobs have something to do to the end."""
    alone = [job for job in todo if job[0].endswith("/base/error.c")]
    rest = sorted((job for job in todo if job not in alone),
                  key=lambda job: os.path.getsize(job[0]), reverse=True)
    count = max(-(-len(rest) // BATCH), min(len(rest), 4 * jobs))
    return [[job] for job in alone] + [rest[i::count] for i in range(count)]


class Key:
    """The key under which a file was clean, or None when its headers are not known."""

    def __init__(self, root, settings):
        self.root = root + os.sep
        self.settings = settings
        self.digests = {}

    def digest(self, path):
        if path not in self.digests:
            with open(path, "rb") as f:
                self.digests[path] = hashlib.sha256(f.read()).digest()
        return self.digests[path]

    def of(self, path, command, headers):
        if not headers:
            return None
        whole = hashlib.sha256(self.settings + command.encode())
        for file in sorted({path, *headers}):
            if file.startswith(self.root) and os.path.exists(file):
                whole.update(file.encode() + self.digest(file))
        return whole.hexdigest()


def main():
    args = sys.argv[1:]
    brief = args[:1] == ["--brief"]
    if brief:
        args = args[1:]
    if not args or args[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    root = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
    build = os.path.realpath(args[0])
    only = {os.path.realpath(path) for path in args[1:]}
    if not os.path.exists(os.path.join(build, "compile_commands.json")):
        print(f"check-lint: \"{args[0]}\" is no folder of a build", file=sys.stderr)
        return 2
    tidy = shutil.which("clang-tidy-14")
    if not tidy:
        print("check-lint: clang-tidy-14 is missing; scripts/setup check installs it",
              file=sys.stderr)
        return 2

    model = os.path.join(root, "scripts", "lint.h")
    settings = b""
    for name in (os.path.join(root, ".clang-tidy"), model, __file__):
        with open(name, "rb") as f:
            settings += f.read()
    key = Key(root, settings)
    cache = os.path.join(build, "lint-cache")
    os.makedirs(cache, exist_ok=True)
    deps = dependencies(build)
    source_dir = os.path.join(root, "src") + os.sep

    todo, clean = [], set()
    for path, (target, command) in sorted(compile_commands(build).items()):
        name = os.path.basename(path)
        if not path.startswith(source_dir) or name.startswith("test-"):
            continue
        if only and path not in only:
            continue
        mark = key.of(path, command, deps.get(target))
        if mark and os.path.exists(os.path.join(cache, mark)):
            clean.add(mark)
        else:
            todo.append((path, mark))

    def tidy_up(paths):
        extra = ["--extra-arg=-Wno-unknown-warning-option",
                 "--extra-arg=-Wno-unused-command-line-argument"]
        # error.c defines what lint.h makes macros of.
        if not paths[0].endswith("/base/error.c"):
            extra += ["--extra-arg-before=-include", f"--extra-arg-before={model}"]
        result = subprocess.run([tidy, "--quiet", "-p", build, *extra, *paths],
                                capture_output=True, text=True, check=False)
        lines = findings(result.stdout, root, brief)
        if result.returncode not in (0, 1) or (result.returncode and not result.stdout.strip()):
            lines = [result.stderr.rstrip() or f"clang-tidy: exit code {result.returncode}"]
        return lines

    def lint(batch):
        # To start costs as much as to look at a small file: several at once. Whose a finding is, is
        # found out one by one.
        lines = tidy_up([path for path, mark in batch])
        if len(batch) == 1 or not lines:
            return [(path, mark, lines) for path, mark in batch]
        return [(path, mark, tidy_up([path])) for path, mark in batch]

    failures = 0
    jobs = int(os.environ.get("JOBS") or len(os.sched_getaffinity(0)))
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        results = pool.map(lint, batches(todo, jobs))
        for path, mark, lines in (result for batch in results for result in batch):
            if lines:
                failures += 1
                print("\n".join(lines))
            elif mark:
                clean.add(mark)
                with open(os.path.join(cache, mark), "w", encoding="utf-8") as f:
                    f.write(os.path.relpath(path, root) + "\n")
    if not only:
        for stale in set(os.listdir(cache)) - clean:
            os.unlink(os.path.join(cache, stale))
    print(f"{len(todo)} files linted, {len(clean)} clean, {failures} with findings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
