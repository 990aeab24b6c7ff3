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
static const char *const libraries[] = { "jansson", "png16", "jpeg", "z", OPENMP_LIBRARY };

enum { LIBRARIES = sizeof libraries / sizeof *libraries };

extern char **environ;

typedef VEC(const char *) Words;

static void add(Arena *arena, Words *words, const char *word)
{
    vec_push(arena, words, word);
}

/* A tool may be said with options of its own: CC="gcc -m64". */
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

/* Runs a command to its end, in `folder` if not NULL, with `input` on standard input; what it
 * prints goes to *output if not NULL. */
static bool run(Arena *arena, Words *words, const char *folder, const char *input, char **output,
                char **error)
{
    add(arena, words, NULL);
    char **argv = arena_dup(arena, words->data, words->len * sizeof *words->data);
    int in[2], out[2] = { -1, -1 }, status = 0;
    if (pipe2(in, O_CLOEXEC) != 0)
        return system_error(arena, error, argv[0]);
    if (output && pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]), close(in[1]);
        return system_error(arena, error, argv[0]);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output ? out[1] : STDERR_FILENO, STDOUT_FILENO);
    if (folder)
        posix_spawn_file_actions_addchdir_np(&actions, folder);
    pid_t pid;
    int failed = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    if (output)
        close(out[1]);
    /* its exit status will tell */
    if (!failed && input && write(in[1], input, strlen(input)) < 0)
        failed = 0;
    close(in[1]);
    if (output) {
        char text[4096];
        size_t length = 0;
        ssize_t n;
        while (!failed && length < sizeof text &&
               (n = read(out[0], text + length, sizeof text - length)) > 0) {
            length += (size_t)n;
        }
        close(out[0]);
        while (length && text[length - 1] == '\n')
            length--;
        *output = arena_strndup(arena, text, length);
    }
    if (failed) {
        *error = arena_printf(arena, "'%s' cannot be started: %s", argv[0], strerror(failed));
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
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

/* Beside nnc in a build tree, in the installation that nnc stands in, or where it was configured to
 * be. */
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
    add(arena, &words, "-lm");
    add(arena, &words, "-lpthread");
    bool good = run(arena, &words, NULL, NULL, NULL, error);
    free(runtime);
    return good;
}

bool toolchain_archive(Arena *arena, const char *folder, const char *object, const char *library,
                       char **error)
{
    /* ar's scripts know no quoting: everything gets a plain name in a folder of ours. */
    char *runtime = find_runtime(arena, error);
    if (!runtime)
        return false;
    const char *script = "CREATE made.a\nADDMOD unit.o\nADDLIB runtime.a\n";
    bool good = symlink(runtime, arena_printf(arena, "%s/runtime.a", folder)) == 0 &&
                rename(object, arena_printf(arena, "%s/unit.o", folder)) == 0;
    free(runtime);
    if (!good)
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
    good = from >= 0 && to >= 0;
    while (good && (n = read(from, block, sizeof block)) > 0)
        good = write(to, block, (size_t)n) == n;
    good = good && n == 0;
    if (!good)
        system_error(arena, error, library);
    if (from >= 0)
        close(from);
    if (to >= 0 && close(to) != 0 && good)
        good = system_error(arena, error, library);
    return good;
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
    bool good = file >= 0 && fsync(file) == 0;
    if (file >= 0)
        close(file);
    if (good && rename(beside, path) == 0)
        return true;
    system_error(arena, error, path);
    unlink(beside);
    return false;
}
