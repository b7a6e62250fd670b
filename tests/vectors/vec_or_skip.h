/* For programs that read more than one file: a test whose file is absent is skipped, after vec.h has said so.
 */
#ifndef AK_TESTS_VECTORS_VEC_OR_SKIP_H
#define AK_TESTS_VECTORS_VEC_OR_SKIP_H

#include "vectors/vec.h"

/* Never NULL. The caller gives the document back by json_decref. */
static inline json_t *vec_load_or_skip(const char *name)
{
    json_t *root = vec_load(name);
    if (root == NULL) skip();
    return root;
}

#endif
