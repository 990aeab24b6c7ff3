/* toolchain.c: starts cc and ar, finds the runtime and the static libraries, and puts results in
 * their place. */
#include "driver/toolchain.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef NNC_CC
#define NNC_CC "cc"
#endif
#ifndef NNC_PKGLIBDIR
#define NNC_PKGLIBDIR "/usr/local/lib/nnc"
#endif
#ifdef __clang__
#define OPENMP_LIBRARY "omp"
#else
#define OPENMP_LIBRARY "gomp"
#endif

/* What libnnrt.a itself needs, beyond libm and threads. */
static const char *const libraries[] = { "jansson",     "png16", "jpeg", "z",
#ifdef HAVE_ZSTD
                                         "zstd",
#endif
                                         OPENMP_LIBRARY };

enum { LIBRARIES = sizeof libraries / sizeof *libraries };

extern char **environ;

typedef VEC(const char *) Words;

static void add(Arena *arena, Words *words, const char *word)
{
    vec_push(arena, words, word);
}

/* A tool may come with options of its own: CC="gcc -m64". */
static void add_tool(Arena *arena, Words *words, const char *variable, const char *fallback)
{
    const char *text = getenv(variable);
    if (!text || !text[strspn(text, " \t")])
        text = fallback;
    while (*(text += strspn(text, " \t"))) {
        size_t length = strcspn(text, " \t");
        add(arena, words, arena_strndup(arena, text, length));
        text += length;
    }
}

static bool system_error(Arena *arena, char **error, const char *path)
{
    *error = arena_printf(arena, "%s: %s", path, strerror(errno));
    return false;
}

/* What a command prints, without the newlines at its end. */
static char *read_all(Arena *arena, int from)
{
    char text[4096];
    size_t length = 0;
    ssize_t n;
    while (length < sizeof text && (n = read(from, text + length, sizeof text - length)) > 0)
        length += (size_t)n;
    while (length && text[length - 1] == '\n')
        length--;
    return arena_strndup(arena, text, length);
}

/* 0, or errno. The command reads `in` and writes `out`; both are closed when it is started. */
static int start(char **argv, const char *folder, int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out >= 0 ? out : STDERR_FILENO, STDOUT_FILENO);
    if (folder)
        posix_spawn_file_actions_addchdir_np(&actions, folder);
    int failed = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in);
    if (out >= 0)
        close(out);
    return failed;
}

static bool wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Runs a command to its end, in `folder` if not NULL, with `input` on standard input; what it
 * prints goes to *output if not NULL. */
static bool run(Arena *arena, Words *words, const char *folder, const char *input, char **output,
                char **error)
{
    add(arena, words, NULL);
    char **argv = arena_dup(arena, words->data, words->len * sizeof *words->data);
    int in[2], out[2] = { -1, -1 };
    if (pipe2(in, O_CLOEXEC) != 0)
        return system_error(arena, error, argv[0]);
    if (output && pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return system_error(arena, error, argv[0]);
    }

    pid_t pid;
    int failed = start(argv, folder, in[0], out[1], &pid);
    /* where this fails, the exit status will tell */
    ssize_t unused = !failed && input ? write(in[1], input, strlen(input)) : 0;
    (void)unused;
    close(in[1]);
    if (output) {
        *output = failed ? arena_strndup(arena, "", 0) : read_all(arena, out[0]);
        close(out[0]);
    }

    if (failed) {
        *error = arena_printf(arena, "'%s' cannot be started: %s", argv[0], strerror(failed));
        return false;
    }
    if (wait_for(pid))
        return true;
    *error = arena_printf(arena, "'%s' failed", argv[0]);
    return false;
}

/* The path of lib<name>.a as the C compiler finds it, or NULL. */
static char *static_library(Arena *arena, const char *name)
{
    Words words = { 0 };
    char *path = NULL, *error;
    add_tool(arena, &words, "CC", NNC_CC);
    add(arena, &words, arena_printf(arena, "-print-file-name=lib%s.a", name));
    return run(arena, &words, NULL, NULL, &path, &error) && strchr(path, '/') ? path : NULL;
}

/* Beside nnc in a build tree, in the installation that nnc is in, or where it was configured to be.
 */
static char *find_runtime(Arena *arena, char **error)
{
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0)
        length = 0;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    char *const places[] = {
        arena_printf(arena, "%s/libnnrt.a", self),
        arena_printf(arena, "%s/../lib/nnc/libnnrt.a", self),
        arena_printf(arena, "%s/libnnrt.a", NNC_PKGLIBDIR),
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], R_OK) == 0)
            return realpath(places[i], NULL);
    *error =
        arena_printf(arena, "the runtime libnnrt.a is neither beside nnc nor in %s", NNC_PKGLIBDIR);
    return NULL;
}

bool toolchain_link(Arena *arena, const char *object, const char *program, char **error)
{
    char *runtime = find_runtime(arena, error);
    if (!runtime)
        return false;
    Words words = { 0 };
    add_tool(arena, &words, "CC", NNC_CC);
    add(arena, &words, "-o");
    add(arena, &words, arena_printf(arena, "%s%s", program[0] == '-' ? "./" : "", program));
    add(arena, &words, object);
    add(arena, &words, runtime);
    for (size_t i = 0; i < LIBRARIES; i++) {
        char *path = static_library(arena, libraries[i]);
        add(arena, &words, path ? path : arena_printf(arena, "-l%s", libraries[i]));
    }
#ifdef HAVE_SNAPPY
    add(arena, &words, "-lsnappy"); /* C++: its archive would want libstdc++ on the link line */
#endif
    add(arena, &words, "-lm");
    add(arena, &words, "-lpthread");
    bool ok = run(arena, &words, NULL, NULL, NULL, error);
    free(runtime);
    return ok;
}

bool toolchain_archive(Arena *arena, const char *folder, const char *object, const char *library,
                       char **error)
{
    /* ar's scripts have no quoting: everything gets a plain name in a folder of ours. */
    char *runtime = find_runtime(arena, error);
    if (!runtime)
        return false;
    const char *script = "CREATE made.a\nADDMOD unit.o\nADDLIB runtime.a\n";
    bool ok = symlink(runtime, arena_printf(arena, "%s/runtime.a", folder)) == 0 &&
              rename(object, arena_printf(arena, "%s/unit.o", folder)) == 0;
    free(runtime);
    if (!ok)
        return system_error(arena, error, folder);
    for (size_t i = 0; i < LIBRARIES; i++) {
        char *path = static_library(arena, libraries[i]);
        if (!path || symlink(path, arena_printf(arena, "%s/%s.a", folder, libraries[i])) != 0)
            continue;
        script = arena_printf(arena, "%sADDLIB %s.a\n", script, libraries[i]);
    }
    Words words = { 0 };
    add_tool(arena, &words, "AR", "ar");
    add(arena, &words, "-M");
    if (!run(arena, &words, folder, arena_printf(arena, "%sSAVE\nEND\n", script), NULL, error))
        return false;

    int from = open(arena_printf(arena, "%s/made.a", folder), O_RDONLY | O_CLOEXEC);
    int to = open(library, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    char block[65536];
    ssize_t n = 0;
    ok = from >= 0 && to >= 0;
    while (ok && (n = read(from, block, sizeof block)) > 0)
        ok = write(to, block, (size_t)n) == n;
    ok = ok && n == 0;
    if (!ok)
        system_error(arena, error, library);
    if (from >= 0)
        close(from);
    if (to >= 0 && close(to) != 0 && ok)
        ok = system_error(arena, error, library);
    return ok;
}

char *toolchain_temporary(Arena *arena, char **error)
{
    const char *base = getenv("TMPDIR");
    char *folder = arena_printf(arena, "%s/nnc-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(folder))
        return folder;
    system_error(arena, error, folder);
    return NULL;
}

void toolchain_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(folder);
}

char *toolchain_beside(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash + 1 - path) : 0;
    return arena_printf(arena, "%.*s.%s.%ld.tmp", folder, path, path + folder, (long)getpid());
}

bool toolchain_publish(Arena *arena, const char *beside, const char *path, char **error)
{
    int file = open(beside, O_RDONLY | O_CLOEXEC);
    bool ok = file >= 0 && fsync(file) == 0;
    if (file >= 0)
        close(file);
    if (ok && rename(beside, path) == 0)
        return true;
    system_error(arena, error, path);
    unlink(beside);
    return false;
}
