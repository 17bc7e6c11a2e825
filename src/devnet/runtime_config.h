/* runtime_config.h — the `runtime_config` object of EXPERIMENTAL_protocol_config, per version. */
#ifndef DEVNET_RUNTIME_CONFIG_H
#define DEVNET_RUNTIME_CONFIG_H

#include "base/str.h"

struct str runtime_config_json(unsigned protocol); /* made from the files in config by the build */

#endif
