/* atomic_file.c: files that appear whole or not at all.
 *
 * Where the system has it, the file is written without any name (O_TMPFILE), so that even a killed
 * process leaves nothing behind; it gets a name beside its place only to be renamed. */
#include "base/atomic_file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool fail_write(const char *path, const char *why, nnrt_error *e)
{
    return nnrt_fail(e, NNRT_FILES, "write-failed", "%s: can't be written: %s", path, why);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* A name beside the target that nothing has: process and clock tell programs and moments apart, the
 * attempt the rest. */
static char *name_beside(const char *folder, int attempt)
{
    struct timespec now;
    char *name;
    clock_gettime(CLOCK_REALTIME, &now);
    if (asprintf(&name, "%s/.nnc-%ld-%lx%d.tmp", folder, (long)getpid(), (unsigned long)now.tv_nsec,
                 attempt) < 0) {
        return NULL;
    }
    return name;
}

static int open_beside(const char *folder, mode_t mode, char **temporary)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        char *name = name_beside(folder, attempt);
        if (!name)
            return -1;
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0) {
            *temporary = name;
            return fd;
        }
        int why = errno;
        free(name);
        errno = why;
        if (why != EEXIST)
            return -1;
    }
    return -1;
}

static int open_nameless(const char *folder, mode_t mode)
{
#ifdef O_TMPFILE
    if (access("/proc/self/fd", X_OK) == 0)
        return open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
#endif
    (void)folder, (void)mode;
    return -1;
}

static void file_free(nnrt_atomic_file *file)
{
    if (file->stream)
        fclose(file->stream);
    if (file->temporary && *file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->target);
    free(file->path);
    free(file);
}

nnrt_atomic_file *nnrt_atomic_open(const char *path, nnrt_error *e)
{
    nnrt_atomic_file *file = calloc(1, sizeof *file);
    struct stat old;
    bool exists = stat(path, &old) == 0;
    char *folder = NULL;
    int fd = -1;
    if (!file)
        goto failed;
    file->path = strdup(path);
    file->target = exists ? realpath(path, NULL) : strdup(path);
    folder = file->target ? folder_of(file->target) : NULL;
    if (!file->path || !file->target || !folder)
        goto failed;
    if (!*path) {
        errno = ENOENT;
    } else if (exists && S_ISDIR(old.st_mode)) {
        errno = EISDIR;
    } else if (exists && !S_ISREG(old.st_mode)) {
        fd = open(file->target, O_WRONLY | O_CLOEXEC);
    } else if (exists && access(file->target, W_OK) != 0) {
        fd = -1;
    } else {
        mode_t mode = 0666;
        if ((fd = open_nameless(folder, mode)) >= 0)
            file->temporary = strdup("");
        else
            fd = open_beside(folder, mode, &file->temporary);
        if (fd >= 0 && !file->temporary)
            goto failed;
        if (fd >= 0 && exists)
            (void)!fchmod(fd, old.st_mode & 07777);
    }
    if (fd >= 0)
        file->stream = fdopen(fd, "w");
    if (!file->stream)
        goto failed;
    free(folder);
    return file;
failed:;
    int why = errno;
    if (fd >= 0 && !(file && file->stream))
        close(fd);
    if (file)
        file_free(file);
    free(folder);
    fail_write(path, strerror(why), e);
    return NULL;
}

/* Gives a nameless file a name beside its target. */
static bool give_name(nnrt_atomic_file *file, const char *folder)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fileno(file->stream));
    for (int attempt = 0; attempt < 100; attempt++) {
        char *name = name_beside(folder, attempt);
        if (!name)
            return false;
        if (linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
            free(file->temporary);
            file->temporary = name;
            return true;
        }
        int why = errno;
        free(name);
        errno = why;
        if (why != EEXIST)
            return false;
    }
    return false;
}

bool nnrt_atomic_commit(nnrt_atomic_file *file, nnrt_error *e)
{
    bool lost = ferror(file->stream) != 0, done = false;
    char *folder = folder_of(file->target);
    errno = 0;
    if (folder && fflush(file->stream) == 0 && !lost) {
        /* pipes and some file systems can't */
        bool synced = fsync(fileno(file->stream)) == 0 || errno == EINVAL || errno == ENOTSUP;
        if (!file->temporary) {
            done = synced;
        } else if (synced && (*file->temporary || give_name(file, folder)) &&
                   rename(file->temporary, file->target) == 0) {
            free(file->temporary);
            file->temporary = NULL;
            int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (directory >= 0) {
                fsync(directory);
                close(directory);
            }
            done = true;
        }
    }
    if (!done)
        fail_write(file->path, errno ? strerror(errno) : "not all of it could be written", e);
    free(folder);
    file_free(file);
    return done;
}

void nnrt_atomic_abort(nnrt_atomic_file *file)
{
    if (file)
        file_free(file);
}
