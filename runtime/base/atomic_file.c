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

/* Opens what is to be written: the target itself where it is not a regular file, else a new file
 * in its folder that has no name or a temporary one. -1: errno says why. */
static int open_for(nnrt_atomic_file *file, const char *folder, const struct stat *old)
{
    const mode_t mode = 0666;
    if (!*file->path) {
        errno = ENOENT;
        return -1;
    }
    if (old && S_ISDIR(old->st_mode)) {
        errno = EISDIR;
        return -1;
    }
    if (old && !S_ISREG(old->st_mode))
        return open(file->target, O_WRONLY | O_CLOEXEC);
    if (old && access(file->target, W_OK) != 0)
        return -1;

    int fd = open_nameless(folder, mode);
    if (fd >= 0)
        file->temporary = strdup("");
    else
        fd = open_beside(folder, mode, &file->temporary);
    if (fd >= 0 && old)
        (void)!fchmod(fd, old->st_mode & 07777);
    return fd;
}

/* False: errno says why. */
static bool open_stream(nnrt_atomic_file *file, const char *path)
{
    struct stat old;
    bool exists = stat(path, &old) == 0;
    file->path = strdup(path);
    file->target = exists ? realpath(path, NULL) : strdup(path);
    char *folder = file->target ? folder_of(file->target) : NULL;
    int fd = -1;
    if (file->path && folder)
        fd = open_for(file, folder, exists ? &old : NULL);
    bool renamed = !exists || S_ISREG(old.st_mode);
    if (fd >= 0 && (file->temporary || !renamed))
        file->stream = fdopen(fd, "w");

    int why = errno;
    if (fd >= 0 && !file->stream)
        close(fd);
    free(folder);
    errno = why;
    return file->stream != NULL;
}

nnrt_atomic_file *nnrt_atomic_open(const char *path, nnrt_error *e)
{
    nnrt_atomic_file *file = calloc(1, sizeof *file);
    if (file && open_stream(file, path))
        return file;
    int why = errno;
    if (file)
        file_free(file);
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

/* Makes the new name outlast a crash of the machine, where the file system can. */
static void sync_folder(const char *folder)
{
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    fsync(directory);
    close(directory);
}

/* False: errno says why. */
static bool put_in_place(nnrt_atomic_file *file, const char *folder)
{
    /* pipes and some file systems can't sync */
    bool synced = fsync(fileno(file->stream)) == 0 || errno == EINVAL || errno == ENOTSUP;
    if (!synced || !file->temporary)
        return synced;
    if (!*file->temporary && !give_name(file, folder))
        return false;
    if (rename(file->temporary, file->target) != 0)
        return false;
    free(file->temporary);
    file->temporary = NULL;
    sync_folder(folder);
    return true;
}

bool nnrt_atomic_commit(nnrt_atomic_file *file, nnrt_error *e)
{
    bool lost = ferror(file->stream) != 0;
    char *folder = folder_of(file->target);
    errno = 0;
    bool ok = folder && fflush(file->stream) == 0 && !lost && put_in_place(file, folder);
    if (!ok)
        fail_write(file->path, errno ? strerror(errno) : "not all of it could be written", e);
    free(folder);
    file_free(file);
    return ok;
}

void nnrt_atomic_abort(nnrt_atomic_file *file)
{
    if (file)
        file_free(file);
}
