/* Rotation, shared by the call and by the approval of a pairing for an agent that exists. */
#ifndef AK_CORE_ENGINE_ROTATE_H
#define AK_CORE_ENGINE_ROTATE_H

#include "core/engine/internal.h"

/* One PathRotated; `new_device` NULL keeps the device. Makes the reply. */
enum ak_code ak_rotate_path(struct ak_step *step, struct ak_path_state *path, const uint8_t *new_device);

#endif
