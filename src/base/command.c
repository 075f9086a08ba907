/* SPDX-License-Identifier: Apache-2.0 */
#include "base/command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/account.h"
#include "base/limits.h"
#include "base/vec.h"

#define SHELL_CHARS "|&;<>()$`*?[]\n" /* outside of quotes */
#define SHELL_FIRST "#~!{}%"          /* of a word */
#define BLANKS      " \t"

struct rs_command {
	char *text;
	pid_t pid;
	int pidfd;
	int go;     /* write end: one byte lets the child run */
	int failed; /* read end: errno of a failed exec, or end of file */
	int code;   /* -1 until it has ended */
	bool released;
};

typedef RS_VEC(char *) word_list;

static void words_done(word_list *words)
{
	rs_vec_done(words);
}

/* One character of a word, from its quotes or behind a backslash; what only a shell understands: false. */
static bool take_char(const char **at, char *quote, char **to)
{
	char c = *(*at)++;

	if (c == *quote) {
		*quote = '\0';
		return true;
	}
	if (!*quote && (c == '\'' || c == '"')) {
		*quote = c;
		return true;
	}
	if (c == '\\' && *quote != '\'') {
		c = **at;
		if (!c || c == '\n' || (*quote && !strchr("\"\\", c)))
			return false;
		(*at)++;
	} else if (*quote != '\'' && strchr(*quote ? "$`" : SHELL_CHARS, c)) {
		return false;
	}
	*(*to)++ = c;
	return true;
}

/*
 * The words of a command, with the quotes and backslashes of a shell, written to `to`, which has room for the
 * text and a NUL. The list ends with NULL. 0: it takes a shell to run it.
 */
static int split_words(const char *text, char *to, word_list *words)
{
	const char *at = text;

	while (at += strspn(at, BLANKS), *at) {
		char quote = '\0';

		if (strchr(SHELL_FIRST, *at))
			return 0;
		if (rs_vec_push(words, to) < 0)
			return -ENOMEM;
		while (*at && (quote || !strchr(BLANKS, *at)))
			if (!take_char(&at, &quote, &to))
				return 0;
		if (quote || (words->len == 1 &&
			      memchr(words->items[0], '=', (size_t)(to - words->items[0]))))
			return 0; /* no end, or a variable is set */
		*to++ = '\0';
	}
	if (rs_vec_push(words, (char *)NULL) < 0)
		return -ENOMEM;
	return 1;
}

/* Signals as a program expects them: ours are blocked or ignored by now. */
static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static int become(const struct rs_account *account)
{
	if (setgroups(account->n_groups, account->groups) ||
	    setresgid(account->gid, account->gid, account->gid) ||
	    setresuid(account->uid, account->uid, account->uid))
		return -errno;
	return 0;
}

/* In the child. The parent's end of `go` closed without a byte means: do not run. */
static _noreturn_ void run_child(char *text, char **words, const struct rs_account *account, int go,
				 int failed)
{
	char *shell[] = { (char *)"sh", (char *)"-c", text, NULL };
	char byte;
	int error;

	reset_signals();
	rs_limits_restore_files();
	if (read(go, &byte, 1) != 1)
		_exit(125);
	error = account ? -become(account) : 0;
	if (!error) {
		if (words)
			execvp(words[0], words);
		else
			execv("/bin/sh", shell);
		error = errno;
	}
	if (write(failed, &error, sizeof(error)) < 0)
		_exit(125);
	_exit(error == ENOENT ? 127 : 126);
}

static int fork_child(struct rs_command *command, char **words, const struct rs_account *account,
		      struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int go_read = -1;
	_cleanup_(rs_cleanup_close) int failed_write = -1;
	int go[2], failed[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		return rs_error_set_errno(err, -errno, "starting \"%s\"", command->text);
	go_read = go[0];
	command->go = go[1];
	if (pipe2(failed, O_CLOEXEC) < 0)
		return rs_error_set_errno(err, -errno, "starting \"%s\"", command->text);
	command->failed = failed[0];
	failed_write = failed[1];
	command->pid = fork();
	if (command->pid < 0)
		return rs_error_set_errno(err, -errno, "starting \"%s\"", command->text);
	if (!command->pid) {
		close(command->go);
		run_child(command->text, words, account, go_read, failed_write);
	}
	command->pidfd = (int)syscall(SYS_pidfd_open, command->pid, 0);
	if (command->pidfd < 0)
		return rs_error_set_errno(err, -errno, "following \"%s\"", command->text);
	return 0;
}

int rs_command_start(const char *text, struct rs_command **ret_command, struct rs_error *err)
{
	return rs_command_start_as(text, NULL, ret_command, err);
}

int rs_command_start_as(const char *text, const struct rs_account *account,
			struct rs_command **ret_command, struct rs_error *err)
{
	_cleanup_(rs_command_free) struct rs_command *command = NULL;
	_cleanup_(rs_cleanup_free) char *copy = NULL;
	_cleanup_(words_done) word_list words = { 0 };
	int r;

	command = calloc(1, sizeof(*command));
	if (!command)
		return rs_error_set_errno(err, -ENOMEM, "starting \"%s\"", text);
	command->pidfd = command->go = command->failed = command->code = -1;
	command->text = strdup(text);
	copy = malloc(strlen(text) + 1);
	r = command->text && copy ? split_words(text, copy, &words) : -ENOMEM;
	if (r < 0)
		return rs_error_set_errno(err, r, "starting \"%s\"", text);
	if (r && words.len == 1)
		return rs_error_set(err, -EINVAL, "the command is empty");
	r = fork_child(command, r ? words.items : NULL, account, err);
	if (r < 0)
		return r;
	*ret_command = TAKE_PTR(command);
	return 0;
}

void rs_command_free(struct rs_command **command)
{
	struct rs_command *c = *command;

	if (!c)
		return;
	rs_cleanup_close(&c->go); /* one that was not released ends here */
	if (c->pid > 0 && c->code < 0)
		waitpid(c->pid, NULL, c->released ? WNOHANG : 0);
	rs_cleanup_close(&c->failed);
	rs_cleanup_close(&c->pidfd);
	free(c->text);
	free(c);
	*command = NULL;
}

int rs_command_release(struct rs_command *command, struct rs_error *err)
{
	int error = 0;
	ssize_t n;

	command->released = true;
	if (write(command->go, "", 1) != 1)
		return rs_error_set_errno(err, -errno, "starting \"%s\"", command->text);
	rs_cleanup_close(&command->go);
	do
		n = read(command->failed, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(error))
		return rs_error_set_errno(err, -error, "running \"%s\"", command->text);
	return 0;
}

pid_t rs_command_pid(const struct rs_command *command)
{
	return command->pid;
}

int rs_command_fd(const struct rs_command *command)
{
	return command->pidfd;
}

void rs_command_signal(const struct rs_command *command, int signal)
{
	if (command->code < 0)
		syscall(SYS_pidfd_send_signal, command->pidfd, signal, NULL, 0);
}

int rs_command_code(struct rs_command *command)
{
	int status;

	if (command->code < 0 && waitpid(command->pid, &status, WNOHANG) == command->pid)
		command->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return command->code;
}
