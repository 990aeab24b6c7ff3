/* session.c: data of a session. */
#include "model/session.h"

const nnrt_data *nnrt_session_prepared(nnrt_session *session, const json_t *declaration,
                                       const char *folder, nnrt_preparation *preparation,
                                       nnrt_error *e)
{
    const nnrt_options *options = &session->options;
    return nnrt_opened_data(session->opened, declaration, folder,
                            options->seed_given ? options->seed : 0, preparation, e);
}

const nnrt_data *nnrt_session_data(nnrt_session *session, const json_t *declaration,
                                   const char *folder, nnrt_error *e)
{
    return nnrt_session_prepared(session, declaration, folder, NULL, e);
}
