/* files.h: the files that a source's argument means: one, or all that a pattern meets. */
#ifndef NNRT_FILES_H
#define NNRT_FILES_H
#include "data/reader.h"

typedef struct nnrt_files {
    size_t count;
    char **path; /* as they can be opened */
    char **name; /* as the script would name them, for messages */
} nnrt_files;

/* `*` in the argument's last part or a folder before stands for any characters: the files are then
 * in bytewise order of their names, hidden ones left out; that none is met is an error. A file of
 * exactly this name comes first of all. False: e is filled; free what was found all the same. */
bool nnrt_files_find(const nnrt_source_request *request, const char *argument, nnrt_files *files,
                     nnrt_error *e);
void nnrt_files_free(nnrt_files *files);
#endif
